// A place at a worker: for one statement or one transaction, until it is left.

import type { LeafWorker } from './leaf-worker.ts';

export interface WorkerPlace {
  /** Whose requests they are. */
  readonly owner: object;
  readonly worker: LeafWorker;
  /** Gives the place up: a worker that is still at work for it is ended. */
  readonly leave: () => void;
}
