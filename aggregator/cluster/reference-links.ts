// The copies of reference partitions within the cluster follow their master copy, wherever it is: a
// leaf may come back at another address, and nobody else tells them.

import type { Observable, Subscription } from 'rxjs';
import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Catalog } from '#aggregator/metadata/catalog.ts';
import { gatherLeafStatuses, type LeafPartitions } from '#aggregator/replication/leaf-statuses.ts';
import type { Clock } from '#shared/clock.ts';
import { REFERENCE_ORDINAL, type Address, type PartitionKey } from '#shared/cluster/topology.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import { findAddress } from './address-of.ts';

/** Before another look, where a leaf did not answer or was still opening its copy. */
const againMs = 1000;

export interface ReferenceLinksParts {
  readonly catalog: Catalog;
  readonly leaves: LeafDirectory & { readonly online$: Observable<number> };
  readonly inTurn: <T>(database: string, work: () => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A copy on a leaf that is online, and where it is to follow. */
interface Copy {
  readonly key: PartitionKey;
  readonly leafId: number;
  readonly masterId: number;
}

/** Runs from `start` until `stop`: looks at every copy each time that a leaf is there anew. */
export class ReferenceLinks {
  readonly #parts: ReferenceLinksParts;
  readonly #stopped = new AbortController();
  #subscription: Subscription | null = null;
  #isDue = false;
  #running: Promise<void> | null = null;

  constructor(parts: ReferenceLinksParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#subscription = this.#parts.leaves.online$.subscribe(() => this.#look());
    this.#look();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#subscription?.unsubscribe();
    await this.#running;
  }

  #look(): void {
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#parts;
    const { signal } = this.#stopped;
    try {
      while (this.#isDue && !signal.aborted) {
        this.#isDue = false;
        if (await this.#linkAll()) continue;
        this.#isDue = true;
        await clock.sleep(againMs, signal);
      }
    } catch (error) {
      if (!signal.aborted)
        logger.error('copies of reference tables are not looked after', {}, error);
    } finally {
      this.#running = null;
    }
  }

  /** False where a leaf that is online has to be asked again. */
  async #linkAll(): Promise<boolean> {
    const copies = this.#copies();
    if (copies.length === 0) return true;
    const statuses = await gatherLeafStatuses(this.#parts, null);
    const linked = await Promise.all(copies.map((copy) => this.#link(copy, statuses)));
    return linked.every(Boolean);
  }

  #copies(): Copy[] {
    const { catalog, leaves } = this.#parts;
    return catalog
      .databases()
      .flatMap(({ name, placements }) =>
        placements
          .filter(({ ordinal }) => ordinal === REFERENCE_ORDINAL)
          .flatMap(({ ordinal, leafId: masterId, replicaLeafIds }) =>
            replicaLeafIds
              .filter((leafId) => leaves.isOnline(leafId))
              .map((leafId) => ({ key: { database: name, ordinal }, leafId, masterId })),
          ),
      );
  }

  async #link(copy: Copy, statuses: readonly LeafPartitions[]): Promise<boolean> {
    const { inTurn, logger } = this.#parts;
    const { key, leafId } = copy;
    const leaf = statuses.find(({ node }) => node.id === leafId);
    const status = leaf?.partitions.find((each) => isSame(each.key, key));
    // What is not there is being made, or dropped, by somebody who links it.
    if (status === undefined) return leaf?.error === '';
    if (status.state === 'recovering') return false;
    if (status.role !== 'replica' || this.#follows(copy, status.link?.source ?? null)) return true;
    try {
      await inTurn(key.database, () => this.#linkAnew(copy));
      return true;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      logger.warn('a copy of reference tables cannot be linked', { database: key.database }, error);
      return false;
    }
  }

  #follows({ masterId }: Copy, source: Address | null): boolean {
    const address = findAddress(this.#parts.leaves, masterId);
    if (address === null) return true;
    return source?.host === address.host && source.port === address.port;
  }

  /** In the database's turn: it may have been dropped, or moved, meanwhile. */
  async #linkAnew({ key, leafId, masterId }: Copy): Promise<void> {
    const { leaves, logger } = this.#parts;
    const isStill = this.#copies().some(
      (copy) => isSame(copy.key, key) && copy.leafId === leafId && copy.masterId === masterId,
    );
    const address = findAddress(this.#parts.leaves, masterId);
    if (!isStill || address === null) return;
    await leaves.leaf(leafId).call('startLink', { key, source: { address, key, ticket: null } });
    logger.info('a copy of reference tables follows its leaf to another address', {
      database: key.database,
      node: leafId,
    });
  }
}

function isSame(a: PartitionKey, b: PartitionKey): boolean {
  return a.database === b.database && a.ordinal === b.ordinal;
}
