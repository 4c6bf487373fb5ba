// One transaction over the partitions it writes on: all of it happens, or nothing.
//
//   open ──commit──→ committing ──→ ended
//     └──rollback─────────────────→ ended
//
// A participant is a partition that it has written on (or locked, by SELECT … FOR UPDATE); that
// partition's write lock is the transaction's until the end. Deadlocks are broken by leaves, and by
// known-locks.ts: error 1213 from any participant ends the whole transaction here.
//
// Invariant: after `ended` no participant holds a lock for it, or it is in doubt and in-doubt
// recovery (resolve-in-doubt.ts) settles it.

import { planVersion } from '#shared/cluster/plan-version.ts';
import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import { must } from '#shared/assert.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import type { LeafCalls, TransactionTag, WriteStepResult } from '#shared/wire/message.ts';
import type { LockClaim } from '#shared/lock-claim.ts';
import type { CoordinatorFailpoint } from './failpoint.ts';
import type { KnownLocks, WaitEnded } from './known-locks.ts';
import { leafOfPartition, writeAt } from './partition-client.ts';
import { commitParticipants, type Participant } from './two-phase-commit.ts';
import { watchParticipants } from './watch-participants.ts';

export type WriteRequest = Omit<LeafCalls['write']['request'], 'transaction'>;
export type WriteReply = LeafCalls['write']['reply'];

/** A partition to be locked, and how. */
type WantedLock = Pick<WriteRequest, 'key' | 'foreignKeyChecks' | 'lockWaitTimeoutMs'>;

export interface TransactionOptions {
  readonly id: string;
  /** Answers its age, which it has from the moment on that it asks for its first lock. */
  readonly age: () => bigint;
  readonly readOnly: boolean;
  /** Called once, after its commit or rollback. */
  readonly onEnd: () => void;
  readonly locks: KnownLocks;
  readonly failpoint: CoordinatorFailpoint;
}

/** What a session holds as its open transaction. */
export class Transaction {
  readonly id: string;
  readonly readOnly: boolean;
  readonly #age: () => bigint;
  #startedAt: bigint | null = null;
  readonly #context: AggregatorContext;
  /** By ordinal; all of one database. */
  readonly #participants = new Map<number, Participant>();
  /**
   * Ordinals of participants that hold something until the end: rows changed, matched, or locked
   * by SELECT … FOR UPDATE. The others have nothing to commit, and their locks protect nothing.
   */
  readonly #held = new Set<number>();
  readonly #savepoints: string[] = [];
  #database: string | null = null;
  readonly #onEnd: () => void;
  readonly #locks: KnownLocks;
  #claim: LockClaim | null = null;
  /** By ordinal: participants whose lock it waits for. */
  readonly #asking = new Map<number, WaitEnded>();
  readonly #failpoint: CoordinatorFailpoint;
  #ended = false;

  constructor(context: AggregatorContext, options: TransactionOptions) {
    this.#context = context;
    this.id = options.id;
    this.#age = options.age;
    this.readOnly = options.readOnly;
    this.#onEnd = options.onEnd;
    this.#locks = options.locks;
    this.#failpoint = options.failpoint;
  }

  /**
   * The older one wins a deadlock. One that holds no lock can be part of none, so the age counts
   * from its first lock: who comes later waits for it, whoever had said BEGIN first.
   */
  get startedAt(): bigint {
    this.#startedAt ??= this.#age();
    return this.#startedAt;
  }

  /** True once it is committed, rolled back, or ended by a deadlock. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What a read of that partition must carry to see this transaction's writes, or null. */
  tagForRead(key: PartitionKey): TransactionTag | null {
    return this.#isParticipant(key) ? this.#tag(true) : null;
  }

  /** What a SELECT … FOR UPDATE carries: it locks the partition, which so becomes a participant. */
  async tagForLock(key: PartitionKey, lockWaitTimeoutMs: number): Promise<TransactionTag> {
    const joined = await this.#join({ key, foreignKeyChecks: true, lockWaitTimeoutMs });
    this.#held.add(key.ordinal);
    return this.#tag(joined);
  }

