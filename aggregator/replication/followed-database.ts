// One database that follows another: brings its links to what its record says, again and again.

import { must } from '#shared/assert.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';
import type { DatabaseState } from '#shared/cluster/topology.ts';
import { DatabaseError } from '#shared/error.ts';
import { advanceCatalog } from './catalog-follower.ts';
import { FirstCopy } from './first-copy.ts';
import { gatherLeafStatuses, masterCopies } from './leaf-statuses.ts';
import { readLinkRecord, type LinkRecord } from './link-record.ts';
import { fetchReplicationSource } from './primary-client.ts';
import type { ReplicationParts } from './replication-parts.ts';
import type { ReplicationSource } from './replication-source.ts';
import { openPassword } from './seal-password.ts';

/** Between two looks at the links, in milliseconds. */
const tickMs = 500;
/**
 * While the first copy is made, a look comes after this part of the time that it has taken so
 * far, but not sooner than after `soonMs`: whoever waits for a short copy waits for it alone.
 */
const soonPart = 20;
const soonMs = 10;
/** A ticket is renewed when it is so old; it lives six times as long (ticket.ts). */
const renewMs = 60 * 60 * 1000;
/** A primary is asked again where its partitions are, when links are in trouble, so often. */
const askAgainMs = 2000;
/** So often one that refused, or was away, while the links need nothing new of it. */
const askRefusedMs = 30_000;

/** Runs from its construction until `stop`. */
export class FollowedDatabase {
  readonly #parts: ReplicationParts;
  readonly #name: string;
  readonly #stopped = new AbortController();
  readonly #ended: Promise<void>;
  readonly #begunAtMs: number;
  #isHurried = false;
  /** Ends the wait for the next look. */
  #wake: () => void = () => undefined;
  /** The first copy, until it is whole; null while there is nothing to be found whole. */
  #firstCopy: FirstCopy | null;
  #source: ReplicationSource | null;
  /** Monotonic milliseconds of the last attempt at the primary. */
  #askedAtMs: number;
  /** The source that each partition was handed, by ordinal. */
  readonly #handed = new Map<number, ReplicationSource>();
  #asking: Promise<void> | null = null;
  /** The schema behind which no partition needs to go back. */
  #releasedVersion = -1;
  /** Why the primary's master aggregator could not be asked; '' when it could. */
  lastError = '';

  /** `source`: what REPLICATE has just asked for, and handed to every partition; else null. */
  constructor(parts: ReplicationParts, name: string, source: ReplicationSource | null) {
    this.#parts = parts;
    this.#name = name;
    this.#source = source;
    this.#begunAtMs = parts.clock.monotonicMs();
    this.#firstCopy = source === null ? null : new FirstCopy();
    this.#askedAtMs = source === null ? -Infinity : parts.clock.monotonicMs();
    for (const { ordinal } of source?.partitions ?? []) this.#handed.set(ordinal, must(source));
    this.#ended = this.#run();
  }

  /** CONTINUE: the links start now, and the primary is asked anew. */
  renew(): void {
    this.#askedAtMs = -Infinity;
    this.#handed.clear();
    this.#hurry();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#hurry();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { logger } = this.#parts;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#tick();
      } catch (error) {
        if (signal.aborted) return;
        logger.warn('a followed database could not be looked after', this.#fields, error);
      }
      if (!this.#isHurried) await this.#wait();
      this.#isHurried = false;
    }
  }

