// The gather workers of an aggregator: started when there is work, at most so many, ended when
// idle. A statement has one to itself, so that its end may be the worker's end.

import { decode } from '#shared/codec.ts';
import type { Clock, Timer } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import { WorkerProcess } from '#shared/worker/worker-process.ts';
import type { GatherData, GatherReply, GatherRequest } from './gather-message.ts';

/** Workers at most: further statements wait for one, in their order. */
const WORKERS_MAX = 8;
/** Idle workers are ended after so long, in milliseconds. */
const IDLE_MS_MAX = 30_000;
/** How long what was given up may still take before its worker is ended, in milliseconds. */
const GRACE_MS = 1000;
/** What the functions of a query may keep in memory besides SQLite, in MiB. */
const HEAP_MIB = 512;

export type GatherWorker = WorkerProcess<GatherRequest, GatherData>;

export class GatherWorkers {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #workers = new Set<GatherWorker>();
  #idle: GatherWorker[] = [];
  /** Those who wait for a worker, the first to come first. */
  readonly #waiting = new Set<() => void>();
  #idleTimer: Timer | null = null;
  #closed = false;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  processIds(): number[] {
    return [...this.#workers].flatMap(({ processId }) => processId ?? []);
  }

  /** A worker for one statement; waits while all are taken. Rejects with queryInterrupted. */
  async acquire(signal: AbortSignal): Promise<GatherWorker> {
    for (;;) {
      if (signal.aborted || this.#closed) throw databaseError('queryInterrupted', {});
      const idle = this.#idle.pop();
      if (idle !== undefined) return idle;
      if (this.#workers.size < WORKERS_MAX) return this.#start();
      await this.#vacancy(signal);
    }
  }

  /** The statement is done with it. What it is still at has a moment to end. */
  async giveBack(worker: GatherWorker): Promise<void> {
    let late = false;
    const timer = this.#clock.after(GRACE_MS, () => {
      late = true;
      void worker.kill();
    });
    try {
      await worker.ask({}, { kind: 'reset' });
    } catch {
      // It has ended, and what was open with it.
      late = true;
    } finally {
      timer.cancel();
    }
    if (late) return;
    this.#idle.push(worker);
    this.#wakeNext();
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#clock.after(IDLE_MS_MAX, () => {
      for (const idle of this.#idle.splice(0)) void idle.kill();
    });
  }

  /** Ends all workers. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#idleTimer?.cancel();
    await Promise.all([...this.#workers].map((worker) => worker.kill()));
    for (const wake of this.#waiting) wake();
  }

  #start(): GatherWorker {
    const worker: GatherWorker = new WorkerProcess({
      main: new URL('./gather-worker-main.ts', import.meta.url),
      flags: [`--max-old-space-size=${HEAP_MIB}`],
      read: (payload) => decode(payload) as GatherReply,
      onExit: (how) => {
        this.#workers.delete(worker);
        this.#idle = this.#idle.filter((other) => other !== worker);
        this.#wakeNext();
        if (!this.#closed) this.#logger.info('A gather worker has ended.', { how });
      },
    });
    this.#workers.add(worker);
    return worker;
  }

  async #vacancy(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', wake);
      this.#waiting.delete(wake);
    }
  }

  #wakeNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }
}
