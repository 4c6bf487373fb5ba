// One transaction over the partitions it writes on: all of it happens, or nothing.
//
//   open ──commit──→ committing ──→ ended
//     └──rollback─────────────────→ ended
//
// A participant is a partition that it has written on (or locked, by SELECT … FOR UPDATE); that
// partition's write lock is the transaction's until the end. The leaves break deadlocks by age
// (wound-wait): error 1213 from any of them ends the whole transaction here.
//
// Invariant: after `ended` no participant holds a lock for it, or it is in doubt and in-doubt
// recovery (resolve-in-doubt.ts) settles it.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import type { LeafCalls, TransactionTag } from '#shared/wire/message.ts';
import { leafOfPartition } from './partition-client.ts';
import { commitParticipants, type Participant } from './two-phase-commit.ts';

export type WriteRequest = Omit<LeafCalls['write']['request'], 'transaction'>;
export type WriteReply = LeafCalls['write']['reply'];


interface Member extends Participant {
  /** Savepoints set since it became a participant: the leaf knows these and no older ones. */
  readonly savepoints: Set<string>;
}

export interface TransactionOptions {
  readonly id: string;
  readonly startedAt: bigint;
  readonly readOnly: boolean;
  /** Called once, after its commit or rollback. */
  readonly onEnd: () => void;
}

/** What a session holds as its open transaction. */
export class Transaction {
  readonly id: string;
  readonly startedAt: bigint;
  readonly readOnly: boolean;
  readonly #context: AggregatorContext;
  /** By ordinal; all of one database. */
  readonly #participants = new Map<number, Member>();
  readonly #savepoints: string[] = [];
  #database: string | null = null;
  readonly #onEnd: () => void;
  #ended = false;

  constructor(context: AggregatorContext, options: TransactionOptions) {
    this.#context = context;
    this.id = options.id;
    this.startedAt = options.startedAt;
    this.readOnly = options.readOnly;
    this.#onEnd = options.onEnd;
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
  tagForLock(key: PartitionKey): TransactionTag {
    const joined = this.#isParticipant(key);
    this.#join(key);
    return this.#tag(joined);
  }

  /**
   * One write task. After a deadlock or a lost leaf the transaction has ended; after any other
   * error the task has not happened and the transaction goes on.
   */
  async write(request: WriteRequest): Promise<WriteReply> {
    if (this.readOnly) throw databaseError('readOnlyTransaction', {});
    const joined = this.#isParticipant(request.key);
    const { leaf } = this.#join(request.key);
    try {
      return await leaf.call('write', { ...request, transaction: this.#tag(joined) });
    } catch (error) {
      if (endsTransaction(error)) await this.rollback();
      else if (!joined) await this.#leave(request.key);
      throw error;
    }
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
      const members = [...this.#participants.values()];
      await Promise.all(members.map((member) => this.#savepointAt(member, action, name)));
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  async #savepointAt(
    member: Member,
    action: 'set' | 'release' | 'rollback to',
    spelling: string,
  ): Promise<void> {
    const { key, leaf, savepoints } = member;
    const name = spelling.toLowerCase();
    if (action === 'set') savepoints.add(name);
    else if (!savepoints.has(name)) {
      // Its first write came after the savepoint: going back there means that it never wrote.
      if (action === 'rollback to') await this.#leave(key);
      return;
    }
    await leaf.call('savepoint', { key, transactionId: this.id, action, name });
  }

  async commit(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await commitParticipants(this.#context, this.id, this.#ordered());
    } finally {
      this.#onEnd();
    }
  }

  async rollback(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const transactionId = this.id;
    await Promise.allSettled(
      this.#ordered().map(({ key, leaf }) => leaf.call('rollback', { key, transactionId })),
    );
    this.#onEnd();
  }

  async #leave(key: PartitionKey): Promise<void> {
    const member = this.#participants.get(key.ordinal);
    this.#participants.delete(key.ordinal);
    await Promise.allSettled([member?.leaf.call('rollback', { key, transactionId: this.id })]);
  }

  #tag(joined: boolean): TransactionTag {
    return { id: this.id, startedAt: this.startedAt, joined };
  }

  #isParticipant(key: PartitionKey): boolean {
    return key.database === this.#database && this.#participants.has(key.ordinal);
  }

  /** Makes the partition a participant. */
  #join(key: PartitionKey): Member {
    if (this.#ended) throw databaseError('deadlock', {});
    if (this.#database !== null && this.#database !== key.database) {
      throw databaseError('unsupported', { what: 'a transaction that writes to two databases' });
    }
    const known = this.#participants.get(key.ordinal);
    if (known !== undefined) return known;
    const leaf = leafOfPartition(this.#context, key);
    this.#database = key.database;
    const member = { key, leaf, savepoints: new Set<string>() };
    this.#participants.set(key.ordinal, member);
    return member;
  }

  #ordered(): readonly Participant[] {
    return [...this.#participants.values()].sort((a, b) => a.key.ordinal - b.key.ordinal);
  }
}

/**
 * After these the leaf's part of the transaction is gone, or may be: only a full rollback is safe.
 */
function endsTransaction(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true;
  return error.is('deadlock') || error.is('leafUnreachable');
}
