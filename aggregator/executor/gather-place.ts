// The gather worker of one statement: all that the statement gathers shares it, so that none of it
// waits for a worker that another part of the same statement has.

import type { GatherWorker, GatherWorkers } from './gather-workers.ts';

/** Taken when something large is gathered, given back when nothing is any more. */
export class GatherPlace {
  readonly #workers: GatherWorkers;
  readonly #signal: AbortSignal;
  #worker: Promise<GatherWorker> | null = null;
  #users = 0;
  readonly #end = (): void => void this.#endWork();

  constructor(workers: GatherWorkers, signal: AbortSignal) {
    this.#workers = workers;
    this.#signal = signal;
  }

  /** The statement's worker, to be left in the end. Rejects with queryInterrupted. */
  async enter(): Promise<GatherWorker> {
    this.#users += 1;
    try {
      this.#worker ??= this.#take();
      return await this.#worker;
    } catch (error) {
      this.#users -= 1;
      if (this.#users === 0) this.#worker = null;
      throw error;
    }
  }

  async leave(): Promise<void> {
    this.#users -= 1;
    const worker = this.#worker;
    if (this.#users > 0 || worker === null) return;
    this.#worker = null;
    this.#signal.removeEventListener('abort', this.#end);
    await this.#workers.giveBack(await worker);
  }

  async #take(): Promise<GatherWorker> {
    const worker = await this.#workers.acquire(this.#signal);
    this.#signal.addEventListener('abort', this.#end, { once: true });
    return worker;
  }

  /** The statement is to stop: nothing but its process's end stops SQLite amid a step. */
  async #endWork(): Promise<void> {
    const worker = await this.#worker;
    if (worker !== null && worker.load > 0) await worker.kill();
  }
}
