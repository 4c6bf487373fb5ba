// RESTORE DATABASE: a new database whose partitions begin as a backup's and end at its cut.
//
// Until it is whole it is `pending`, and a crash removes it, as it does a half-made database. Its
// partitions take the content in as secondaries do, then each opens the next term: a follower of
// the database that was backed up meets another history, and is told so.

import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { placePartitions } from '#aggregator/cluster/placement.ts';
import { placeableLeaves } from '#aggregator/cluster/placeable-leaves.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { leafOf } from '#aggregator/replication/master-leaves.ts';
import { raiseSequences, settleInDoubt } from '#aggregator/replication/promote-database.ts';
import { gatherLeafStatuses } from '#aggregator/replication/leaf-statuses.ts';
import { must } from '#shared/assert.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { frameLength } from '#shared/log/log-frame.ts';
import type { RestoreStep } from '#shared/wire/backup-message.ts';
import { forEachOf, type BackupParts } from './backup-parts.ts';
import { readChunks, type FileSeal } from './chunk-file.ts';
import { backupFileName, readManifest, type Manifest, type PartitionBackup } from './manifest.ts';

const decompress = promisify(zstdDecompress);
/** Log records of one chunk, unpacked, in bytes: a batch, or the longest record there is. */
const recordBytesMax = 160 * 1024 * 1024;
/** How long the copies of reference tables may take to follow. */
const replicaWaitMs = 30_000;
const replicaPollMs = 50;

interface Restore {
  readonly parts: BackupParts;
  readonly manifest: Manifest;
  readonly directory: string;
  /** As it will be; `pending` until then. */
  readonly database: DatabaseDefinition;
  readonly signal: AbortSignal;
}

/**
 * Restores the backup in `directory` as the database `name`. Throws databaseExists,
 * invalidRestorePath, backupNewer, backupDamaged, noLeaves, leafUnreachable, or the signal's
 * reason; nothing is left behind then.
 */
export async function restoreDatabase(
  parts: BackupParts,
  options: { readonly directory: string; readonly source: string; readonly name: string },
  signal: AbortSignal,
): Promise<{ partitions: number }> {
  const { directory, source, name } = options;
  const { catalog, partitions, sequences } = parts;
  if (catalog.find(name) !== null) throw databaseError('databaseExists', { name });
  const manifest = await readManifest(directory);
  if (manifest.database.name !== source) {
    const reason = `it is a backup of '${manifest.database.name}', not of '${source}'`;
    throw databaseError('invalidRestorePath', { path: directory, reason });
  }
  return await parts.inTurn(name, async () => {
    if (catalog.find(name) !== null) throw databaseError('databaseExists', { name });
    const made = newDatabase(parts, manifest, name);
    const database = { ...made, incarnation: await catalog.nextIncarnation() };
    await catalog.put(database);
    try {
      await fill({ parts, manifest, directory, database, signal });
      await catalog.put({ ...database, state: 'online' });
    } catch (error) {
      await partitions.drop(database);
      await catalog.remove(name);
      await sequences.forget(name, null);
      throw error;
    }
    return { partitions: database.placements.length };
  });
}

function newDatabase(parts: BackupParts, manifest: Manifest, name: string): DatabaseDefinition {
  const { leaves } = parts;
  const leafIds = placeableLeaves(leaves);
  const { partitionCount } = manifest.database;
  const placements = placePartitions({ database: name, partitionCount, leafIds });
  return {
    ...manifest.database,
    ...{ name, placements, primaryUri: '' },
    role: 'primary',
    state: 'pending',
  };
}

async function fill(restore: Restore): Promise<void> {
  const { parts, manifest, database, signal } = restore;
  await parts.partitions.create({ ...database, role: 'secondary' });
  await forEachOf(
    manifest.partitions,
    (partition, ended) => fillPartition(restore, partition, ended),
    signal,
  );
  const promote = async ({ ordinal }: PartitionBackup): Promise<void> => {
    const key = { database: database.name, ordinal };
    await leafOf(parts, database, ordinal).call('promote', { key, anyway: false });
  };
  await forEachOf(manifest.partitions, promote, signal);
  // The cut holds the first participant's verdict on all that is visible anywhere.
  await settleInDoubt(parts, database, new Set());
  for (const [tableId, next] of manifest.sequences) {
    await parts.sequences.observe(database.name, tableId, next - 1n);
  }
  await raiseSequences(parts, database);
  await waitForReplicas(restore);
}

