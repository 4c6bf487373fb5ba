// One transaction that has written on this partition: its lock, its savepoints, its last write.
//
//     waiting ──lock──▶ active ──▶ committing ──▶ ended
//                        │  └────▶ preparing ──▶ prepared ──verdict──▶ ended
//                        └─ rollback, wound, idle ──▶ ended
//
// SQLite's savepoints nest like this, the undo savepoint always innermost:
//     BEGIN · s1 · s2 · … · undo
// The first write needs none: to take it back is to begin again. SQLite copies each page that it
// changes behind a savepoint.

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { concatChangesets } from '#shared/log/changeset.ts';
import type { TransactionTag, Verdict, WriteStep, WriteStepResult } from '#shared/wire/message.ts';
import type { LockClaim } from '#shared/lock-claim.ts';
import type { WorkerTransaction } from '#leaf/worker/worker-transaction.ts';
import type { LoggedChanges } from './apply-from.ts';
import { firesActions } from './fires-actions.ts';
import type { PartitionCore } from './partition-core.ts';
import { TransactionCapture, type CaptureMark } from './transaction-capture.ts';
import { TransactionReads } from './transaction-reads.ts';
import { beginElsewhere, commitElsewhere, prepareElsewhere } from './write-elsewhere.ts';
import { WriteTransaction } from './write-transaction.ts';

/** Rows changed on the event loop, above which a transaction moves to a worker. */
const LOCAL_CHANGES_MAX = 5_000;

export type TransactionState =
  'waiting' | 'active' | 'committing' | 'preparing' | 'prepared' | 'ended';

/** How the last write task is taken back. */
type WayBack = 'savepoint' | 'begin again';

/** A savepoint: the client's name, and the one of ours that SQLite knows. */
interface Savepoint {
  readonly name: string;
  readonly sqliteName: string;
  /** Null: it was set in a worker. */
  readonly mark: CaptureMark | null;
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
  changeset: LoggedChanges | null = null;
  /** When a worker has undone what it held, after a rollback; null: nothing is left to wait for. */
  undone: Promise<void> | null = null;
  /** True when its changes are gone, and it can only be rolled back. */
  lost = false;
  #worker: WorkerTransaction | null = null;
  #changedRows = 0;
  #core: PartitionCore;
  #write: WriteTransaction | null = null;
  /** What `#write` has changed. */
  readonly #capture: TransactionCapture;
  #foreignKeys = true;
  #savepoints: Savepoint[] = [];
  #savepointCounter = 0;
  /** Null: the last write task cannot be taken back by itself. */
  #wayBack: WayBack | null = null;
  /** Something was written that is not taken back. */
  #hasWritten = false;
  #undoMark: CaptureMark | null = null;
  /** Its changes cannot be made once more elsewhere. */
  #isBound = false;

  constructor(
    core: PartitionCore,
    tag: Pick<TransactionTag, 'id' | 'startedAt'>,
    wound: () => void,
  ) {
    this.#core = core;
    this.#capture = new TransactionCapture(core.file);
    this.id = tag.id;
    this.claim = { transaction: tag.id, startedAt: tag.startedAt, wound };
  }

  /** The lock is there: begins in SQLite. */
  begin(foreignKeys: boolean): void {
    this.#write = new WriteTransaction(this.#core, foreignKeys, this.#capture);
    this.#foreignKeys = foreignKeys;
    this.state = 'active';
  }

