// The partitions on this leaf: create, open, close, drop.
//
//     <directory>/<database, percent-encoded>_<ordinal | reference>/
//
// A directory ending in `.new` is being made, one ending in `.dropped` is going: neither counts.

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addressText,
  partitionName,
  REFERENCE_ORDINAL,
  type Address,
  type PartitionKey,
} from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { Turns } from '#shared/turns.ts';
import type { LeafCalls } from '#shared/wire/message.ts';
import { syncDirectory } from '#leaf/log/sync-files.ts';
import type { PartitionIdentity } from '#leaf/partition/create-partition.ts';
import { failedStatus, type OwnStatus } from '#leaf/partition/own-status.ts';
import { partitionPaths, readIncarnation } from '#leaf/partition/partition-directory.ts';
import { Partition } from '#leaf/partition/partition.ts';
import type { PartitionEnvironment, PartitionPlace } from '#leaf/partition/partition-options.ts';
import { ReferenceFile } from '#leaf/partition/reference-file.ts';
import { RecoveringPartitions } from './recovering-partitions.ts';

const DIRECTORY_NAME = /^(.+)_(\d+|reference)$/;

/** What must know of partitions that come and go. */
export interface PartitionListener {
  /** It is open. Not called for one that is unrecoverable. */
  readonly opened: (partition: Partition) => Promise<void>;
  /** It is about to close. */
  readonly closing: (partition: Partition) => Promise<void>;
}

type DropOptions = Omit<LeafCalls['dropPartition']['request'], 'key'>;

export class PartitionSet {
  #directory: string;
  #environment: PartitionEnvironment;
  #listener: PartitionListener;
  #partitions = new Map<string, Partition>();
  /** By database. */
  #references = new Map<string, ReferenceFile>();
  /** By partition name: where those are that were here once. Forgotten by a restart. */
  readonly #moved = new Map<string, Address>();
  /** By partition name: when and why a damaged copy began again. Forgotten by a restart. */
  readonly #repairs = new Map<string, string>();
  /** What the leaf has found at its start, and not opened yet. */
  readonly #recovering: RecoveringPartitions;
  #opening: Promise<unknown> = Promise.resolve();
  /** By partition name: one creation or drop after another. */
  readonly #turns = new Turns();

  constructor(directory: string, environment: PartitionEnvironment, listener: PartitionListener) {
    this.#directory = directory;
    this.#environment = environment;
    this.#listener = listener;
    this.#recovering = new RecoveringPartitions(environment.clock);
  }

