// Everything that any log has ever held, and what the rows must be after each record of it.
//
// Looked at again and again while a world lives. Each record is one entry, known by its hash; its
// model is that of the record before it and itself. So whatever copy stands behind that record, in
// whichever cluster, must have exactly those rows.

import { DatabaseError } from '#shared/error.ts';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { Position } from '#shared/log/lsn.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { PartitionModel, rowsText, type Verdict } from '#test/simulation/model.ts';
import type { SimulatedCluster } from '#test/simulation/simulated-cluster.ts';
import type { SimulatedLeaf } from '#test/simulation/simulated-leaf.ts';
import type { World } from '#test/simulation/world.ts';

/** A broken promise: the end of a world. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

interface Entry {
  readonly hash: string;
  readonly before: string;
  readonly model: PartitionModel;
}

/** Where the reading of one copy's log stands. */
interface Reading {
  position: Position;
}

const nothing = '';

export class Archive {
  readonly #world: World;
  /** By ordinal and hash. */
  readonly #entries = new Map<string, Entry>();
  /** By ordinal, term and LSN: its hash. */
  readonly #places = new Map<string, string>();
  /** By leaf and partition. */
  readonly #readings = new Map<string, Reading>();
  #broken: unknown = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** Reads what is new, and holds every open copy against it. Throws Violation. */
  observe(): void {
    this.read();
    if (this.#broken !== null) throw this.#broken;
    for (const leaf of this.#world.leaves) {
      for (const partition of leaf.partitions) {
        if (partition.failure === null) this.#checkRows(leaf, partition);
      }
    }
    for (const cluster of this.#world.clusters) this.#checkVerdicts(cluster);
    this.#checkConfirmed();
  }

  /** Reads what is new in the logs, before it may be trimmed. `observe` tells what is wrong. */
  read(): void {
    try {
      let waiting = this.#world.leaves.flatMap((leaf) =>
        leaf.partitions.filter(hasLog).map((partition) => ({ leaf, partition })),
      );
      // A copy may begin behind a record that is to be read in another copy first.
      for (let isLast = false; waiting.length > 0;) {
        const left = waiting.filter((copy) => !this.#isReadable(copy.partition) && !isLast);
        for (const copy of waiting) {
          if (left.includes(copy)) continue;
          this.#read(copy.leaf, copy.partition);
          this.#checkRetention(copy.leaf, copy.partition);
        }
        isLast = left.length === waiting.length;
        waiting = left;
      }
    } catch (error) {
      this.#broken ??= error;
    }
  }

  /** The rows that a partition must have, as far as its log is applied. */
  modelOf(partition: Partition): PartitionModel {
    return this.#modelFor(partition, partition.replay);
  }

  /**
   * A verdict that another partition has given may be carried out before it is on disk; and a
   * secondary may show what has been on the disk of another copy.
   */
  #modelFor({ key, log, name, role }: Partition, position: Position): PartitionModel {
    const isOnDisk = position.lsn <= log.hardened.lsn;
    if (isOnDisk || role === 'secondary') return this.#modelAt(key.ordinal, position);
    const early = new Violation(`${name}: record ${position.lsn} is visible and not on disk`);
    if (position.lsn > log.hardened.lsn + 1n) throw early;
    const before = log.reader.positionAt(position.lsn - 1n);
    const [record] = log.reader.records(before);
    const model = this.#modelAt(key.ordinal, before).copy();
    const isOthers = model.prepared !== null && model.prepared.participants[0] !== key.ordinal;
    if (record === undefined || !isOthers) throw early;
    model.take(record);
    if (model.prepared !== null) throw early;
    return model;
  }

  #modelAt(ordinal: number, position: Position): PartitionModel {
    if (position.lsn === 0n) return new PartitionModel();
    const entry = this.#entries.get(keyOf(ordinal, hashOf(position.logHash)));
    if (entry === undefined) {
      throw new Violation(`partition ${ordinal} stands behind record ${position.lsn}, never seen`);
    }
    return entry.model;
  }

