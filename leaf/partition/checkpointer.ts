// Checkpoints SQLite files on a thread of their own, so that the event loop never waits for them.

import type { Worker } from 'node:worker_threads';
import { databaseError } from '#shared/error.ts';
import { startThread } from '#shared/worker/start-thread.ts';

export interface CheckpointRequest {
  readonly id: number;
  readonly path: string;
}

export interface CheckpointReply {
  readonly id: number;
  /** True when all of the WAL is in the file, and that is on disk. */
  readonly whole: boolean;
  /** '' when there was none. */
  readonly error: string;
}

interface Waiting {
  readonly resolve: (whole: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** The thread, started with the first checkpoint. */
export class Checkpointer {
  #worker: Worker | null = null;
  #waiting = new Map<number, Waiting>();
  #counter = 0;

  /** Checkpoints the file at `path`; answers whether all of it could be moved. */
  checkpoint(path: string): Promise<boolean> {
    const worker = (this.#worker ??= this.#start());
    this.#counter += 1;
    const request: CheckpointRequest = { id: this.#counter, path };
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
      if (reply.error === '') waiting?.resolve(reply.whole);
      else waiting?.reject(databaseError('internal', { reason: reply.error }));
    });
    worker.on('error', () => {
      this.#worker = null;
      this.#endWaiting();
    });
    return worker;
  }

  #endWaiting(): void {
    for (const { resolve } of this.#waiting.values()) resolve(false);
    this.#waiting.clear();
  }
}
