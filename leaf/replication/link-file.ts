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

/** A file beside a partition's that says by its being there that something is so. */
class Mark {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  isSet(partition: Partition): boolean {
    return existsSync(this.#path(partition));
  }

  /** Durable when it resolves. */
  async set(partition: Partition): Promise<void> {
    const path = this.#path(partition);
    const file = await open(path, 'w', fileMode);
    await file.close();
    await syncDirectoryOf(path);
  }

  async remove(partition: Partition): Promise<void> {
    await rm(this.#path(partition), { force: true });
  }

  #path(partition: Partition): string {
    return join(dirname(partition.log.directory), this.#name);
  }
}

/**
 * The link must ask for a snapshot, whatever the log holds: until that is the primary's, or the
 * partition's own again.
 */
export const abandoned = new Mark('abandoned');

/**
 * See PartitionStatus.maybeTorn: set before a snapshot takes the place of the content, until the
 * database was found whole since, or is promoted.
 */
export const maybeTorn = new Mark('maybe-torn');

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
