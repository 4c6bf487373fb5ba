// Makes and removes the partitions of a database on the leaves that its placements name.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import { keyWord } from '#aggregator/metadata/store-key.ts';
import { must } from '#shared/assert.ts';
import type { Clock } from '#shared/clock.ts';
import {
  copiesOf,
  REFERENCE_ORDINAL,
  type PartitionCopy,
  type PartitionPlacement,
} from '#shared/cluster/topology.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import { addressOf } from './address-of.ts';

const droppedPrefix = 'dropped/';
const retryMs = 1000;

export interface DatabasePartitionsParts {
  readonly clusterId: string;
  readonly leaves: LeafDirectory;
  readonly store: MetadataStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A database that is gone, and which of its name it was: another may have been made since. */
interface Dropped {
  readonly database: string;
  /** Absent: 0. */
  readonly incarnation?: number;
  readonly copies: readonly PartitionCopy[];
}

function droppedKey({ database, incarnation = 0 }: Dropped): string {
  return `${droppedPrefix}${keyWord(database)}/${incarnation}`;
}

/** What a new partition keeps of its database: how it writes, which one it is, and whose. */
export function identityOf(
  { durability, incarnation = 0 }: DatabaseDefinition,
  { clusterId }: { readonly clusterId: string },
) {
  return { durability, incarnation, origin: clusterId };
}

export class DatabasePartitions {
  readonly #parts: DatabasePartitionsParts;
  readonly #stopped = new AbortController();

  constructor(parts: DatabasePartitionsParts) {
    this.#parts = parts;
  }

  /**
   * Makes every partition of the database, in the role of the database, and the replicas of its
   * reference partition, which follow it. What an older database of the name has left on a leaf
   * is replaced. Throws what a leaf throws; the caller then drops what there is.
   */
  async create(database: DatabaseDefinition): Promise<void> {
    await Promise.all(
      database.placements.map((placement) => this.#createMaster(database, placement)),
    );
    await this.linkReplicas(database);
  }

  /** Makes the replicas of the reference partition, and has them follow. Idempotent. */
  async linkReplicas(database: DatabaseDefinition): Promise<void> {
    const reference = must(
      database.placements.find((placement) => placement.ordinal === REFERENCE_ORDINAL),
    );
    await Promise.all(
      reference.replicaLeafIds.map((leafId) => this.#createReplica(database, reference, leafId)),
    );
  }

  /**
   * Drops every copy of every partition. One on a leaf that is away is dropped when it is back:
   * that is written down first, so no crash forgets it.
   */
  async drop(database: DatabaseDefinition): Promise<void> {
    const { name, incarnation = 0, placements } = database;
    const dropped = { database: name, incarnation, copies: copiesOf(placements) };
    const key = droppedKey(dropped);
    await this.#parts.store.put(key, dropped);
    const left = await this.#dropCopies(dropped);
    if (left.length === 0) await this.#parts.store.delete(key);
    else void this.#dropLater(key, { ...dropped, copies: left });
  }

  /** Goes on with the drops that a crash, or a leaf that was away, has left. */
  async resume(): Promise<void> {
    for (const { key, value } of await this.#parts.store.list(droppedPrefix)) {
      void this.#dropLater(key, value as Dropped);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #createMaster(database: DatabaseDefinition, placement: PartitionPlacement): Promise<void> {
    const key = { database: database.name, ordinal: placement.ordinal };
    const { role } = database;
    const leaf = this.#parts.leaves.leaf(placement.leafId);
    const identity = identityOf(database, this.#parts);
    await leaf.call('createPartition', { key, role, ...identity });
  }

  async #createReplica(
    database: DatabaseDefinition,
    reference: PartitionPlacement,
    leafId: number,
  ): Promise<void> {
    const key = { database: database.name, ordinal: REFERENCE_ORDINAL };
    const leaf = this.#parts.leaves.leaf(leafId);
    const identity = identityOf(database, this.#parts);
    await leaf.call('createPartition', { key, role: 'replica', ...identity });
    const address = addressOf(this.#parts.leaves, reference.leafId);
    await leaf.call('startLink', { key, source: { address, key, ticket: null } });
  }

  async #dropCopies(dropped: Dropped): Promise<readonly PartitionCopy[]> {
    const { copies } = dropped;
    const results = await Promise.all(copies.map((copy) => this.#dropCopy(dropped, copy)));
    return copies.filter((_, index) => results[index] === false);
  }

  /** False when the leaf is away. One that was removed from the cluster has nothing of ours. */
  async #dropCopy(
    { database, incarnation = 0 }: Dropped,
    { ordinal, leafId }: PartitionCopy,
  ): Promise<boolean> {
    const { leaves } = this.#parts;
    if (!leaves.nodes().some(({ id }) => id === leafId)) return true;
    try {
      const leaf = leaves.leaf(leafId);
      await leaf.call('dropPartition', { key: { database, ordinal }, incarnation });
      return true;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      return false;
    }
  }

  async #dropLater(key: string, dropped: Dropped): Promise<void> {
    const { store, clock, logger } = this.#parts;
    const { database } = dropped;
    let left = dropped.copies;
    try {
      while (left.length > 0) {
        await clock.sleep(retryMs, this.#stopped.signal);
        left = await this.#dropCopies({ ...dropped, copies: left });
      }
      await store.delete(key);
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      logger.error('partitions of a dropped database are left behind', { database }, error);
    }
  }
}