  /** Locks the partition, which has nothing to commit by that alone. */
  async lock(key: PartitionKey, lockWaitTimeoutMs: number): Promise<void> {
    const wanted = { key, foreignKeyChecks: true, lockWaitTimeoutMs };
    if (!(await this.#join(wanted))) await this.#send(this.#lockRequest(wanted), false);
  }

  /** True when it has written on the partition, or locked it. */
  takesPart(key: PartitionKey): boolean {
    return this.#isParticipant(key);
  }

  /** Told when a read with `tag` is answered: it has its lock. */
  readAnswered({ ordinal }: PartitionKey): void {
    this.#asked(ordinal, true);
  }

  /** Told when a read with `tag` has failed: as after a failed write, more may be lost. */
  async readFailed(key: PartitionKey, tag: TransactionTag, error: unknown): Promise<void> {
    await this.#taskFailed(key, { joined: tag.joined, error });
  }

  /** Told when a read that waits for its lock was given up: it has not locked the partition. */
  async readGivenUp({ key, joined }: { key: PartitionKey; joined: boolean }): Promise<void> {
    if (!joined) await this.#leave(key);
  }

  /**
   * One write task. After a deadlock or a lost leaf the transaction has ended; after any other
   * error the task has not happened and the transaction goes on. When `signal` fires while it
   * waits for the lock, it has not happened either: queryInterrupted.
   */
  async write(request: WriteRequest, signal?: AbortSignal): Promise<WriteReply> {
    if (this.readOnly) throw databaseError('readOnlyTransaction', {});
    const joined = await this.#join(request);
    if (joined || signal === undefined) return this.#send(request, joined);
    return this.#sendFirst(request, signal);
  }

  /** The first task on a partition, which waits for the lock and can be given up. */
  async #sendFirst(request: WriteRequest, signal: AbortSignal): Promise<WriteReply> {
    const { key } = request;
    const participant = this.#participants.get(key.ordinal);
    let left: Promise<void> | null = null;
    const leave = (): void => {
      left = this.#leave(key);
    };
    signal.addEventListener('abort', leave, { once: true });
    let lost: unknown = null;
    const stopWatching = watchParticipants(this.#context, {
      participants: this.#ordered().filter(({ key: { ordinal } }) => this.#held.has(ordinal)),
      tag: this.#tag(true),
      onLost: (error) => {
        if (!endsTransaction(error)) return;
        lost = error;
        leave();
      },
    });
    try {
      if (signal.aborted) throw databaseError('queryInterrupted', {});
      const leaf = must(participant).leaf;
      const reply = await writeAt(leaf, { ...request, transaction: this.#tag(false) });
      if (left !== null) throw databaseError('queryInterrupted', {});
      this.#hold(key, reply);
      return reply;
    } catch (error) {
      if (lost !== null) {
        await left;
        await this.rollback();
        throw lost;
      }
      if (left !== null || signal.aborted) {
        await left;
        throw databaseError('queryInterrupted', {}, error);
      }
      await this.#taskFailed(key, { joined: false, error });
      throw error;
    } finally {
      stopWatching();
      signal.removeEventListener('abort', leave);
    }
  }

  /** Nothing has happened on this partition, or what has is not wanted: it takes no part. */
  async #leave(key: PartitionKey): Promise<void> {
    const participant = this.#participants.get(key.ordinal);
    this.#drop(key);
    if (participant !== undefined) await this.#rollbackAt([participant]);
  }

  async #send(request: WriteRequest, joined: boolean): Promise<WriteReply> {
    const { key } = request;
    const leaf = leafOfPartition(this.#context, key);
    try {
      const reply = await writeAt(leaf, { ...request, transaction: this.#tag(joined) });
      this.#hold(key, reply);
      return reply;
    } catch (error) {
      await this.#taskFailed(key, { joined, error });
      throw error;
    }
  }

  #hold(key: PartitionKey, { results }: WriteReply): void {
    this.#asked(key.ordinal, true);
    if (results.some(touchesRows)) this.#held.add(key.ordinal);
  }

  async #taskFailed(
    key: PartitionKey,
    { joined, error }: { readonly joined: boolean; readonly error: unknown },
  ): Promise<void> {
    if (endsTransaction(error)) await this.rollback();
    // A first task that fails leaves nothing behind on its partition.
    else if (!joined) this.#drop(key);
  }

  #drop(key: PartitionKey): void {
    this.#participants.delete(key.ordinal);
    this.#held.delete(key.ordinal);
    this.#asked(key.ordinal, false);
    if (this.#claim !== null) this.#locks.letGo([key], this.#claim);
  }

  /** Waits for the participant's lock from now on; of a deadlock that it loses the leaf tells. */
  #ask(participant: Participant): void {
    const { id: transaction, startedAt } = this;
    const { key } = participant;
    this.#claim ??= { transaction, startedAt, wound: () => undefined };
    // Who waits at the leaf hears of a deadlock.
    const refuse = (): void => void this.#rollbackAt([participant]);
    this.#asking.set(key.ordinal, this.#locks.ask(key, this.#claim, refuse));
  }

