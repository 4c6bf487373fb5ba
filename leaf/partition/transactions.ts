// The transactions over several statements that this partition knows, and how each of them ends.

import { databaseError } from '#shared/error.ts';
import { must } from '#shared/assert.ts';
import type { RowBatch, TransactionTag, Verdict, WriteStepResult } from '#shared/wire/message.ts';
import { abortUnknown, carryOut, checkVerdict, type PreparedRecord } from './in-doubt.ts';
import type { OwnResult, OwnRows, SavepointRequest, TaskOptions } from './transaction-task.ts';
import { isLong, type WriteTask } from './write-elsewhere.ts';
import { EndedTransactions } from './ended-transactions.ts';
import { IdleWatch } from './idle-watch.ts';
import { OpenTransaction } from './open-transaction.ts';
import type { PartitionCore } from './partition-core.ts';

/** At most one of them holds the write lock; the others wait for it. */
export class Transactions {
  #core: PartitionCore;
  #open = new Map<string, OpenTransaction>();
  #ended = new EndedTransactions();
  #idle: IdleWatch;

  constructor(core: PartitionCore) {
    this.#core = core;
    this.#idle = new IdleWatch(core.environment, (usedBeforeMs) =>
      this.#rollbackIdle(usedBeforeMs),
    );
  }

  /** A transaction that was prepared before a restart: it gets the lock back. */
  adopt(prepared: PreparedRecord): void {
    const tag = { id: prepared.transactionId, startedAt: 0n };
    const transaction = new OpenTransaction(this.#core, tag, () => undefined);
    transaction.state = 'prepared';
    transaction.joined = true;
    transaction.participants = prepared.participants;
    transaction.changeset = prepared.changeset;
    must(this.#core.lock.tryAcquire(transaction.claim) || null, 'the lock is free at open');
    this.#open.set(tag.id, transaction);
  }

  /** The prepared transaction without a verdict, if there is one. */
  inDoubt(): { readonly transactionId: string; readonly participants: readonly number[] } | null {
    for (const { id, state, deciding, participants } of this.#open.values()) {
      if (state === 'prepared' && deciding === null) return { transactionId: id, participants };
    }
    return null;
  }

  /** True while a transaction here waits for its verdict, or for its verdict to be carried out. */
  get hasPrepared(): boolean {
    return this.preparedGone !== null;
  }

  /** Resolves when the transaction that is prepared here is gone; null when none is. */
  get preparedGone(): Promise<void> | null {
    return this.#open.values().find(({ state }) => state === 'prepared')?.gone.promise ?? null;
  }

  /** Runs one write task; the first one takes the lock and begins. */
  async write(options: TaskOptions, task: WriteTask): Promise<WriteStepResult[]> {
    const { steps } = task;
    const long = isLong(this.#core, task);
    const transaction = await this.#enter(options, long);
    if (long || transaction.isLarge) await this.#move(transaction);
    if (transaction.worker !== null) {
      return this.#attemptElsewhere(transaction, () =>
        transaction.writeElsewhere(steps, options.foreignKeys),
      );
    }
    return this.#attempt(transaction, () => transaction.write(steps, options.foreignKeys));
  }

  /** SELECT … FOR UPDATE: the lock first, then a result among the transaction's own writes. */
  async readLocked(options: TaskOptions, result: OwnResult): Promise<OwnRows> {
    const transaction = await this.#enter(options, result.long);
    return this.#readIn(transaction, result);
  }

  /**
   * A result among the transaction's own writes; null when it has not written here. Throws when
   * it has, and the partition knows no more of it.
   */
  async read(tag: TransactionTag, result: OwnResult): Promise<OwnRows | null> {
    const transaction = this.#open.get(tag.id);
    if (transaction === undefined || !transaction.joined) {
      this.#refuseForgotten(tag);
      return null;
    }
    this.#mustBeActive(transaction);
    return this.#readIn(transaction, result);
  }

  async #readIn(transaction: OpenTransaction, result: OwnResult): Promise<OwnRows> {
    if (result.long) await this.#move(transaction);
    return this.#attempt(transaction, () => {
      const { worker } = transaction;
      if (worker !== null) return this.#readElsewhere(transaction, result.openElsewhere(worker));
      return transaction.reads.add(result.open());
    });
  }

  /** A statement that is interrupted may end its worker, and then the transaction is over. */
  async *#readElsewhere(
    transaction: OpenTransaction,
    rows: AsyncGenerator<RowBatch, void, undefined>,
  ): AsyncGenerator<RowBatch, void, undefined> {
    try {
      yield* rows;
    } finally {
      const isLost = transaction.worker?.lost === true;
      if (isLost && transaction.state === 'active') this.#rollback(transaction);
    }
  }

  async undoLastWrite(id: string): Promise<void> {
    await this.#active(id).undoLastWrite();
  }

  async savepoint(request: SavepointRequest): Promise<void> {
    const transaction = this.#active(request.transactionId);
    switch (request.action) {
      case 'set':
        return transaction.setSavepoint(request.name);
      case 'release':
        return transaction.releaseSavepoint(request.name);
      case 'rollback to':
        return transaction.rollbackToSavepoint(request.name);
    }
  }

  async commit(id: string): Promise<void> {
    const transaction = this.#active(id);
    transaction.state = 'committing';
    let lsn: bigint | null;
    try {
      lsn = await transaction.commit();
    } finally {
      this.#end(transaction);
    }
    const { environment, key } = this.#core;
    if (lsn !== null) await environment.waitForFollowers(key, lsn);
  }

  /** Ends it without a trace. A transaction that is not known has nothing to undo. */
  rollback(id: string): void {
    const transaction = this.#open.get(id);
    if (transaction === undefined) this.#ended.add(id);
    // Nothing has been done by one that waits, and it may come back.
    else if (transaction.state === 'waiting') this.#forget(transaction);
    else if (transaction.state === 'active') this.#rollback(transaction);
    else {
      const reason = `transaction ${id} is ${transaction.state}: only a verdict ends it`;
      throw databaseError('internal', { reason });
    }
  }

  /** Appends `prepare`, durably. Idempotent. */
  async prepare(id: string, participants: readonly number[]): Promise<void> {
    const known = this.#open.get(id);
    if (known?.state === 'prepared' && known.deciding === null) return;
    const transaction = this.#active(id);
    transaction.state = 'preparing';
    try {
      transaction.preparing = transaction.prepare(participants);
      await transaction.preparing;
      transaction.state = 'prepared';
    } catch (error) {
      this.#rollback(transaction);
      throw error;
    }
  }

  /** Carries a verdict out. Idempotent. */
  async decide(id: string, verdict: Verdict): Promise<void> {
    const transaction = this.#open.get(id);
    if (transaction !== undefined) await this.#afterPreparing(transaction);
    if (transaction?.deciding) {
      await transaction.deciding.done;
      checkVerdict(id, transaction.deciding.verdict, verdict);
      return;
    }
    if (transaction?.state === 'prepared') {
      const done = this.#settle(transaction, verdict);
      transaction.deciding = { verdict, done };
      await done;
      return;
    }
    const known = this.#core.verdicts.find(id);
    if (known !== null) {
      checkVerdict(id, known, verdict);
      return;
    }
    const partition = this.#core.name;
    if (verdict === 'commit') throw databaseError('transactionLost', { partition });
    this.rollback(id);
  }

  /** How it ended; where nothing is written yet, `abort` is written down. */
  async verdict(id: string): Promise<Verdict> {
    const known = this.#core.verdicts.find(id);
    if (known !== null) return known;
    const transaction = this.#open.get(id);
    if (transaction !== undefined) await this.#afterPreparing(transaction);
    if (transaction?.deciding) {
      await transaction.deciding.done;
      return transaction.deciding.verdict;
    }
    if (transaction?.state === 'prepared') {
      await this.decide(id, 'abort');
      return 'abort';
    }
    this.rollback(id);
    await abortUnknown(this.#core, id);
    return 'abort';
  }

  /** Ends all that is not prepared: the partition closes, or is no primary any more. */
  rollbackAll(): void {
    for (const transaction of [...this.#open.values()]) {
      const { state } = transaction;
      if (state === 'waiting' || state === 'active') this.#rollback(transaction);
    }
  }

  async #settle(transaction: OpenTransaction, verdict: Verdict): Promise<void> {
    const { environment, key } = this.#core;
    let lsn: bigint;
    try {
      lsn = await carryOut(this.#core, transaction, verdict);
    } catch (error) {
      transaction.deciding = null;
      throw error;
    }
    this.#end(transaction);
    await environment.waitForFollowers(key, lsn);
  }

  async #afterPreparing(transaction: OpenTransaction): Promise<void> {
    // Who asked for the preparation is told how it went.
    await Promise.allSettled([transaction.preparing]);
  }

  /** The transaction of a task, holding the lock. */
  async #enter(options: TaskOptions, long: boolean): Promise<OpenTransaction> {
    const { tag } = options;
    const known = this.#open.get(tag.id);
    if (known !== undefined && known.state !== 'waiting') {
      this.#mustBeActive(known);
      options.check();
      return known;
    }
    this.#refuseForgotten(tag);
    if (known !== undefined) throw databaseError('internal', { reason: 'two tasks at once' });
    return this.#begin(options, long);
  }

  async #begin(options: TaskOptions, long: boolean): Promise<OpenTransaction> {
    const { lock } = this.#core;
    const transaction: OpenTransaction = new OpenTransaction(this.#core, options.tag, () =>
      this.#wound(transaction),
    );
    this.#open.set(transaction.id, transaction);
    try {
      await lock.acquire(transaction.claim, options.lockWaitTimeoutMs);
      if (transaction.state === 'ended') throw databaseError('deadlock', {});
      options.check();
      if (long) await transaction.beginElsewhere(options.foreignKeys);
      else transaction.begin(options.foreignKeys);
    } catch (error) {
      this.#forget(transaction);
      throw error;
    }
    this.#idle.start();
    return transaction;
  }

  /** Does a task's work. The first that fails leaves nothing behind: nobody will end it. */
  #attempt<T>(transaction: OpenTransaction, action: () => T): T {
    // Between the lock and this task it may have been wounded or rolled back: what the task did
    // then would fall into another's transaction.
    if (transaction.state !== 'active') throw databaseError('deadlock', {});
    transaction.lastUsedMs = this.#core.environment.clock.monotonicMs();
    try {
      const result = action();
      transaction.joined = true;
      return result;
    } catch (error) {
      const undoneBySqlite = !this.#core.file.inTransaction;
      if (undoneBySqlite) this.#rollback(transaction);
      else if (!transaction.joined) this.#undo(transaction);
      throw error;
    }
  }

  /** The same for work in a worker, during which it may be rolled back. */
  async #attemptElsewhere<T>(transaction: OpenTransaction, work: () => Promise<T>): Promise<T> {
    this.#stillActive(transaction);
    transaction.lastUsedMs = Infinity;
    try {
      const result = await work();
      this.#stillActive(transaction);
      transaction.joined = true;
      return result;
    } catch (error) {
      this.#stillActive(transaction);
      if (transaction.lost) this.#rollback(transaction);
      else if (!transaction.joined) this.#undo(transaction);
      throw error;
    } finally {
      transaction.lastUsedMs = this.#core.environment.clock.monotonicMs();
    }
  }

  /** Moves a transaction's changes to a worker, where that can be done. */
  async #move(transaction: OpenTransaction): Promise<void> {
    if (transaction.state !== 'active' || !transaction.canMove) return;
    await this.#attemptElsewhere(transaction, () => transaction.moveElsewhere());
  }

  #stillActive(transaction: OpenTransaction): void {
    if (transaction.state !== 'active') throw databaseError('deadlock', {});
  }

  #active(id: string): OpenTransaction {
    const transaction = this.#open.get(id);
    if (transaction === undefined) {
      if (this.#ended.has(id)) throw databaseError('deadlock', {});
      throw databaseError('transactionLost', { partition: this.#core.name });
    }
    this.#mustBeActive(transaction);
    transaction.lastUsedMs = this.#core.environment.clock.monotonicMs();
    return transaction;
  }

  #mustBeActive(transaction: OpenTransaction): void {
    if (transaction.state === 'active') return;
    const reason = `transaction ${transaction.id} is ${transaction.state}`;
    throw databaseError('internal', { reason });
  }

  #refuseForgotten(tag: TransactionTag): void {
    if (this.#ended.has(tag.id)) throw databaseError('deadlock', {});
    if (tag.joined) throw databaseError('transactionLost', { partition: this.#core.name });
  }

  /** An older transaction wants the lock. */
  #wound(transaction: OpenTransaction): void {
    if (transaction.state === 'active') this.#rollback(transaction);
  }

  /** A client that is gone must not hold the lock for ever. */
  #rollbackIdle(usedBeforeMs: number): boolean {
    for (const transaction of [...this.#open.values()]) {
      const { id, state, lastUsedMs } = transaction;
      if (state !== 'active' || lastUsedMs > usedBeforeMs) continue;
      const message = 'A transaction was idle for too long and is rolled back.';
      this.#core.environment.logger.warn(message, { id });
      this.#rollback(transaction);
    }
    return this.#open.size > 0;
  }

  #rollback(transaction: OpenTransaction): void {
    this.#ended.add(transaction.id);
    this.#undo(transaction);
  }

  /** As if it had never begun. */
  #undo(transaction: OpenTransaction): void {
    transaction.rollback();
    this.#forget(transaction);
  }

  #end(transaction: OpenTransaction): void {
    this.#ended.add(transaction.id);
    this.#forget(transaction);
  }

  #forget(transaction: OpenTransaction): void {
    transaction.state = 'ended';
    const { id, claim, undone, gone } = transaction;
    if (this.#open.get(id) === transaction) this.#open.delete(id);
    this.#core.lock.abandon(claim, () => databaseError('deadlock', {}));
    if (undone === null) this.#core.lock.release(claim);
    else void this.#releaseAfter(undone, transaction);
    gone.resolve();
  }

  /** A worker that has not undone its changes yet keeps SQLite's own lock. */
  async #releaseAfter(undone: Promise<void>, { claim }: OpenTransaction): Promise<void> {
    await undone;
    this.#core.lock.release(claim);
  }
}
