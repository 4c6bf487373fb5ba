// BACKUP DATABASE: every partition's snapshot, then its log up to one cut, then the manifest.
//
// Writers are never held up. Snapshots are taken one partition after another, at whatever position
// each then has; the logs are copied on from there to a cut through all partitions in which every
// transaction is whole (backup-cut.ts). Everything goes to `<directory>.unfinished`, which gets its
// name when it is whole and on disk.

import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { leafOf, readMasters } from '#aggregator/replication/master-leaves.ts';
import { must } from '#shared/assert.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { findBackupCut, type CopiedLog } from './backup-cut.ts';
import { systemCode, toBackupError } from './backup-error.ts';
import { forEachOf, type BackupParts } from './backup-parts.ts';
import { beginRecord, endRecord, followerIdOf, type BackupRecord } from './backup-record.ts';
import { copyRecords, copySnapshot, type CopiedRecords } from './copy-partition.ts';
import { manifestName, printManifest, type Manifest, type PartitionBackup } from './manifest.ts';

/** How long a leaf may be away when the end of the backup is chosen, and between two attempts. */
const leafWaitMs = 20_000;
const leafRetryMs = 250;

type CopiedSnapshot = Pick<PartitionBackup, 'snapshot' | 'position'>;

/** What all partitions had at one moment, and what belongs to it. */
interface Moment {
  readonly database: DatabaseDefinition;
  readonly takenAtMs: number;
  /** By ordinal, read before any of `ends`. */
  readonly tails: ReadonlyMap<number, LSN>;
  /** By ordinal: everything that the tails rest on is before it. */
  readonly ends: ReadonlyMap<number, LSN>;
  readonly sequences: ReadonlyMap<number, bigint>;
}

export interface BackupSummary {
  readonly partitions: number;
  /** As they lie in the directory. */
  readonly bytes: number;
}

/**
 * Makes a backup in `directory`, which must not exist or be empty. Throws unknownDatabase,
 * unsupported for a secondary, invalidBackupPath, diskFull, backupFailed, definitionPending,
 * leafUnreachable, or the signal's reason; nothing is left behind then.
 */
export async function backupDatabase(
  parts: BackupParts,
  name: string,
  directory: string,
  signal: AbortSignal,
): Promise<BackupSummary> {
  const database = parts.catalog.database(name);
  checkRole(database);
  await checkEmpty(directory);
  const unfinished = join(dirname(directory), `.${basename(directory)}.unfinished`);
  await makeDirectory(unfinished);
  const record = await beginRecord(parts, database, unfinished);
  try {
    const manifest = await copyAll(parts, database, record, signal);
    const text = printManifest(manifest);
    await finishDirectory({ unfinished, directory, text });
    const bytes = manifest.partitions.flatMap(({ snapshot, log }) => [
      snapshot.seal.bytes,
      log.bytes,
    ]);
    return {
      partitions: manifest.partitions.length,
      bytes: bytes.reduce((sum, each) => sum + each, Buffer.byteLength(text)),
    };
  } finally {
    await endRecord(parts, record);
  }
}

function checkRole({ role, name }: DatabaseDefinition): void {
  if (role === 'primary') return;
  const what = `BACKUP DATABASE ${name}, which is a secondary: back it up at its primary`;
  throw databaseError('unsupported', { what });
}

async function checkEmpty(directory: string): Promise<void> {
  try {
    if ((await readdir(directory)).length === 0) return;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw toBackupError(directory, error);
  }
  throw databaseError('invalidBackupPath', { path: directory, reason: 'it is not empty' });
}

async function makeDirectory(unfinished: string): Promise<void> {
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toBackupError(unfinished, error);
  }
}

