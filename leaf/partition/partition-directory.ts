// The files of a partition, and the one change of them that takes several steps: a new snapshot.
//
//     data.sqlite        the state          log/         the segments
//     data.sqlite.ready  a snapshot that is whole and must take data.sqlite's place
//     snapshots/         copies for followers          followers    who follows
//     incarnation        whose schema tasks must be planned for
//
// From the moment data.sqlite.ready has its name, the old content counts no more: every start
// goes on where the last one was cut, until the new file has taken its place.

import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { samePosition } from '#shared/log/log-frame.ts';
import type { Position } from '#shared/log/lsn.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import { replaceFile } from '#leaf/log/durable-file.ts';
import { Log } from '#leaf/log/log.ts';
import type { LogOptions } from '#leaf/log/log-options.ts';
import { syncDirectory, syncFile } from '#leaf/log/sync-files.ts';
import type { Failpoint } from './failpoint.ts';
import { readMeta, type PartitionMeta } from './state-file.ts';

export interface PartitionPaths {
  readonly directory: string;
  readonly file: string;
  readonly log: string;
  readonly ready: string;
  readonly snapshots: string;
  readonly followers: string;
  /** See plan-version.ts: it outlives the content. */
  readonly incarnation: string;
}

export function partitionPaths(directory: string): PartitionPaths {
  const file = join(directory, 'data.sqlite');
  return {
    directory,
    file,
    log: join(directory, 'log'),
    ready: `${file}.ready`,
    snapshots: join(directory, 'snapshots'),
    followers: join(directory, 'followers'),
    incarnation: join(directory, 'incarnation'),
  };
}

/**
 * Makes a received snapshot this partition's own, and durable, and gives it the name from which on
 * it counts. Throws when the file does not hold what was promised.
 */
export async function readySnapshot(
  paths: PartitionPaths,
  received: string,
  own: {
    readonly position: Position;
    readonly meta: Omit<PartitionMeta, 'provisioned'>;
    /** True: it is the partition's own content, and can be read at once. */
    readonly provisioned?: boolean;
  },
): Promise<void> {
  const snapshot = SqliteFile.open(received, { durable: false });
  try {
    if (!samePosition(readMeta(snapshot).applied, own.position)) {
      throw databaseError('internal', { reason: 'a snapshot is not of the position it was for' });
    }
    const set = 'SET role = ?, durability = ?, origin = ?, provisioned = ?';
    const { role, durability, origin } = own.meta;
    snapshot.run(`UPDATE _twinleaf_meta ${set}`, [
      role,
      durability,
      origin,
      own.provisioned === true ? 1n : 0n,
    ]);
    assert(snapshot.emptyWal(), 'nobody else reads a received snapshot');
  } finally {
    snapshot.close();
  }
  await syncFile(received);
  renameSync(received, paths.ready);
  await syncDirectory(paths.directory);
}

/**
 * Puts a ready snapshot in the place of data.sqlite, and begins the log anew at its position.
 * False when there is none.
 */
export async function installReadySnapshot(
  paths: PartitionPaths,
  options: { readonly segmentBytesMax: number; readonly failpoint: Failpoint },
): Promise<boolean> {
  if (!existsSync(paths.ready)) return false;
  const snapshot = SqliteFile.open(paths.ready);
  const { applied, timestamp, durability } = readMeta(snapshot);
  snapshot.close();
  for (const suffix of ['-wal', '-shm']) rmSync(`${paths.ready}${suffix}`, { force: true });
  const logOptions: LogOptions = { durability, segmentBytesMax: options.segmentBytesMax };
  await rm(paths.log, { recursive: true, force: true });
  options.failpoint('after-log-removed');
  const log = await Log.create(paths.log, { position: applied, timestamp }, logOptions);
  await log.close();
  options.failpoint('after-log-reset');
  for (const suffix of ['-wal', '-shm']) rmSync(`${paths.file}${suffix}`, { force: true });
  renameSync(paths.ready, paths.file);
  options.failpoint('after-file-replaced');
  await syncDirectory(paths.directory);
  return true;
}

/** Which database of its name the partition belongs to; 0 where that was never said. */
export function readIncarnation(paths: PartitionPaths): number {
  if (!existsSync(paths.incarnation)) return 0;
  return Number(readFileSync(paths.incarnation, 'utf8'));
}

/** See LeafCalls.setIncarnation. */
export async function setIncarnation(
  core: { readonly file: { readonly path: string }; incarnation: number },
  incarnation: number,
): Promise<void> {
  await writeIncarnation(partitionPaths(dirname(core.file.path)), incarnation);
  core.incarnation = incarnation;
}

/** Durable when it resolves. */
export async function writeIncarnation(paths: PartitionPaths, incarnation: number): Promise<void> {
  await replaceFile(paths.incarnation, Buffer.from(String(incarnation)));
}