  #asked(ordinal: number, has: boolean): void {
    const ended = this.#asking.get(ordinal);
    if (ended === undefined) return;
    this.#asking.delete(ordinal);
    ended(has);
  }

  /** It has ended, and holds nothing any more. */
  #letGo(): void {
    for (const ordinal of [...this.#asking.keys()]) this.#asked(ordinal, false);
    const keys = [...this.#participants.values()].map(({ key }) => key);
    if (this.#claim !== null) this.#locks.letGo(keys, this.#claim);
    this.#onEnd();
  }

  /** Takes back the last write task on these partitions: the statement failed elsewhere. */
  async undoLastWrite(keys: readonly PartitionKey[]): Promise<void> {
    if (this.#ended) return;
    const undone = await Promise.allSettled(
      keys.map((key) => {
        const leaf = this.#participants.get(key.ordinal)?.leaf;
        return leaf?.call('undoLastWrite', { key, transactionId: this.id });
      }),
    );
    if (undone.some((result) => result.status === 'rejected')) await this.rollback();
  }

  async savepoint(action: 'set' | 'release' | 'rollback to', name: string): Promise<void> {
    const index = this.#savepoints.findLastIndex((known) => known === name.toLowerCase());
    if (action === 'set') {
      if (index >= 0) this.#savepoints.splice(index, 1);
      this.#savepoints.push(name.toLowerCase());
    } else {
      if (index < 0) throw databaseError('unknownSavepoint', { name });
      this.#savepoints.splice(action === 'release' ? index : index + 1);
    }
    try {
      await Promise.all(this.#ordered().map((one) => this.#savepointAt(one, action, name)));
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  async #savepointAt(
    { key, leaf }: Participant,
    action: 'set' | 'release' | 'rollback to',
    name: string,
  ): Promise<void> {
    const transactionId = this.id;
    await leaf.call('savepoint', { key, transactionId, action, name: name.toLowerCase() });
  }

  async commit(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const participants = this.#ordered();
    const holding = participants.filter(({ key }) => this.#held.has(key.ordinal));
    const others = participants.filter(({ key }) => !this.#held.has(key.ordinal));
    const parts = {
      context: this.#context,
      transactionId: this.id,
      failpoint: this.#failpoint,
    };
    try {
      await Promise.all([commitParticipants(parts, holding), this.#rollbackAt(others)]);
    } finally {
      this.#letGo();
    }
  }

  async rollback(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#rollbackAt(this.#ordered());
    this.#letGo();
  }

  async #rollbackAt(participants: readonly Participant[]): Promise<void> {
    const transactionId = this.id;
    await Promise.allSettled(
      participants.map(({ key, leaf }) => leaf.call('rollback', { key, transactionId })),
    );
  }

  #tag(joined: boolean): TransactionTag {
    return { id: this.id, startedAt: this.startedAt, joined };
  }

  #isParticipant(key: PartitionKey): boolean {
    return key.database === this.#database && this.#participants.has(key.ordinal);
  }

  /**
   * Makes the partition a participant; answers whether it knows the transaction already. One that
   * comes in after a SAVEPOINT is locked first, so that all participants have all savepoints.
   */
  async #join(wanted: WantedLock): Promise<boolean> {
    const { key } = wanted;
    if (this.#ended) throw databaseError('deadlock', {});
    if (this.#database !== null && this.#database !== key.database) {
      throw databaseError('unsupported', { what: 'a transaction that writes to two databases' });
    }
    if (this.#participants.has(key.ordinal)) return true;
    const participant = { key, leaf: leafOfPartition(this.#context, key) };
    this.#database = key.database;
    this.#participants.set(key.ordinal, participant);
    this.#ask(participant);
    if (this.#savepoints.length === 0) return false;
    await this.#send(this.#lockRequest(wanted), false);
    for (const name of this.#savepoints) await this.#savepointAt(participant, 'set', name);
    return true;
  }

  /** A task without steps: it takes the lock and does nothing. */
  #lockRequest({ key, lockWaitTimeoutMs, foreignKeyChecks }: WantedLock): WriteRequest {
    const catalogVersion = planVersion(this.#context.catalog.database(key.database));
    return { key, catalogVersion, steps: [], lockWaitTimeoutMs, foreignKeyChecks };
  }

  #ordered(): readonly Participant[] {
    return [...this.#participants.values()].sort((a, b) => a.key.ordinal - b.key.ordinal);
  }
}

/** A step that changed rows, or whose first answer is a count of rows above 0. */
function touchesRows({ changes, rows }: WriteStepResult): boolean {
  return changes > 0 || Number(rows[0]?.[0] ?? 0) > 0;
}

/**
 * After these the leaf's part of the transaction is gone, or may be: only a full rollback is safe.
 */
function endsTransaction(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true;
  return error.is('deadlock', 'transactionLost', 'leafUnreachable');
}
