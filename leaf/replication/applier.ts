// What arrives becomes ours: a batch of records or a snapshot, whole and verified, or not at all.

import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Position } from '#shared/log/lsn.ts';
import type { RecordPart, SubscribeItem } from '#shared/wire/message.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { maybeTorn } from './link-file.ts';
import { SnapshotDownload } from './snapshot-download.ts';

/**
 * Writes one link's partition, and nobody else does. A download outlives the connection, so that
 * the next one goes on where this one was cut.
 */
export class Applier {
  readonly #partition: Partition;
  #download: SnapshotDownload | null = null;

  constructor(partition: Partition) {
    this.#partition = partition;
  }

  /** Where we are: everything up to here is ours, and durable once the partition is hardened. */
  get position(): Position {
    return this.#partition.log.tail;
  }

  get download(): SnapshotDownload | null {
    return this.#download;
  }

  /** For the subscription: the part of a snapshot that we already have. */
  get resume(): { snapshotId: string; offset: number } | null {
    if (this.#download === null) return null;
    return { snapshotId: this.#download.id, offset: this.#download.bytesDone };
  }

  /**
   * Applies whole frames; answers the position they lead to. What another cluster's primary has on
   * its disk can be read here at once, and is durable once the partition is hardened. Throws
   * FrameError when they do not continue our log (nothing is applied), partitionUnrecoverable when
   * a change does not fit.
   */
  async applyBatch(frames: Uint8Array): Promise<Position> {
    const partition = this.#partition;
    if (partition.role === 'secondary') return partition.takeFrames(frames);
    await partition.applyFrames(frames);
    return this.position;
  }

  /** The same for a long record that comes in parts; null until all of it is there. */
  async applyPart(part: RecordPart): Promise<Position | null> {
    return (await this.#partition.applyPart(part)) ? this.position : null;
  }

  /** A snapshot is announced: the one we already have a part of, or another. */
  async beginSnapshot(announced: SubscribeItem & { kind: 'snapshot' }): Promise<void> {
    if (this.#download?.id === announced.id) return;
    await this.discardSnapshot();
    this.#download = await SnapshotDownload.begin(downloadPath(this.#partition), announced);
  }

  /** Makes the whole snapshot our content; answers its position. */
  async installSnapshot(download: SnapshotDownload): Promise<Position> {
    await download.finish();
    this.#download = null;
    // A replica's partition has no others beside it.
    if (this.#partition.role === 'secondary') await maybeTorn.set(this.#partition);
    await this.#partition.installSnapshot(download.path, download.position);
    return this.position;
  }

  async discardSnapshot(): Promise<void> {
    await this.#download?.discard();
    this.#download = null;
  }

  /** Reads begin when everything is ours that the primary had when we came to it. */
  async provisionedAt(primaryTail: Position['lsn']): Promise<void> {
    if (this.#partition.provisioned || this.position.lsn < primaryTail) return;
    await this.#partition.markProvisioned();
  }

  /** Deletes what a link that was dropped had begun to download. */
  static async removeLeftovers(partition: Partition): Promise<void> {
    await rm(downloadPath(partition), { force: true });
  }
}

function downloadPath(partition: Partition): string {
  return join(dirname(partition.log.directory), 'link-snapshot.download');
}