async function copyAll(
  parts: BackupParts,
  database: DatabaseDefinition,
  record: BackupRecord,
  signal: AbortSignal,
): Promise<Manifest> {
  const sourceOf = (ordinal: number, ended: AbortSignal) => ({
    leaf: leafOf(parts, database, ordinal),
    key: { database: database.name, ordinal },
    followerId: followerIdOf(record),
    directory: record.unfinished,
    signal: ended,
  });
  const ordinals = database.placements.map(({ ordinal }) => ordinal);
  const snapshots = new Map<number, CopiedSnapshot>();
  const copyOne = async (ordinal: number, ended: AbortSignal): Promise<void> => {
    snapshots.set(ordinal, await copySnapshot(sourceOf(ordinal, ended)));
  };
  await forEachOf(ordinals, copyOne, signal);
  const moment = await patiently(parts, signal, () =>
    parts.inTurn(database.name, () => readMoment(parts, database)),
  );
  const logs = new Map<number, CopiedRecords>();
  const copyLog = async (ordinal: number, ended: AbortSignal): Promise<void> => {
    const { position } = must(snapshots.get(ordinal));
    const end = must(moment.ends.get(ordinal));
    logs.set(ordinal, await copyRecords(sourceOf(ordinal, ended), position, end));
  };
  await forEachOf(ordinals, copyLog, signal);
  const { tails, ends: _ends, ...told } = moment;
  const cut = findBackupCut(toCopiedLogs(tails, logs));
  const partitions = ordinals.map((ordinal) => ({
    ordinal,
    ...must(snapshots.get(ordinal)),
    log: must(logs.get(ordinal)).seal,
    lastLsn: must(cut.get(ordinal)),
  }));
  return { version: parts.version, clusterId: parts.clusterId, ...told, partitions };
}

function toCopiedLogs(
  tails: ReadonlyMap<number, LSN>,
  logs: ReadonlyMap<number, CopiedRecords>,
): Map<number, CopiedLog> {
  return new Map(
    [...logs].map(([ordinal, { prepared }]) => [
      ordinal,
      { tail: must(tails.get(ordinal)), prepared },
    ]),
  );
}

/** Again, within bounds, while a leaf is too busy to answer in time. */
async function patiently<T>(
  { clock }: BackupParts,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = clock.monotonicMs() + leafWaitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isAway = error instanceof DatabaseError && error.is('leafUnreachable');
      if (!isAway || clock.monotonicMs() > deadline) throw error;
    }
    await clock.sleep(leafRetryMs, signal);
  }
}

/**
 * The end of the backup. No definition is under way meanwhile: every partition has the schema
 * that the catalog has. Numbers are asked for last, so they are above all in the rows.
 */
async function readMoment(parts: BackupParts, before: DatabaseDefinition): Promise<Moment> {
  const { catalog, clock, sequences } = parts;
  const database = catalog.database(before.name);
  checkRole(database);
  const masters = await readMasters(parts, database);
  for (const { key, catalogVersion, state, error } of masters) {
    if (catalogVersion === database.catalogVersion && state === 'online') continue;
    const reason = `partition ${key.ordinal} is ${error || state}, at version ${catalogVersion}`;
    throw databaseError('definitionPending', { leaf: database.name, reason });
  }
  const tails = new Map(masters.map(({ key, tail }) => [key.ordinal, tail.lsn]));
  const takenAtMs = clock.now();
  const after = await readMasters(parts, database);
  const ends = new Map(after.map(({ key, tail }) => [key.ordinal, tail.lsn]));
  const numbers = new Map<number, bigint>();
  for (const { id } of Object.values(database.tables)) {
    const next = await sequences.next(database.name, id);
    if (next !== null) numbers.set(id, next);
  }
  return { database, takenAtMs, tails, ends, sequences: numbers };
}

/** Writes the manifest; once all is on disk, the directory gets its name. */
async function finishDirectory(options: {
  readonly unfinished: string;
  readonly directory: string;
  readonly text: string;
}): Promise<void> {
  const { unfinished, directory, text } = options;
  const path = join(unfinished, manifestName);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await syncDirectory(unfinished);
    // An empty directory of that name is replaced; one that is not empty by now is refused.
    await rename(unfinished, directory);
    await syncDirectory(dirname(directory));
  } catch (error) {
    throw toBackupError(path, error);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
