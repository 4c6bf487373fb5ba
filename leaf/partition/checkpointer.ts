// Moves WALs into their files on a thread of its own, so that the event loop never waits for it.

import type { Worker } from 'node:worker_threads';
import { databaseError } from '#shared/error.ts';
import { startThread } from '#shared/worker/start-thread.ts';

export interface CheckpointRequest {
  readonly id: number;
  readonly path: string;
  /** True: the WAL is begun anew then. */
  readonly starts: boolean;
}

export interface CheckpointReply {
  readonly id: number;
  /** Of the WAL, in pages: how many are in the file, and on disk. */
  readonly moved: number;
  /** '' when there was none. */
  readonly error: string;
}

interface Waiting {
  readonly resolve: (moved: number) => void;
  readonly reject: (error: unknown) => void;
}

/** The thread, started with the first checkpoint. One thing at a time. */
export class Checkpointer {
  #worker: Worker | null = null;
  #waiting = new Map<number, Waiting>();
  #counter = 0;

  /** Checkpoints the file at `path`; answers how many pages of the WAL are in the file now. */
  checkpoint(path: string): Promise<number> {
    return this.#ask(path, false);
  }

  /** Begins the WAL of the file at `path` anew: see `startWal`. */
  async startWal(path: string): Promise<void> {
    await this.#ask(path, true);
  }

  #ask(path: string, starts: boolean): Promise<number> {
    const worker = (this.#worker ??= this.#start());
    this.#counter += 1;
    const request: CheckpointRequest = { id: this.#counter, path, starts };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      worker.postMessage(request);
    });
  }

  /** Ends the thread; checkpoints under way count as not done. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    this.#endWaiting();
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = startThread(new URL('./checkpoint-worker.ts', import.meta.url));
    worker.on('message', (reply: CheckpointReply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.error === '') waiting?.resolve(reply.moved);
      else waiting?.reject(databaseError('internal', { reason: reply.error }));
    });
    worker.on('error', () => {
      this.#worker = null;
      this.#endWaiting();
    });
    return worker;
  }

  #endWaiting(): void {
    for (const { resolve } of this.#waiting.values()) resolve(0);
    this.#waiting.clear();
  }
}