  /** The next look is now. */
  #hurry(): void {
    this.#isHurried = true;
    this.#wake();
  }

  /** Until the next look is due, or hurried, or the last one was. */
  async #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = this.#parts.clock.after(this.#waitMs(), resolve);
    await promise;
    timer.cancel();
  }

  #waitMs(): number {
    const state = this.#parts.catalog.find(this.#name)?.state;
    if (state !== 'provisioning') return tickMs;
    const sinceMs = this.#parts.clock.monotonicMs() - this.#begunAtMs;
    return Math.min(tickMs, Math.max(soonMs, Math.floor(sinceMs / soonPart)));
  }

  get #fields(): { database: string } {
    return { database: this.#name };
  }

  async #tick(): Promise<void> {
    const record = await readLinkRecord(this.#parts.store, this.#name);
    const database = this.#parts.catalog.find(this.#name);
    if (record === null || database === null || database.role !== 'secondary') return;
    if (record.intent === 'starting' || record.intent === 'stopping') return;
    const leaves = await gatherLeafStatuses(this.#parts, this.#name);
    const masters = masterCopies(database, leaves);
    // What a leaf is still opening says nothing of itself yet.
    for (const [ordinal, { state }] of masters) if (state === 'recovering') masters.delete(ordinal);
    if (record.intent === 'paused') await this.#pauseLinks(masters);
    else await this.#startLinks(record, masters);
    await advanceCatalog(this.#parts, this.#name, masters);
    await this.#releaseBases(masters);
    if (masters.size === database.placements.length) await this.#noteState(record, masters);
  }

  /** Once all partitions have one schema, none needs to go back behind its definitions. */
  async #releaseBases(masters: ReadonlyMap<number, PartitionStatus>): Promise<void> {
    const versions = new Set([...masters.values()].map(({ catalogVersion }) => catalogVersion));
    const placements = this.#parts.catalog.find(this.#name)?.placements ?? [];
    const [version = 0] = versions;
    if (masters.size < placements.length || versions.size > 1) return;
    if (version === this.#releasedVersion) return;
    for (const { key } of masters.values()) {
      await this.#leafOf(key.ordinal)?.call('releaseBase', { key, version });
    }
    this.#releasedVersion = version;
  }

  async #pauseLinks(masters: ReadonlyMap<number, PartitionStatus>): Promise<void> {
    for (const { key, link } of masters.values()) {
      if (link === null || link.state === 'paused') continue;
      await this.#leafOf(key.ordinal)?.call('pauseLink', { key });
    }
  }

  async #startLinks(
    record: LinkRecord,
    masters: ReadonlyMap<number, PartitionStatus>,
  ): Promise<void> {
    this.#askWhenDue(record, masters);
    const source = this.#source;
    if (source === null) return;
    // Each writes down what it follows, durably: one after another, the last would wait for all.
    await Promise.all(
      [...masters].map(async ([ordinal, { key, link }]) => {
        const isStopped = link?.state === 'failed' || link?.state === 'diverged';
        const isHanded = this.#handed.get(ordinal) === source;
        const isIdle = link === null || link.state === 'paused';
        if ((isHanded && !isIdle) || (isStopped && this.#handed.has(ordinal))) return;
        const partition = source.partitions.find((entry) => entry.ordinal === ordinal);
        const leaf = this.#leafOf(ordinal);
        if (partition === undefined || leaf === null) return;
        const { address } = partition;
        const sourceKey = { database: record.remoteDatabase, ordinal };
        const { ticket } = source;
        await leaf.call('startLink', { key, source: { address, key: sourceKey, ticket } });
        this.#handed.set(ordinal, source);
      }),
    );
  }

  /** Asks beside the ticks: links that need nothing new do not wait for a primary that is away. */
  #askWhenDue(record: LinkRecord, masters: ReadonlyMap<number, PartitionStatus>): void {
    if (this.#asking !== null) return;
    const ageMs = this.#parts.clock.monotonicMs() - this.#askedAtMs;
    const inTrouble = [...masters.values()].some(({ link }) => link?.state === 'backing off');
    const isHurried = this.#source === null || inTrouble;
    const seldomMs = this.lastError === '' ? renewMs : askRefusedMs;
    if (ageMs >= (isHurried ? askAgainMs : seldomMs)) this.#asking = this.#ask(record);
  }

  async #ask(record: LinkRecord): Promise<void> {
    const { clock, clusterId, clusterSecret, logger } = this.#parts;
    this.#askedAtMs = clock.monotonicMs();
    try {
      const password = openPassword(clusterSecret, record.database, record.sealedPassword);
      const { host, port, user, remoteDatabase: database } = record;
      const login = { host, port, user, password, database };
      const source = await fetchReplicationSource({ login, follower: clusterId, clock });
      if (source.clusterId === record.primaryClusterId) this.#source = source;
      this.#hurry();
      this.lastError =
        source.clusterId === record.primaryClusterId
          ? ''
          : `another cluster (${source.clusterId}) answers at ${host}:${port}`;
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (this.lastError !== error.message) {
        logger.warn('the primary cannot be asked', this.#fields, error);
      }
      this.lastError = error.message;
    } finally {
      this.#asking = null;
    }
  }

  /** False while the first copy is not one state of the whole database. */
  async #isWhole(masters: ReadonlyMap<number, PartitionStatus>): Promise<boolean> {
    const ask = async (ordinal: number, key: PartitionStatus['key']) =>
      (await this.#leafOf(ordinal)?.call('primaryTail', { key }))?.tail ?? null;
    const copied = [...masters.values()].filter(({ maybeTorn }) => maybeTorn);
    // Known by the partitions themselves: another process may have begun it.
    if (copied.length > 0) this.#firstCopy ??= new FirstCopy();
    if (this.#firstCopy !== null && !(await this.#firstCopy.isWhole(masters, ask))) return false;
    await Promise.all(
      copied.map(({ key }) => this.#leafOf(key.ordinal)?.call('markWhole', { key })),
    );
    this.#firstCopy = null;
    return true;
  }

  #leafOf(ordinal: number) {
    const { catalog, leaves } = this.#parts;
    const placement = catalog.find(this.#name)?.placements.find((p) => p.ordinal === ordinal);
    if (placement === undefined || !leaves.isOnline(placement.leafId)) return null;
    return leaves.leaf(placement.leafId);
  }

  async #noteState(
    record: LinkRecord,
    masters: ReadonlyMap<number, PartitionStatus>,
  ): Promise<void> {
    const state = stateOf(record, [...masters.values()]);
    if (!(await this.#isWhole(masters))) return;
    if (this.#parts.catalog.find(this.#name)?.state === state) return;
    // Who is told that it replicates finds its tables.
    await advanceCatalog(this.#parts, this.#name, asWhole(masters));
    await this.#parts.inTurn(this.#name, async () => {
      const { store, catalog } = this.#parts;
      const current = catalog.find(this.#name);
      const now = await readLinkRecord(store, this.#name);
      if (current === null || current.role !== 'secondary' || now?.intent !== record.intent) return;
      await catalog.put({ ...current, state });
    });
  }
}

/** The same once each knows that it is whole. */
function asWhole(masters: ReadonlyMap<number, PartitionStatus>): Map<number, PartitionStatus> {
  return new Map([...masters].map(([ordinal, copy]) => [ordinal, { ...copy, maybeTorn: false }]));
}

function stateOf(record: LinkRecord, masters: readonly PartitionStatus[]): DatabaseState {
  if (masters.some(({ error }) => error !== '')) return 'unrecoverable';
  if (masters.some(({ state }) => state === 'provisioning')) return 'provisioning';
  return record.intent === 'paused' ? 'replication paused' : 'replicating';
}
