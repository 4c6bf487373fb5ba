// A place at a worker: for one statement or one transaction, until it is left.

import type { DataReply, LeafWorker } from './leaf-worker.ts';
import type { WorkerRequest } from './worker-message.ts';

export interface WorkerPlace {
  /** Whose requests they are. */
  readonly owner: object;
  readonly worker: LeafWorker;
  /** Rejects as the worker does; with WorkerLostError once the place is left: nobody ends that. */
  readonly ask: (request: WorkerRequest) => Promise<DataReply>;
  /** A worker that is still at work for the place in a moment, if `isWanted` then, is ended. */
  readonly interrupt: (isWanted: () => boolean) => void;
  /** Gives the place up: a worker that is still at work for it is ended. */
  readonly leave: () => void;
}
