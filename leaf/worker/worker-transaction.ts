// A transaction that writes in a worker: the statements that would hold up the event loop.

import { must } from '#shared/assert.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type {
  CompiledStatement,
  RowBatch,
  WriteStep,
  WriteStepResult,
} from '#shared/wire/message.ts';
import type { LogPlace } from '#leaf/log/long-place.ts';
import type { LoggedChanges } from '#leaf/partition/apply-from.ts';
import { WorkerLostError } from '#shared/worker/worker-process.ts';
import type { WorkerFile, WorkerReply, WorkerRequest } from './worker-message.ts';
import { batches, type ScanTask } from './worker-scan.ts';
import type { WorkerPlace } from './worker-place.ts';

/** Every method rejects with a DatabaseError; the transaction is gone when its worker is. */
export class WorkerTransaction {
  #place: WorkerPlace;
  #number: number;

  constructor(place: WorkerPlace) {
    this.#place = place;
    this.#number = place.worker.nextNumber();
  }

  /** True when its worker has ended, and all that it has changed is undone. */
  get lost(): boolean {
    return this.#place.worker.ended;
  }

  /** Begins in SQLite. */
  async begin(
    file: WorkerFile,
    how: { readonly foreignKeys: boolean; readonly captures: boolean },
  ): Promise<void> {
    await this.#ask({ kind: 'begin', transaction: this.#number, file, ...how });
  }

  async write(steps: readonly WriteStep[]): Promise<WriteStepResult[]> {
    const reply = await this.#ask({ kind: 'write', transaction: this.#number, steps });
    return [...must(reply.kind === 'written' ? reply : null, 'a write answers results').results];
  }

  /** Carries out what has succeeded elsewhere. Rejects with deadlock where it fails. */
  async writeAgain(steps: readonly WriteStep[]): Promise<void> {
    try {
      await this.write(steps);
    } catch (error) {
      // The client has its answers already, which do not hold any more.
      throw error instanceof DatabaseError ? databaseError('deadlock', {}, error) : error;
    }
  }

  /** Rejects with deadlock unless all that it has changed is what `changeset` says. */
  async mustHaveChanged(changeset: Uint8Array): Promise<void> {
    await this.#ask({ kind: 'compare', transaction: this.#number, changeset });
  }

  /** Carries out a step of the schema. */
  async define(change: DefinitionChange): Promise<void> {
    await this.#ask({ kind: 'define', transaction: this.#number, change });
  }

  /** Takes in what the transaction has changed before it came here. */
  async apply(changeset: Uint8Array): Promise<void> {
    await this.#ask({ kind: 'apply', transaction: this.#number, changeset });
  }

  /**
   * A statement among the transaction's own writes. Ends early, without an error, when the signal
   * fires: amid a long step the worker ends, and the transaction with it.
   */
  async *read(
    task: Omit<ScanTask, 'onRan'>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<RowBatch, void, undefined> {
    const { worker, owner, ask, interrupt } = this.#place;
    const isAborted = (): boolean => signal?.aborted === true;
    if (isAborted()) return;
    let isAsked = false;
    const place = {
      ...this.#place,
      ask: async (request: WorkerRequest) => {
        if (isAborted()) throw new WorkerLostError(false);
        isAsked = true;
        try {
          return await ask(request);
        } finally {
          isAsked = false;
        }
      },
    };
    const giveUp = (): void => {
      // What waits behind others' statements never begins; what has begun is ended, also where it
      // was asked ahead for a consumer that has gone.
      worker.takeBack(owner);
      interrupt(() => isAsked);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      for await (const { bytes } of batches(place, task, this.#number)) {
        if (isAborted()) return;
        yield { encoded: bytes };
      }
    } catch (error) {
      if (!isAborted()) throw toClient(error);
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Savepoints: set, released, gone back to. */
  async exec(...statements: string[]): Promise<void> {
    await this.#ask({ kind: 'exec', transaction: this.#number, statements });
  }

  /** Applies the changes of a long record, which have been checked where they were made. */
  async applyFrom(place: LogPlace): Promise<void> {
    await this.#ask({ kind: 'apply from', transaction: this.#number, place });
  }

  /** Takes back what records of the log say, one after another. */
  async undo(changes: readonly LoggedChanges[]): Promise<void> {
    await this.#ask({ kind: 'undo', transaction: this.#number, changes });
  }

  /** The bytes of its changeset; nothing is captured afterwards. */
  async countChanges(): Promise<number> {
    const reply = await this.#ask({ kind: 'changes', transaction: this.#number });
    return must(reply.kind === 'counted' ? reply : null, 'changes are counted').bytes;
  }

  /** Those bytes of the changeset. */
  async changes(from: number, to: number): Promise<Uint8Array> {
    const reply = await this.#ask({ kind: 'piece', transaction: this.#number, from, to });
    return must(reply.kind === 'bytes' ? reply : null, 'changes are bytes').bytes;
  }

  /** Runs the statements and commits. */
  async commit(statements: readonly CompiledStatement[]): Promise<void> {
    await this.#ask({ kind: 'commit', transaction: this.#number, statements });
    this.#place.leave();
  }

  /** Undoes everything: a worker that is at a statement of it is ended. Never rejects. */
  async rollback(): Promise<void> {
    const { worker, owner, leave } = this.#place;
    try {
      worker.takeBack(owner);
      if (worker.isRunning(owner)) await worker.kill();
      else await worker.ask(owner, { kind: 'rollback', transaction: this.#number });
    } catch {
      // The worker has ended, and its transaction with it.
    }
    leave();
  }

  /** Answers what `work` does with it; where that throws, everything is undone. */
  async orRollback<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  async #ask(request: WorkerRequest): Promise<WorkerReply> {
    try {
      return await this.#place.ask(request);
    } catch (error) {
      throw toClient(error);
    }
  }
}

function toClient(error: unknown): unknown {
  return error instanceof WorkerLostError ? databaseError('workerLost', {}, error) : error;
}
