// Moves a partition of a primary to another leaf: a copy follows it, then takes its place.
//
//     copying    the new leaf makes a copy that follows the old one, as any replica does
//     switching  the old one takes no more writes; the copy has all and becomes the primary; the
//                old one goes, and says where to; the catalog follows
//
// Each phase is written down before it begins. A crash while copying takes the copy back; from
// `switching` on the move is finished, however often it is cut off.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { ReplicationFailpoint } from '#aggregator/replication/failpoint.ts';
import type { MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import { keyWord } from '#aggregator/metadata/store-key.ts';
import { must } from '#shared/assert.ts';
import type { Clock } from '#shared/clock.ts';
import { partitionName, REFERENCE_ORDINAL, type PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { LeafService, PartitionStatus } from '#shared/wire/message.ts';
import { identityOf, type DatabasePartitions } from './database-partitions.ts';
import { addressOf } from './address-of.ts';

const prefix = 'move/';
/** Between two looks at a copy that follows, in milliseconds. */
const pollMs = 20;
/** A copy that has not even come near for so long is given up. */
const stalledMsMax = 60_000;
/** The old copy takes no writes for so long at most, if the switch is cut off. */
const fenceMs = 30_000;
/** How long running writes may go on, and the last records may take. */
const switchWaitMs = 10_000;
const againMs = 1000;

export interface PartitionMoverParts {
  readonly clusterId: string;
  readonly catalog: Catalog;
  readonly store: MetadataStore;
  readonly leaves: LeafDirectory;
  readonly partitions: DatabasePartitions;
  readonly inTurn: <T>(database: string, work: () => Promise<T>) => Promise<T>;
  readonly failpoint: ReplicationFailpoint;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A move under way, as it is written down. */
interface Move {
  readonly key: PartitionKey;
  readonly from: number;
  readonly to: number;
  readonly phase: 'copying' | 'switching';
}

export class PartitionMover {
  readonly #parts: PartitionMoverParts;
  readonly #stopped = new AbortController();
  readonly #beside = new Set<Promise<void>>();

  constructor(parts: PartitionMoverParts) {
    this.#parts = parts;
  }

  /**
   * Moves a partition; clients that write to it wait for a moment. Throws unknownDatabase,
   * readOnlySecondary, leafUnreachable, partitionNotOnline; the partition is where it was then, or
   * the move goes on by itself.
   */
  async move(key: PartitionKey, to: number): Promise<void> {
    const from = this.#leafIdOf(key);
    if (from === to) return;
    const move: Move = { key, from, to, phase: 'copying' };
    if (key.ordinal === REFERENCE_ORDINAL) return await this.#moveReference(move);
    await this.#write(move);
    try {
      await this.#ensureReference(key.database, to);
      await this.#copy(move);
      this.#parts.failpoint('move-copying');
      await this.#waitUntilNear(move);
      await this.#parts.inTurn(key.database, () => this.#beginSwitch(move));
    } catch (error) {
      const written = await this.#read(key);
      if (written?.phase === 'switching') this.#goOnLater(key);
      else await this.#takeBack(move);
      throw error;
    }
  }

  /** Each leaf has a copy of it already: one of them and the master change places. */
  async #moveReference(move: Move): Promise<void> {
    const { key, to } = move;
    try {
      await this.#ensureReference(key.database, to);
      await this.#waitUntilNear(move);
      await this.#parts.inTurn(key.database, () => this.#beginSwitch(move));
    } catch (error) {
      if ((await this.#read(key))?.phase === 'switching') this.#goOnLater(key);
      throw error;
    }
  }

  /** Goes on with what a crash has cut off; returns at once. */
  async resume(): Promise<void> {
    for (const { value } of await this.#parts.store.list(prefix)) {
      this.#goOnLater((value as Move).key);
    }
  }

  /** The database is about to be dropped, and with it the copies that its catalog does not name. */
  async forget(database: string): Promise<void> {
    for (const { value } of await this.#parts.store.list(prefix)) {
      const move = value as Move;
      if (move.key.database === database) await this.#takeBack(move);
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#beside);
  }

  #leafIdOf(key: PartitionKey): number {
    const database = this.#parts.catalog.database(key.database);
    if (database.role !== 'primary') {
      const { name, primaryUri } = database;
      throw databaseError('readOnlySecondary', { database: name, primary: primaryUri });
    }
    const placement = database.placements.find(({ ordinal }) => ordinal === key.ordinal);
    if (placement !== undefined) return placement.leafId;
    const state = 'there is no such partition';
    throw databaseError('partitionNotOnline', { partition: partitionName(key), state });
  }

  /** Sharded rows are joined with reference tables on their own leaf. */
  async #ensureReference(name: string, leafId: number): Promise<void> {
    const { catalog, partitions, inTurn } = this.#parts;
    const isNew = await inTurn(name, async () => {
      const database = catalog.database(name);
      const reference = must(
        database.placements.find(({ ordinal }) => ordinal === REFERENCE_ORDINAL),
      );
      if ([reference.leafId, ...reference.replicaLeafIds].includes(leafId)) return false;
      const replicaLeafIds = [...reference.replicaLeafIds, leafId].toSorted((a, b) => a - b);
      const placements = database.placements.map((placement) =>
        placement === reference ? { ...placement, replicaLeafIds } : placement,
      );
      await catalog.put({ ...database, placements });
      await partitions.linkReplicas({ ...database, placements });
      return true;
    });
    const key = { database: name, ordinal: REFERENCE_ORDINAL };
    if (isNew) await this.#waitUntilNear({ key, to: leafId });
  }

  async #copy({ key, from, to }: Move): Promise<void> {
    const leaf = this.#leaf(to);
    const identity = identityOf(this.#parts.catalog.database(key.database), this.#parts);
    await leaf.call('createPartition', { key, role: 'replica', ...identity });
    const source = { address: addressOf(this.#parts.leaves, from), key, ticket: null };
    await leaf.call('startLink', { key, source });
  }

  /** Resolves when the copy streams and lacks nothing that it knows of. */
  async #waitUntilNear({ key, to }: Pick<Move, 'key' | 'to'>): Promise<void> {
    const { clock } = this.#parts;
    let movedAtMs = clock.monotonicMs();
    let before = '';
    for (;;) {
      const status = await this.#status(key, to);
      const link = status?.link ?? null;
      const isNear = link?.state === 'streaming' && link.lagRecords === 0;
      if (isNear && status?.state !== 'provisioning') return;
      const now = `${status?.tail.lsn} ${link?.snapshotBytesDone} ${link?.state}`;
      if (now !== before) movedAtMs = clock.monotonicMs();
      before = now;
      if (clock.monotonicMs() > movedAtMs + stalledMsMax) {
        const state = `its copy does not come on: ${link?.lastError ?? 'no link'}`;
        throw databaseError('partitionNotOnline', { partition: partitionName(key), state });
      }
      await clock.sleep(pollMs, this.#stopped.signal);
    }
  }

  /** Until the phase is written down the old copy can take writes again. */
  async #beginSwitch(move: Move): Promise<void> {
    const { key, from, to } = move;
    // It may have been dropped, or moved by somebody else.
    if (this.#leafIdOf(key) !== from) {
      const state = 'it has been moved meanwhile';
      throw databaseError('partitionNotOnline', { partition: partitionName(key), state });
    }
    const old = this.#leaf(from);
    try {
      const terms = { key, reason: 'move', leaseMs: fenceMs, waitMs: switchWaitMs } as const;
      await old.call('fence', terms);
      await this.#waitUntilEqual(key, from, to);
      await this.#write({ ...move, phase: 'switching' });
      this.#parts.failpoint('move-switching');
    } catch (error) {
      await old.call('fence', { key, reason: 'move', leaseMs: 0, waitMs: 0 });
      throw error;
    }
    await this.#finish(move);
  }

  async #waitUntilEqual(key: PartitionKey, from: number, to: number): Promise<void> {
    const { clock } = this.#parts;
    const deadline = clock.monotonicMs() + switchWaitMs;
    for (;;) {
      const [old, fresh] = [await this.#status(key, from), await this.#status(key, to)];
      if (isOpen(old) && isOpen(fresh) && old.tail.lsn === fresh.tail.lsn) return;
      if (clock.monotonicMs() > deadline) {
        const state = 'its copy does not get the last records';
        throw databaseError('partitionNotOnline', { partition: partitionName(key), state });
      }
      await clock.sleep(pollMs, this.#stopped.signal);
    }
  }

  /** Every step may be done again. In the database's turn. */
  async #finish({ key, from, to }: Move): Promise<void> {
    const { catalog, store, failpoint, leaves, logger, partitions } = this.#parts;
    const database = catalog.find(key.database);
    if (database !== null) {
      const old = await this.#status(key, from);
      if (old !== null && old.role === 'primary') await this.#leaf(from).call('demote', { key });
      failpoint('move-demoted');
      const fresh = await this.#status(key, to);
      if (old !== null && fresh?.role !== 'primary') await this.#waitUntilEqual(key, from, to);
      await this.#leaf(to).call('promote', { key, anyway: false });
      failpoint('move-promoted');
      await this.#leaf(from).call('dropPartition', {
        key,
        movedTo: addressOf(this.#parts.leaves, to),
      });
      failpoint('move-dropped');
      const isReference = key.ordinal === REFERENCE_ORDINAL;
      const replicas = isReference && !leaves.isLeaving(from) ? [from] : [];
      const moved = withPlacement(database, { ordinal: key.ordinal, to, replicas });
      await catalog.put(moved);
      if (isReference) await partitions.linkReplicas(moved);
    }
    await store.delete(storeKey(key));
    logger.info('a partition has moved', { partition: partitionName(key), from, to });
  }

  #goOnLater(key: PartitionKey): void {
    const going = this.#goOn(key);
    this.#beside.add(going);
    void this.#forgetAtEnd(going);
  }

  async #forgetAtEnd(going: Promise<void>): Promise<void> {
    await going;
    this.#beside.delete(going);
  }

  async #goOn(key: PartitionKey): Promise<void> {
    const { inTurn, clock, logger } = this.#parts;
    while (!this.#stopped.signal.aborted) {
      try {
        await inTurn(key.database, async () => {
          const move = await this.#read(key);
          if (move?.phase === 'switching') await this.#finish(move);
          else if (move !== null) await this.#takeBack(move);
        });
        return;
      } catch (error) {
        logger.warn('a move of a partition waits', { partition: partitionName(key) }, error);
      }
      try {
        await clock.sleep(againMs, this.#stopped.signal);
      } catch {
        return;
      }
    }
  }

  /** The copy goes; where its leaf is away, it is tried again at the next start. */
  async #takeBack({ key, to }: Move): Promise<void> {
    try {
      await this.#leaf(to).call('dropPartition', { key });
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      this.#parts.logger.warn('a copy is left behind', { partition: partitionName(key) }, error);
      return;
    }
    await this.#parts.store.delete(storeKey(key));
  }

  #leaf(nodeId: number): LeafService {
    return this.#parts.leaves.leaf(nodeId);
  }

  /** Null: it is not on that leaf. Throws leafUnreachable. */
  async #status(key: PartitionKey, nodeId: number): Promise<PartitionStatus | null> {
    const { database } = key;
    const { partitions } = await this.#leaf(nodeId).call('partitionStatus', { database });
    return partitions.find((each) => each.key.ordinal === key.ordinal) ?? null;
  }

  async #read(key: PartitionKey): Promise<Move | null> {
    const entry = await this.#parts.store.get(storeKey(key));
    return entry === null ? null : (entry.value as Move);
  }

  async #write(move: Move): Promise<void> {
    await this.#parts.store.put(storeKey(move.key), move);
  }
}

/** One that is recovering does not know its own end. */
function isOpen(status: PartitionStatus | null): status is PartitionStatus {
  return status !== null && status.state !== 'recovering';
}

function storeKey({ database, ordinal }: PartitionKey): string {
  return `${prefix}${keyWord(database)}/${ordinal}`;
}

function withPlacement(
  database: DatabaseDefinition,
  {
    ordinal,
    to,
    replicas,
  }: { readonly ordinal: number; readonly to: number; readonly replicas: readonly number[] },
): DatabaseDefinition {
  const placements = database.placements.map((placement) => {
    if (placement.ordinal !== ordinal) return placement;
    const others = placement.replicaLeafIds.filter((id) => id !== to);
    const replicaLeafIds = [...new Set([...others, ...replicas])].toSorted((a, b) => a - b);
    return { ordinal, leafId: to, replicaLeafIds };
  });
  return { ...database, placements };
}