  /**
   * Opens every partition of the directory, which is made where it is not there. From the call on
   * all are known, as recovering; resolves when all are open.
   */
  open(): Promise<unknown> {
    mkdirSync(this.#directory, { recursive: true });
    const keys: PartitionKey[] = [];
    for (const name of readdirSync(this.#directory)) {
      if (name.endsWith('.new') || name.endsWith('.dropped')) {
        rmSync(join(this.#directory, name), { recursive: true });
      } else {
        const key = directoryToKey(name);
        if (key !== null && holdsPartition(join(this.#directory, name))) keys.push(key);
      }
    }
    this.#opening = this.#recovering.open(keys, async (key) => {
      await this.#opened(await Partition.open(this.#place(key), this.#environment));
    });
    return this.#opening;
  }

  /** True until the leaf has opened it, after its start. */
  isRecovering(key: PartitionKey): boolean {
    return this.#recovering.has(key);
  }

  /** Waits until it is not recovering. Throws partitionRecovering after a while. */
  async recovered(key: PartitionKey): Promise<void> {
    await this.#recovering.wait(key);
  }

  /** What is known of those that are recovering: all, or those of one database. */
  recovering(database: string | null): OwnStatus[] {
    return this.#recovering.keys(database).map((key) => failedStatus(this.#place(key), null));
  }

  /**
   * The partition of that key. Throws partitionNotOnline when this leaf does not have it,
   * partitionRecovering when it is not open yet.
   */
  find(key: PartitionKey): Partition {
    const partition = this.#partitions.get(partitionName(key));
    if (partition !== undefined) return partition;
    const name = partitionName(key);
    if (this.#recovering.has(key)) throw databaseError('partitionRecovering', { partition: name });
    const moved = this.#moved.get(name);
    if (moved !== undefined) {
      throw databaseError('partitionMoved', { partition: name, to: addressText(moved) });
    }
    const state = 'it is not on this leaf';
    throw databaseError('partitionNotOnline', { partition: name, state });
  }

  /** All that are open, or those of one database. */
  list(database: string | null): Partition[] {
    const all = [...this.#partitions.values()].filter(({ key }) => !this.#recovering.has(key));
    return database === null ? all : all.filter((partition) => partition.key.database === database);
  }

  /** When and why the partition began again from a snapshot, lately; '' when it did not. */
  lastRepair(key: PartitionKey): string {
    return this.#repairs.get(partitionName(key)) ?? '';
  }

  /**
   * Makes a partition; one that is there already, in the same role, is answered as it is, and one
   * of an older database of the name is replaced: it was dropped while this leaf was away.
   */
  async create(key: PartitionKey, identity: PartitionIdentity): Promise<void> {
    await this.#turns.inTurn(partitionName(key), async () => {
      if (this.#incarnationOf(key) < (identity.incarnation ?? 0)) await this.#drop(key);
      const existing = this.#partitions.get(partitionName(key));
      if (existing === undefined) {
        const place = this.#place(key);
        this.#moved.delete(partitionName(key));
        await this.#opened(await Partition.create(place, identity, this.#environment));
        this.#referencesChanged(key);
        return;
      }
      if (existing.role === identity.role) return;
      const reason = `partition ${existing.name} is there already, as ${existing.role}`;
      throw databaseError('internal', { reason });
    });
  }

  /**
   * Forgets a partition and its files; one that is not there is no error. `movedTo`: see find.
   * `incarnation`: false, and it stays, where it belongs to a database that has been made since.
   */
  async drop(
    key: PartitionKey,
    { movedTo, incarnation = Infinity }: DropOptions = {},
  ): Promise<boolean> {
    return await this.#turns.inTurn(partitionName(key), async () => {
      if (this.#incarnationOf(key) > incarnation) return false;
      const partition = this.#partitions.get(partitionName(key));
      if (partition !== undefined && movedTo !== undefined)
        this.#moved.set(partition.name, movedTo);
      await this.#drop(key);
      return true;
    });
  }

  async #drop(key: PartitionKey): Promise<void> {
    const partition = this.#partitions.get(partitionName(key));
    if (partition === undefined) return;
    await this.#listener.closing(partition);
    this.#partitions.delete(partition.name);
    this.#repairs.delete(partition.name);
    await partition.close();
    const { directory } = this.#place(key);
    // From the rename on it is gone, whatever happens to its files.
    const dropped = `${directory}.dropped`;
    await rm(dropped, { recursive: true, force: true });
    this.#environment.failpoint('before-drop-name');
    renameSync(directory, dropped);
    this.#environment.failpoint('after-drop-name');
    this.#referencesChanged(key);
    await syncDirectory(this.#directory);
    await rm(dropped, { recursive: true });
  }

  /** Which database of its name a partition belongs to that is there; 0 where there is none. */
  #incarnationOf(key: PartitionKey): number {
    return readIncarnation(partitionPaths(this.#place(key).directory));
  }

  /** Closes all; what was being written or opened is finished first. */
  async close(): Promise<void> {
    this.#recovering.stop();
    await Promise.allSettled([this.#opening]);
    await this.#turns.ended();
    for (const partition of this.#partitions.values()) {
      await this.#listener.closing(partition);
      await partition.close();
    }
    this.#partitions.clear();
  }

  async #opened(partition: Partition): Promise<void> {
    this.#partitions.set(partition.name, partition);
    // Those that were opened before it have attached the file that it may have replaced.
    this.#referencesChanged(partition.key);
    if (partition.failure !== null) return;
    try {
      await this.#listener.opened(partition);
    } catch (error) {
      // Its link file may be damaged: the partition serves, and waits for its source.
      const fields = { partition: partition.name };
      this.#environment.logger.error('A link could not go on.', fields, error);
    }
  }

  /** It stopped or could not be opened, and is back: with other files perhaps. */
  async #openedAgain(key: PartitionKey): Promise<void> {
    await this.#turns.inTurn(partitionName(key), async () => {
      const partition = this.#partitions.get(partitionName(key));
      if (partition === undefined) return;
      await this.#listener.closing(partition);
      await this.#opened(partition);
    });
  }

  #place(key: PartitionKey): PartitionPlace {
    return {
      directory: join(this.#directory, keyToDirectory(key)),
      key,
      reference: this.#reference(key),
      onFileReplaced: () => this.#referencesChanged(key),
      onOpenedAgain: () => void this.#openedAgain(key),
      onBegunAnew: (reason) => {
        const time = new Date(this.#environment.clock.now()).toISOString();
        this.#repairs.set(partitionName(key), `${time}: ${reason}`);
      },
    };
  }

  #reference(key: PartitionKey): ReferenceFile {
    const { database } = key;
    if (key.ordinal === REFERENCE_ORDINAL) return new ReferenceFile(null);
    const known = this.#references.get(database);
    if (known !== undefined) return known;
    const name = keyToDirectory({ database, ordinal: REFERENCE_ORDINAL });
    const reference = new ReferenceFile(join(this.#directory, name, 'data.sqlite'));
    this.#references.set(database, reference);
    return reference;
  }

  #referencesChanged(key: PartitionKey): void {
    if (key.ordinal === REFERENCE_ORDINAL) this.#references.get(key.database)?.changed();
  }
}

/** `shop_0`, with what a file name cannot bear percent-encoded. */
export function keyToDirectory(key: PartitionKey): string {
  const database = encodeURIComponent(key.database).replaceAll('.', '%2E').replaceAll('*', '%2A');
  return partitionName({ database, ordinal: key.ordinal });
}

function directoryToKey(name: string): PartitionKey | null {
  const [, database, suffix] = DIRECTORY_NAME.exec(name) ?? [];
  if (database === undefined || suffix === undefined) return null;
  const ordinal = suffix === 'reference' ? REFERENCE_ORDINAL : Number(suffix);
  try {
    return { database: decodeURIComponent(database), ordinal };
  } catch {
    return null;
  }
}

/** Any file of a partition will do: where others are missing it is damaged, and says so. */
function holdsPartition(directory: string): boolean {
  const names = ['log', 'data.sqlite', 'data.sqlite.ready', 'identity.json'];
  return names.some((name) => existsSync(join(directory, name)));
}
