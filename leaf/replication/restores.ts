// Backups as they come back: each partition's snapshot grows in a file, then its records follow.

import { join, dirname } from 'node:path';
import { partitionName, type PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { RestoreStep } from '#shared/wire/backup-message.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { SnapshotDownload } from './snapshot-download.ts';

const fileName = 'restore.download';

/** What a leaf has taken in of restores that are under way, by partition. */
export class Restores {
  readonly #downloads = new Map<string, SnapshotDownload>();

  /** Takes one step. Throws linkProtocol for one out of its turn, and what the partition throws. */
  async take(partition: Partition, step: RestoreStep): Promise<void> {
    switch (step.kind) {
      case 'begin':
        return this.#begin(partition, step);
      case 'chunk':
        return this.#download(partition).append(step.offset, step.compressed);
      case 'install':
        return this.#install(partition);
      case 'records':
        await partition.applyFrames(step.frames);
        return;
      case 'record part':
        await partition.applyPart(step);
    }
  }

  async #begin(partition: Partition, step: RestoreStep & { kind: 'begin' }): Promise<void> {
    if (partition.role !== 'secondary' || partition.provisioned) {
      throw databaseError('linkProtocol', { reason: 'only an empty partition can be restored' });
    }
    await this.#downloads.get(partition.name)?.discard();
    const { position, bytesTotal } = step;
    const path = join(dirname(partition.log.directory), fileName);
    const announced = { kind: 'snapshot', id: fileName, position, reason: '', bytesTotal } as const;
    this.#downloads.set(partition.name, await SnapshotDownload.begin(path, announced));
  }

  async #install(partition: Partition): Promise<void> {
    const download = this.#download(partition);
    await download.finish();
    this.#downloads.delete(partition.name);
    await partition.installSnapshot(download.path, download.position);
  }

  #download(partition: Partition): SnapshotDownload {
    const download = this.#downloads.get(partition.name);
    if (download !== undefined) return download;
    throw databaseError('linkProtocol', { reason: 'no restore has begun' });
  }

  /** The partition goes: what has come of it goes too. */
  async forget(key: PartitionKey): Promise<void> {
    const name = partitionName(key);
    const download = this.#downloads.get(name);
    this.#downloads.delete(name);
    await download?.discard();
  }
}
