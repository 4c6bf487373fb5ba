// A transaction that writes in a worker: the statements that would hold up the event loop.

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { CompiledStatement, WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import type { WorkerFile, WorkerReply } from './worker-message.ts';
import { WorkerLostError, type WorkerProcess } from './worker-process.ts';

/** What it needs of the pool. */
export interface WorkerPlace {
  readonly owner: object;
  readonly worker: WorkerProcess;
  /** Gives the place up: what the worker still does for it is ended. */
  readonly leave: () => void;
}

/** Every method rejects with a DatabaseError; the transaction is gone when its worker is. */
export class WorkerTransaction {
  #place: WorkerPlace;
  #number: number;

  constructor(place: WorkerPlace) {
    this.#place = place;
    this.#number = place.worker.nextNumber();
  }

  get lost(): boolean {
    return this.#place.worker.ended;
  }

  /** Begins in SQLite, and captures from here on. */
  async begin(file: WorkerFile, foreignKeys: boolean): Promise<void> {
    const transaction = this.#number;
    await this.#ask({ kind: 'begin', transaction, file, foreignKeys });
  }

  async write(steps: readonly WriteStep[]): Promise<readonly WriteStepResult[]> {
    const reply = await this.#ask({ kind: 'write', transaction: this.#number, steps });
    return must(reply.kind === 'written' ? reply : null, 'a write answers results').results;
  }

  /** Savepoints: set, released, gone back to. */
  async exec(...statements: string[]): Promise<void> {
    await this.#ask({ kind: 'exec', transaction: this.#number, statements });
  }

  /** The changeset, once; nothing is captured afterwards. */
  async changes(): Promise<Uint8Array> {
    const reply = await this.#ask({ kind: 'changes', transaction: this.#number });
    return must(reply.kind === 'bytes' ? reply : null, 'changes are bytes').bytes;
  }

  /** Runs the statements and commits. */
  async commit(statements: readonly CompiledStatement[]): Promise<void> {
    await this.#ask({ kind: 'commit', transaction: this.#number, statements });
    this.#place.leave();
  }

  /** Undoes everything, and does not wait: a worker at a long statement is ended. */
  rollback(): void {
    const { worker, owner, leave } = this.#place;
    leave();
    if (!worker.isRunning(owner)) void this.#rollBack();
  }

  async #rollBack(): Promise<void> {
    const { worker } = this.#place;
    try {
      await worker.ask({}, { kind: 'rollback', transaction: this.#number });
    } catch {
      // The worker has ended, and its transaction with it.
    }
  }

  async #ask(request: Parameters<WorkerProcess['ask']>[1]): Promise<WorkerReply> {
    try {
      return await this.#place.worker.ask(this.#place.owner, request);
    } catch (error) {
      if (!(error instanceof WorkerLostError)) throw error;
      throw databaseError('workerLost', {}, error);
    }
  }
}
