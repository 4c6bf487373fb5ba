// What a leaf must remember of a link, so that it goes on by itself after a restart.

import { existsSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { decode, encode } from '#shared/codec.ts';
import { databaseError } from '#shared/error.ts';
import type { LinkSource } from '#shared/wire/message.ts';
import type { Partition } from '#leaf/partition/partition.ts';

/** The ticket's key is a secret: the file is its owner's alone to read. */
const fileMode = 0o600;

export interface RememberedLink {
  readonly source: LinkSource;
  readonly followerId: string;
  readonly paused: boolean;
}

/** `link.msgpack` in the partition's directory. */
export function linkFilePath(partition: Partition): string {
  return join(dirname(partition.log.directory), 'link.msgpack');
}

/** The link of the partition, or null. Throws partitionUnrecoverable on a file that is none. */
export async function readLinkFile(partition: Partition): Promise<RememberedLink | null> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(linkFilePath(partition));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  try {
    return decode(bytes) as RememberedLink;
  } catch (error) {
    const reason = 'its link.msgpack cannot be read';
    throw databaseError('partitionUnrecoverable', { partition: partition.name, reason }, error);
  }
}

/** Replaces the file, durably and at once. */
export async function writeLinkFile(partition: Partition, link: RememberedLink): Promise<void> {
  const path = linkFilePath(partition);
  const file = await open(`${path}.new`, 'w', fileMode);
  try {
    await file.writeFile(encode(link));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncDirectoryOf(path);
}

/** Forgets the link. */
export async function removeLinkFile(partition: Partition): Promise<void> {
  await rm(linkFilePath(partition), { force: true });
}

function abandonedPath(partition: Partition): string {
  return join(dirname(partition.log.directory), 'abandoned');
}

/** True while the link must ask for a snapshot, whatever its log holds. */
export function isHistoryAbandoned(partition: Partition): boolean {
  return existsSync(abandonedPath(partition));
}

/** Remembers, durably, that the link must ask for a snapshot. */
export async function abandonHistory(partition: Partition): Promise<void> {
  const path = abandonedPath(partition);
  const file = await open(path, 'w', fileMode);
  await file.close();
  await syncDirectoryOf(path);
}

/** What the log holds is the primary's from here on, or the partition's own again. */
export async function keepHistory(partition: Partition): Promise<void> {
  await rm(abandonedPath(partition), { force: true });
}

function maybeTornPath(partition: Partition): string {
  return join(dirname(partition.log.directory), 'maybe-torn');
}

/** See PartitionStatus.maybeTorn. */
export function isMaybeTorn(partition: Partition): boolean {
  return existsSync(maybeTornPath(partition));
}

/** A snapshot is about to take the place of what it holds; durable when it resolves. */
export async function markMaybeTorn(partition: Partition): Promise<void> {
  const path = maybeTornPath(partition);
  const file = await open(path, 'w', fileMode);
  await file.close();
  await syncDirectoryOf(path);
}

/** The database was found whole since, or is promoted. */
export async function markWhole(partition: Partition): Promise<void> {
  await rm(maybeTornPath(partition), { force: true });
}

async function syncDirectoryOf(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** True when both name the same partition at the same address, by whatever ticket. */
export function sameOrigin(a: LinkSource, b: LinkSource): boolean {
  return (
    a.address.host === b.address.host &&
    a.address.port === b.address.port &&
    a.key.database === b.key.database &&
    a.key.ordinal === b.key.ordinal
  );
}