  /** The lock is there: begins in a worker, where long statements hold up nobody. */
  async beginElsewhere(foreignKeys: boolean): Promise<void> {
    const worker = await beginElsewhere(this.#core, foreignKeys);
    await this.#enterWorker(worker);
    this.#foreignKeys = foreignKeys;
    this.state = 'active';
  }

  /** The worker that holds its changes; null: the writer's own connection does. */
  get worker(): WorkerTransaction | null {
    return this.#worker;
  }

  /** True when so much has changed that taking the changes would hold up the event loop. */
  get isLarge(): boolean {
    return this.#changedRows > LOCAL_CHANGES_MAX;
  }

  /** Can its changes move to a worker, as far as is known? */
  get canMove(): boolean {
    return this.#core.environment.workers !== null && this.#worker === null && !this.#isBound;
  }

  /**
   * Moves its changes to a worker, with the savepoints among them. Where actions of foreign keys
   * would happen twice its tasks are carried out there once more; unless they may do otherwise,
   * then it stays. When that fails it is lost.
   */
  async moveElsewhere(): Promise<void> {
    const { file } = this.#core;
    const marks = this.#savepoints.map(({ mark }) => must(mark));
    const pieces = this.#capture.pieces(marks);
    const acts =
      this.#foreignKeys &&
      file.hasForeignKeys &&
      pieces.some((piece) => firesActions(piece, file.tables));
    const tasks = acts ? this.#capture.tasks(marks) : null;
    this.#isBound = acts && tasks === null;
    if (this.#isBound) return;
    for (const sql of this.#settleLast()) file.connection.run(sql);
    const write = must(this.#write, 'an active transaction has begun');
    this.lost = true;
    this.#write = null;
    write.rollback();
    const worker = await beginElsewhere(this.#core, this.#foreignKeys);
    await this.#enterWorker(worker);
    for (const [index, piece] of pieces.entries()) {
      if (tasks !== null) for (const steps of must(tasks[index])) await worker.writeAgain(steps);
      else if (piece.length > 0) await worker.apply(piece);
      const next = this.#savepoints[index];
      if (next !== undefined) await worker.exec(`SAVEPOINT ${next.sqliteName}`);
    }
    if (tasks !== null) await worker.mustHaveChanged(concatChangesets(pieces));
    this.lost = false;
  }

  /** Runs one write task in its worker, of which either all is done or nothing. */
  async writeElsewhere(
    steps: readonly WriteStep[],
    foreignKeys: boolean,
  ): Promise<WriteStepResult[]> {
    this.#mustKeepChecks(foreignKeys);
    const worker = must(this.#worker, 'its changes are in a worker');
    await worker.exec(...this.#settleLast(), 'SAVEPOINT undo');
    try {
      const results = await worker.write(steps);
      this.#wayBack = 'savepoint';
      return results;
    } catch (error) {
      this.lost = true;
      await worker.exec('ROLLBACK TO undo', 'RELEASE undo');
      this.lost = worker.lost;
      throw error;
    }
  }

  /** Runs one write task, of which either all is done or nothing. */
  write(steps: readonly WriteStep[], foreignKeys: boolean): WriteStepResult[] {
    const { file } = this.#core;
    this.#mustKeepChecks(foreignKeys);
    for (const sql of this.#settleLast()) file.connection.run(sql);
    const isFirst = !this.#hasWritten && this.#savepoints.length === 0;
    const way: WayBack = isFirst ? 'begin again' : 'savepoint';
    if (way === 'savepoint') file.connection.run('SAVEPOINT undo');
    const { mark } = this.#capture;
    try {
      const results = this.#capture.run(steps, () => this.#goBack(way, true));
      this.#wayBack = way;
      this.#hasWritten ||= steps.length > 0;
      this.#undoMark = mark;
      for (const { changes } of results) this.#changedRows += changes;
      return results;
    } catch (error) {
      if (file.inTransaction) this.#goBack(way, false);
      this.#capture.undoTo(mark);
      throw error;
    }
  }

  /** Takes back the last write task. */
  async undoLastWrite(): Promise<void> {
    this.reads.drain();
    const way = this.#wayBack;
    if (way === null) return;
    this.#wayBack = null;
    if (this.#worker !== null) await this.#worker.exec('ROLLBACK TO undo', 'RELEASE undo');
    else this.#goBack(way, false);
    if (way === 'begin again') this.#hasWritten = false;
    this.#undoCaptureTo(this.#undoMark);
  }

  async setSavepoint(name: string): Promise<void> {
    this.#savepointCounter += 1;
    const sqliteName = `s${this.#savepointCounter}`;
    await this.#run(...this.#settleLast(), `SAVEPOINT ${sqliteName}`);
    // As in MySQL, an older one of the same name is gone; SQLite may keep it, nobody names it.
    this.#savepoints = this.#savepoints.filter((savepoint) => !sameName(savepoint.name, name));
    const mark = this.#worker === null ? this.#capture.cut() : null;
    this.#savepoints.push({ name, sqliteName, mark });
  }

  async releaseSavepoint(name: string): Promise<void> {
    const index = this.#find(name);
    const { sqliteName } = must(this.#savepoints[index]);
    this.#savepoints.length = index;
    await this.#run(...this.#settleLast(), `RELEASE ${sqliteName}`);
  }

  async rollbackToSavepoint(name: string): Promise<void> {
    const index = this.#find(name);
    const { sqliteName, mark } = must(this.#savepoints[index]);
    this.#savepoints.length = index + 1;
    await this.#run(...this.#settleLast(), `ROLLBACK TO ${sqliteName}`);
    this.#undoCaptureTo(mark);
  }

  /** One record, durable and visible; null when nothing has changed. */
  async commit(): Promise<bigint | null> {
    this.reads.drain();
    if (this.#worker !== null) return commitElsewhere(this.#core, this.#worker);
    return this.#write === null ? null : this.#write.commit();
  }

  async prepare(participants: readonly number[]): Promise<void> {
    this.reads.drain();
    this.participants = participants;
    if (this.#worker !== null) {
      const names = { transactionId: this.id, participants };
      await prepareElsewhere(this.#core, this.#worker, names);
    }
    await this.#write?.prepare(this.id, participants);
  }

  /** Undoes everything; results under way end with an error. */
  rollback(): void {
    this.reads.fail(() => databaseError('deadlock', {}));
    this.#write?.rollback();
    this.#write = null;
    this.undone = this.#worker?.rollback() ?? this.undone;
    this.#worker = null;
  }

  #mustKeepChecks(foreignKeys: boolean): void {
    if (foreignKeys === this.#foreignKeys || !this.#core.file.hasForeignKeys) return;
    const what = 'SET foreign_key_checks between two writes of one transaction';
    throw databaseError('unsupported', { what });
  }

  /** What happened while the worker began is for it too. */
  async #enterWorker(worker: WorkerTransaction): Promise<void> {
    if (this.state === 'ended') {
      await worker.rollback();
      throw databaseError('deadlock', {});
    }
    this.#worker = worker;
  }

  /** Takes the last write task back; another attempt at it may follow. */
  #goBack(way: WayBack, again: boolean): void {
    const { file } = this.#core;
    if (way === 'begin again') {
      file.rollback();
      file.begin(this.#foreignKeys);
    } else {
      file.connection.run('ROLLBACK TO undo');
      if (!again) file.connection.run('RELEASE undo');
    }
  }

  /** Where the transaction is. */
  async #run(...statements: string[]): Promise<void> {
    if (this.#worker !== null) await this.#worker.exec(...statements);
    else for (const sql of statements) this.#core.file.connection.run(sql);
  }

  #undoCaptureTo(mark: CaptureMark | null): void {
    if (this.#worker === null && mark !== null) this.#capture.undoTo(mark);
  }

  #find(name: string): number {
    const index = this.#savepoints.findIndex((savepoint) => sameName(savepoint.name, name));
    if (index < 0) throw databaseError('unknownSavepoint', { name });
    return index;
  }

  /**
   * What came before can no longer be undone by itself, once the statements that this answers
   * have run; results under way keep their rows.
   */
  #settleLast(): string[] {
    this.reads.drain();
    const statements = this.#wayBack === 'savepoint' ? ['RELEASE undo'] : [];
    this.#wayBack = null;
    return statements;
  }
}

/** Savepoint names are compared without case, as MySQL does. */
function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
