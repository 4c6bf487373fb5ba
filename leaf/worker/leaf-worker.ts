// A SQLite worker as the leaf holds it: a worker process, and what is said to it.

import { decode } from '#shared/codec.ts';
import { WorkerProcess } from '#shared/worker/worker-process.ts';
import { readReply, type WorkerReply, type WorkerRequest } from './worker-message.ts';

export type DataReply = Exclude<WorkerReply, { readonly kind: 'failed' }>;

export type LeafWorker = WorkerProcess<WorkerRequest, DataReply>;

/** `onExit` is called once, whatever ended it. */
export function startWorker(onExit: (how: string) => void): LeafWorker {
  const main = new URL('./worker-main.ts', import.meta.url);
  return new WorkerProcess({ main, read: (payload) => readReply(payload, decode), onExit });
}
