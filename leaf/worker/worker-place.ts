// A place at a worker: for one statement or one transaction, until it is left.

import type { LeafWorker } from './leaf-worker.ts';

export interface WorkerPlace {
  /** Whose requests they are. */
  readonly owner: object;
  readonly worker: LeafWorker;
  /** A worker that is still at work for the place in a moment, while `isOpen`, is ended. */
  readonly interrupt: (isOpen: () => boolean) => void;
  /** Gives the place up: a worker that is still at work for it is ended. */
  readonly leave: () => void;
}