/** Where a leaf could not take something in, the reason may be that its file is damaged. */
async function fillPartition(
  restore: Restore,
  partition: PartitionBackup,
  signal: AbortSignal,
): Promise<void> {
  try {
    await sendPartition(restore, partition, signal);
  } catch (error) {
    signal.throwIfAborted();
    for (const { path, seal } of filesOf(restore, partition)) {
      for await (const _chunk of readChunks(path, seal)) signal.throwIfAborted();
    }
    throw error;
  }
}

function filesOf({ directory }: Restore, { ordinal, snapshot, log }: PartitionBackup) {
  const pathOf = (what: 'snapshot' | 'log') => join(directory, backupFileName(ordinal, what));
  return [
    { path: pathOf('snapshot'), seal: snapshot.seal },
    { path: pathOf('log'), seal: log },
  ] as const;
}

async function sendPartition(
  restore: Restore,
  partition: PartitionBackup,
  signal: AbortSignal,
): Promise<void> {
  const { parts, database } = restore;
  const { ordinal, snapshot, position } = partition;
  const leaf = leafOf(parts, database, ordinal);
  const key = { database: database.name, ordinal };
  const send = async (step: RestoreStep): Promise<void> => {
    signal.throwIfAborted();
    await leaf.call('restore', { key, step });
  };
  await send({ kind: 'begin', position, bytesTotal: snapshot.bytesTotal });
  const [content, log] = filesOf(restore, partition);
  for await (const chunk of readChunks(content.path, content.seal)) {
    await send({ kind: 'chunk', ...chunk });
  }
  await send({ kind: 'install' });
  await sendRecords(send, partition, log);
}

/** Sends the records of a file up to the cut. Throws backupDamaged, and what `send` throws. */
export async function sendRecords(
  send: (step: RestoreStep) => Promise<void>,
  { position, lastLsn }: Pick<PartitionBackup, 'position' | 'lastLsn'>,
  file: { readonly path: string; readonly seal: FileSeal },
): Promise<void> {
  let { lsn } = position;
  let long = { bytesTotal: 0, offset: 0 };
  for await (const { compressed } of readChunks(file.path, file.seal)) {
    if (lsn >= lastLsn) continue;
    const frames = await decompress(compressed, { maxOutputLength: recordBytesMax });
    if (long.offset === long.bytesTotal) {
      long = { bytesTotal: frameLength(frames) ?? 0, offset: 0 };
    }
    // A long record has chunks of its own.
    if (long.bytesTotal > frames.length) {
      await send({ kind: 'record part', bytes: frames, ...long });
      long.offset += frames.length;
      if (long.offset === long.bytesTotal) lsn += 1n;
      continue;
    }
    long = { bytesTotal: 0, offset: 0 };
    const wanted = framesUpTo(frames, lastLsn - lsn);
    await send({ kind: 'records', frames: wanted.frames });
    lsn += wanted.count;
  }
}

/** At most so many of the frames that stand one after another in `bytes`. */
function framesUpTo(bytes: Uint8Array, countMax: bigint): { frames: Uint8Array; count: bigint } {
  let count = 0n;
  let offset = 0;
  while (offset < bytes.length && count < countMax) {
    offset += frameLength(bytes, offset) ?? bytes.length;
    count += 1n;
  }
  return { frames: bytes.subarray(0, offset), count };
}

/** Reference tables can be read on every leaf when this resolves, unless one is slow. */
async function waitForReplicas({ parts, database, signal }: Restore): Promise<void> {
  const { clock, logger } = parts;
  const reference = must(database.placements.find(({ ordinal }) => ordinal === REFERENCE_ORDINAL));
  const deadline = clock.monotonicMs() + replicaWaitMs;
  while (clock.monotonicMs() < deadline) {
    const leaves = await gatherLeafStatuses(parts, database.name);
    const copies = leaves.flatMap(({ partitions }) =>
      partitions.filter(({ key }) => key.ordinal === REFERENCE_ORDINAL),
    );
    const master = copies.find(({ role }) => role === 'primary');
    const ready = copies.filter(({ role, replay, state }) => {
      return role === 'replica' && state === 'replicating' && replay.lsn === master?.replay.lsn;
    });
    if (ready.length >= reference.replicaLeafIds.length) return;
    await clock.sleep(replicaPollMs, signal);
  }
  logger.warn('a copy of reference tables is slow to follow', { database: database.name });
}
