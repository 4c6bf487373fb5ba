// One transaction that has written on this partition: its lock, its savepoints, its last write.
//
//     waiting ──lock──▶ active ──▶ committing ──▶ ended
//                        │  └────▶ preparing ──▶ prepared ──verdict──▶ ended
//                        └─ rollback, wound, idle ──▶ ended
//
// SQLite's savepoints nest like this, the undo savepoint always innermost:
//     BEGIN · s1 · s2 · … · undo

import { databaseError } from '#shared/error.ts';
import type { TransactionTag, Verdict, WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import type { PartitionCore } from './partition-core.ts';
import { TransactionReads } from './transaction-reads.ts';
import type { LockClaim } from './write-lock.ts';
import { runSteps } from './write-steps.ts';
import { WriteTransaction } from './write-transaction.ts';

export type TransactionState =
  'waiting' | 'active' | 'committing' | 'preparing' | 'prepared' | 'ended';

/** A savepoint: the client's name, and the one of ours that SQLite knows. */
interface Savepoint {
  readonly name: string;
  readonly sqliteName: string;
}

export class OpenTransaction {
  readonly id: string;
  readonly claim: LockClaim;
  readonly reads = new TransactionReads();
  state: TransactionState = 'waiting';
  /** True once a task of it has succeeded here: the aggregator will end it. */
  joined = false;
  /** Milliseconds, monotonic. */
  lastUsedMs = 0;
  /** The commit, preparation or decision under way. */
  preparing: Promise<unknown> | null = null;
  deciding: { readonly verdict: Verdict; readonly done: Promise<void> } | null = null;
  participants: readonly number[] = [];
  /** Resolves when this partition knows no more of it. */
  readonly gone = Promise.withResolvers<void>();
  /** Prepared before a restart: the changes, which no SQLite transaction holds. */
  changeset: Uint8Array | null = null;
  #core: PartitionCore;
  #write: WriteTransaction | null = null;
  #foreignKeys = true;
  #savepoints: Savepoint[] = [];
  #savepointCounter = 0;
  #undoable = false;

  constructor(
    core: PartitionCore,
    tag: Pick<TransactionTag, 'id' | 'startedAt'>,
    wound: () => void,
  ) {
    this.#core = core;
    this.id = tag.id;
    this.claim = { startedAt: tag.startedAt, wounds: true, wound };
  }

  /** The lock is there: begins in SQLite. */
  begin(foreignKeys: boolean): void {
    this.#write = new WriteTransaction(this.#core, foreignKeys);
    this.#foreignKeys = foreignKeys;
    this.state = 'active';
  }

  /** Runs one write task, of which either all is done or nothing. */
  write(steps: readonly WriteStep[], foreignKeys: boolean): WriteStepResult[] {
    const { file } = this.#core;
    if (foreignKeys !== this.#foreignKeys && file.hasForeignKeys) {
      const what = 'SET foreign_key_checks between two writes of one transaction';
      throw databaseError('unsupported', { what });
    }
    this.#settleLast();
    file.connection.run('SAVEPOINT undo');
    try {
      const results = runSteps(file, steps);
      this.#undoable = true;
      return results;
    } catch (error) {
      if (file.inTransaction) {
        file.connection.run('ROLLBACK TO undo');
        file.connection.run('RELEASE undo');
      }
      throw error;
    }
  }

  /** Takes back the last write task. */
  undoLastWrite(): void {
    this.reads.drain();
    if (!this.#undoable) return;
    this.#core.file.connection.run('ROLLBACK TO undo');
    this.#core.file.connection.run('RELEASE undo');
    this.#undoable = false;
  }

  setSavepoint(name: string): void {
    this.#settleLast();
    this.#savepointCounter += 1;
    const sqliteName = `s${this.#savepointCounter}`;
    this.#core.file.connection.run(`SAVEPOINT ${sqliteName}`);
    // As in MySQL, an older one of the same name is gone; SQLite may keep it, nobody names it.
    this.#savepoints = this.#savepoints.filter((savepoint) => !sameName(savepoint.name, name));
    this.#savepoints.push({ name, sqliteName });
  }

  releaseSavepoint(name: string): void {
    const index = this.#find(name);
    this.#settleLast();
    this.#core.file.connection.run(`RELEASE ${this.#savepoints[index]?.sqliteName}`);
    this.#savepoints.length = index;
  }

  rollbackToSavepoint(name: string): void {
    const index = this.#find(name);
    this.#settleLast();
    this.#core.file.connection.run(`ROLLBACK TO ${this.#savepoints[index]?.sqliteName}`);
    this.#savepoints.length = index + 1;
  }

  /** One record, durable and visible; null when nothing has changed. */
  async commit(): Promise<bigint | null> {
    this.reads.drain();
    return this.#write === null ? null : this.#write.commit();
  }

  async prepare(participants: readonly number[]): Promise<void> {
    this.reads.drain();
    this.participants = participants;
    await this.#write?.prepare(this.id, participants);
  }

  /** Undoes everything; results under way end with an error. */
  rollback(): void {
    this.reads.fail(databaseError('deadlock', {}));
    this.#write?.rollback();
    this.#write = null;
  }

  #find(name: string): number {
    const index = this.#savepoints.findIndex((savepoint) => sameName(savepoint.name, name));
    if (index < 0) throw databaseError('unknownSavepoint', { name });
    return index;
  }

  /** What came before can no longer be undone by itself, and results under way keep their rows. */
  #settleLast(): void {
    this.reads.drain();
    if (this.#undoable) this.#core.file.connection.run('RELEASE undo');
    this.#undoable = false;
  }
}

/** Savepoint names are compared without case, as MySQL does. */
function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
