// A backup that is being made, written down so that a crash leaves neither files nor followers.

import { rm } from 'node:fs/promises';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { DatabaseError } from '#shared/error.ts';
import type { BackupParts } from './backup-parts.ts';

const prefix = 'backup/';
const retryMs = 1000;

export interface BackupRecord {
  readonly id: string;
  readonly database: string;
  /** Where its files are until it is whole. */
  readonly unfinished: string;
  /** Where the leaves keep records for it. */
  readonly places: readonly { readonly ordinal: number; readonly leafId: number }[];
}

/** What the leaves know a backup by. */
export function followerIdOf(record: Pick<BackupRecord, 'id'>): string {
  return `backup/${record.id}`;
}

export async function beginRecord(
  parts: BackupParts,
  database: DatabaseDefinition,
  unfinished: string,
): Promise<BackupRecord> {
  const id = Buffer.from(parts.clock.randomBytes(9)).toString('hex');
  const places = database.placements.map(({ ordinal, leafId }) => ({ ordinal, leafId }));
  const record = { id, database: database.name, unfinished, places };
  await parts.store.put(`${prefix}${id}`, record);
  return record;
}

/** The backup has ended, well or not: nobody keeps anything for it. */
export async function endRecord(parts: BackupParts, record: BackupRecord): Promise<void> {
  await rm(record.unfinished, { recursive: true, force: true });
  const left = await forget(parts, record, record.places);
  if (left.length === 0) await parts.store.delete(`${prefix}${record.id}`);
  else void forgetLater(parts, record, left);
}

/** What a crash has cut off is cleared away; returns at once. */
export async function resumeBackups(parts: BackupParts): Promise<void> {
  for (const { value } of await parts.store.list(prefix)) {
    const record = value as BackupRecord;
    parts.logger.warn('a backup was cut off and is removed', { database: record.database });
    await rm(record.unfinished, { recursive: true, force: true });
    void forgetLater(parts, record, record.places);
  }
}

async function forgetLater(
  parts: BackupParts,
  record: BackupRecord,
  places: BackupRecord['places'],
): Promise<void> {
  const { clock, stop, store, logger } = parts;
  try {
    for (let left = places; left.length > 0;) {
      await clock.sleep(retryMs, stop.signal);
      left = await forget(parts, record, left);
    }
    await store.delete(`${prefix}${record.id}`);
  } catch (error) {
    if (stop.signal.aborted) return;
    logger.error('a backup could not be cleared away', { database: record.database }, error);
  }
}

/** Answers the places whose leaf is away. */
async function forget(
  parts: BackupParts,
  record: BackupRecord,
  places: BackupRecord['places'],
): Promise<BackupRecord['places']> {
  const followerId = followerIdOf(record);
  const { database } = record;
  const done = await Promise.all(
    places.map(async ({ ordinal, leafId }) => {
      try {
        const key = { database, ordinal };
        await parts.leaves.leaf(leafId).call('forgetFollower', { key, followerId });
        return true;
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        // A partition that is gone keeps nothing; a leaf that is away is asked again.
        return !error.is('leafUnreachable');
      }
    }),
  );
  return places.filter((_, index) => done[index] === false);
}