  /** The record before its first one is known. */
  #isReadable({ key, log }: Partition): boolean {
    const { lsn, logHash } = log.reader.positionAt(log.firstLsn - 1n);
    return lsn === 0n || this.#entries.has(keyOf(key.ordinal, hashOf(logHash)));
  }

  #read(leaf: SimulatedLeaf, partition: Partition): void {
    const { log } = partition;
    const name = `${leaf.name}/${partition.name}`;
    const known = this.#readings.get(name);
    const isSame = known !== undefined && log.reader.contains(known.position) === 'same';
    const from = isSame ? known.position : log.reader.positionAt(log.firstLsn - 1n);
    let position = from;
    for (const record of log.reader.records(from)) {
      // A power cut may take it back: it is nobody's yet.
      if (record.lsn > log.hardened.lsn) break;
      this.#keep(name, partition.key.ordinal, position, record);
      position = { term: record.term, lsn: record.lsn, logHash: record.logHash };
    }
    this.#readings.set(name, { position });
  }

  #keep(name: string, ordinal: number, before: Position, record: LogRecord): void {
    const hash = hashOf(record.logHash);
    const previous = before.lsn === 0n ? nothing : hashOf(before.logHash);
    const known = this.#entries.get(keyOf(ordinal, hash));
    if (known !== undefined) {
      if (known.before === previous) return;
      throw new Violation(`${name}: record ${record.lsn} follows another record than elsewhere`);
    }
    if (record.lsn !== before.lsn + 1n) {
      throw new Violation(`${name}: record ${record.lsn} comes after record ${before.lsn}`);
    }
    const place = `${ordinal}/${record.term}/${record.lsn}`;
    if (this.#places.has(place)) {
      throw new Violation(`${name}: two records are number ${record.lsn} of term ${record.term}`);
    }
    if (record.term < before.term) throw new Violation(`${name}: the term goes back`);
    this.#places.set(place, hash);
    const model = this.#modelAt(ordinal, before).copy();
    model.take(record);
    this.#entries.set(keyOf(ordinal, hash), { hash, before: previous, model });
  }

  /**
   * What a follower has not confirmed is there: no world here comes near the limits. At a secondary
   * a snapshot may have taken the place of its log.
   */
  #checkRetention(leaf: SimulatedLeaf, partition: Partition): void {
    if (partition.role !== 'primary') return;
    const { firstLsn } = partition.log;
    for (const { id, confirmed, letGo } of partition.followers.list()) {
      if (letGo !== '') throw new Violation(`${leaf.name}: ${id} was let go: ${letGo}`);
      if (confirmed + 1n >= firstLsn) continue;
      const name = `${leaf.name}/${partition.name}`;
      throw new Violation(`${name}: ${id} is at ${confirmed}, and the log begins at ${firstLsn}`);
    }
  }

  /** A secondary has confirmed nothing that it has written and not on disk. */
  #checkConfirmed(): void {
    const open = this.#world.leaves.flatMap(({ partitions }) => partitions);
    const copies = open.filter(({ failure }) => failure === null);
    for (const { log, name, key } of copies.filter(({ role }) => role === 'secondary')) {
      const sources = copies.filter((copy) => copy.role === 'primary' && isSame(copy.key, key));
      for (const { id, confirmed } of sources.flatMap(({ followers }) => followers.list())) {
        const isOurs = id.endsWith(`/${name}`) && confirmed <= log.tail.lsn;
        if (!isOurs || confirmed <= log.hardened.lsn) continue;
        throw new Violation(`${id}: record ${confirmed} is confirmed and not on disk`);
      }
    }
  }

  #checkRows(leaf: SimulatedLeaf, partition: Partition): void {
    const path = join(partition.log.directory, '../data.sqlite');
    const found = readRows(path);
    if (found === null) return;
    const expected = this.#modelFor(partition, found.applied);
    const text = rowsText(found.rows);
    if (text === expected.text()) return;
    throw new Violation(
      `${leaf.name}/${partition.name} is not what its log leads to at ${found.applied.lsn}:\n` +
        `  has  ${text}\n  must ${expected.text()}`,
    );
  }

  /** One verdict a transaction, over all partitions of a cluster that are at work. */
  #checkVerdicts(cluster: SimulatedCluster): void {
    const verdicts = new Map<string, Verdict>();
    for (const leaf of cluster.leaves) {
      for (const partition of leaf.partitions) {
        if (partition.failure !== null || partition.role !== 'primary') continue;
        for (const [id, verdict] of this.modelOf(partition).verdicts) {
          const other = verdicts.get(id) ?? null;
          if (other !== null && verdict !== null && other !== verdict) {
            throw new Violation(`transaction ${id} is committed and aborted in ${cluster.id}`);
          }
          verdicts.set(id, verdict ?? other);
        }
      }
    }
  }
}

function isSame(a: PartitionKey, b: PartitionKey): boolean {
  return a.database === b.database && a.ordinal === b.ordinal;
}

function keyOf(ordinal: number, hash: string): string {
  return `${ordinal}/${hash}`;
}

function hashOf(logHash: Uint8Array): string {
  return Buffer.from(logHash).toString('hex');
}

/** What is visible in a SQLite file, by a connection of our own; null before there is a table. */
function readRows(
  path: string,
): { readonly applied: Position; readonly rows: ReadonlyMap<string, bigint> } | null {
  const file = new DatabaseSync(path, { readOnly: true });
  try {
    const table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'account'";
    if (file.prepare(table).get() === undefined) return null;
    file.exec('BEGIN');
    const meta = file.prepare(metaQuery).get();
    const select = file.prepare('SELECT id, balance FROM account');
    select.setReadBigInts(true);
    const rows = new Map<string, bigint>();
    for (const row of select.all()) rows.set(String(row['id']), row['balance'] as bigint);
    return { applied: appliedOf(meta), rows };
  } finally {
    file.close();
  }
}

const metaQuery = 'SELECT term, lsn, log_hash FROM _twinleaf_meta';

function appliedOf(meta: Record<string, unknown> | undefined): Position {
  const { term, lsn, log_hash: logHash } = meta ?? {};
  return { term: Number(term), lsn: BigInt(lsn as number), logHash: logHash as Uint8Array };
}

/** Not while it is closed because of a fault, or its files are being replaced. */
function hasLog(partition: Partition): boolean {
  if (partition.failure !== null) return false;
  try {
    return partition.log.tail.lsn >= 0n;
  } catch (error) {
    if (error instanceof DatabaseError && error.is('partitionNotOnline')) return false;
    throw error;
  }
}
