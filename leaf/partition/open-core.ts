// Opens a partition's files: finishes what a crash has cut, and replays the log into the file.

import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import { samePosition } from '#shared/log/log-frame.ts';
import type { Logger } from '#shared/logger.ts';
import { SqliteError } from '#shared/sqlite-error.ts';
import { Log } from '#leaf/log/log.ts';
import { LogDamage } from '#leaf/log/log-damage.ts';
import { isDiskFull } from '#leaf/log/write-error.ts';
import { CHECKED_FIRST_BYTES_MAX, leaveBehind } from './background-check.ts';
import { beginAnew } from './begin-anew.ts';
import { checkFile } from './check-file.ts';
import {
  damageReason,
  FileDamage,
  isDamage,
  isTrouble,
  markDamaged,
  readDamageMark,
  toOpenError,
} from './damage.ts';
import { installReadySnapshot, partitionPaths, readIncarnation } from './partition-directory.ts';
import type { PartitionPaths } from './partition-directory.ts';
import type { PartitionCore } from './partition-core.ts';
import type { PartitionEnvironment, PartitionPlace } from './partition-options.ts';
import { newestVerdict } from './late-sync.ts';
import { writeIdentity } from './partition-identity.ts';
import { ReaderPool } from './reader-pool.ts';
import type { Replay } from './replay.ts';
import { replayLog } from './replay-log.ts';
import { SharedCommits } from './shared-commits.ts';
import { StateFile } from './state-file.ts';
import { StatementCosts } from './statement-costs.ts';
import { Verdicts } from './verdicts.ts';
import type { Verifier } from './verifier.ts';
import { WriteLock } from './write-lock.ts';

/** A SQLite file up to this size is checked on the event loop: a few milliseconds, in bytes. */
const CHECKED_HERE_BYTES_MAX = 2 * 1024 * 1024;

export interface OpenedCore {
  readonly core: PartitionCore;
  /** Where the replay has come: it goes on from here at a secondary. */
  readonly replay: Replay;
}

/**
 * Opens the files at a place. Throws partitionUnrecoverable, named, when they do not hold what
 * they had promised; nothing is changed on disk then. `onStopped` is called when the partition
 * stops because of what the world did to it, so that opening it again may help.
 */
export async function openCore(
  place: PartitionPlace,
  environment: PartitionEnvironment,
  onStopped: () => void,
): Promise<OpenedCore> {
  const paths = partitionPaths(place.directory);
  try {
    return await openFiles(place, environment, onStopped);
  } catch (error) {
    if (!isDamage(error) || !(await beginAnew(paths, environment.failpoint))) throw error;
    const fields = { partition: partitionName(place.key) };
    const sentence = 'A damaged copy begins again, empty: it gets a snapshot.';
    environment.logger.warn(sentence, fields, error);
    place.onBegunAnew(damageReason(error));
    return openFiles(place, environment, onStopped);
  }
}

async function openFiles(
  place: PartitionPlace,
  environment: PartitionEnvironment,
  onStopped: () => void,
): Promise<OpenedCore> {
  const paths = partitionPaths(place.directory);
  const name = partitionName(place.key);
  let file: StateFile | null = null;
  let opened: Log | null = null;
  try {
    const { segmentBytesMax, failpoint } = environment;
    const fresh = await installReadySnapshot(paths, { segmentBytesMax, failpoint });
    await checkFirst(paths, environment.verifier, fresh);
    file = openStateFile(paths, place);
    await startWal(file, name, environment);
    await writeIdentity(paths.file, file.meta);
    const log = await openLog(paths, file, { name, environment });
    opened = log;
    const verdicts = new Verdicts(file);
    const replay = await replayLog({ name, file, log, verdicts, clock: environment.clock });
    environment.hybridClock.observe(log.tailTimestamp);
    const readers = new ReaderPool(paths.file, place.reference);
    const lock = new WriteLock(environment.clock, environment.lockWaits);
    const fail = failure({ name, file, logger: environment.logger, onStopped });
    const core = {
      key: place.key,
      name,
      file,
      readers,
      costs: new StatementCosts(environment.clock),
      workerFile: workerFileOf(place, paths.file, environment),
      log,
      incarnation: readIncarnation(paths),
      lock,
      verdicts,
      shared: new SharedCommits(environment.clock, verdicts),
      environment,
      defining: null,
      late: null,
      fail,
    };
    return { core, replay };
  } catch (error) {
    file?.close();
    opened?.abandon();
    throw toOpenError(name, paths.directory, error);
  }
}

/**
 * Looks through a SQLite file that is not long, and heeds what was found out before. One that has
 * just arrived (`fresh`) had a checksum on each of its chunks.
 */
async function checkFirst(
  paths: PartitionPaths,
  verifier: Verifier,
  fresh: boolean,
): Promise<void> {
  const mark = readDamageMark(paths.directory);
  if (mark !== null) throw new FileDamage(mark);
  if (!existsSync(paths.file)) throw new FileDamage('its file data.sqlite is missing');
  const { size } = statSync(paths.file);
  if (fresh || size > CHECKED_FIRST_BYTES_MAX) return;
  const short = size <= CHECKED_HERE_BYTES_MAX;
  const damage = short ? checkFile(paths.file, 'quick') : await verifier.file(paths.file);
  if (damage !== '') throw new FileDamage(damage);
}

function openStateFile(paths: PartitionPaths, place: PartitionPlace): StateFile {
  try {
    return new StateFile(paths.file, place.reference);
  } catch (error) {
    const isForeign = error instanceof SqliteError && error.failure.kind === 'other';
    if (!isForeign || isTrouble(error)) throw error;
    throw new FileDamage(`its file data.sqlite is no partition's: ${error.message}`);
  }
}

/** Else the first write would begin it, and the event loop wait for a sync. */
async function startWal(
  { path, connection }: StateFile,
  partition: string,
  { startWal: start, logger }: PartitionEnvironment,
): Promise<void> {
  // A crash has left one that goes on.
  if (connection.wal().written > 0) return;
  try {
    await start(path);
  } catch (error) {
    logger.warn('A WAL is left to the first write.', { partition }, error);
  }
}

/** What a worker keeps open of an earlier file at this place has another generation. */
function workerFileOf(
  { key, reference }: PartitionPlace,
  path: string,
  { workers }: PartitionEnvironment,
): PartitionCore['workerFile'] {
  const opened = workers?.nextGeneration() ?? '';
  const partition = partitionName(key);
  return () => {
    const generation = `${opened}.${reference.generation}`;
    return { path, partition, reference: reference.path, generation };
  };
}

async function openLog(
  paths: PartitionPaths,
  file: StateFile,
  by: { readonly name: string; readonly environment: PartitionEnvironment },
): Promise<Log> {
  const { name, environment } = by;
  const { applied, timestamp, durability, role } = file.meta;
  const { segmentBytesMax, failpoint, logger, journal = null } = environment;
  if (!existsSync(paths.log)) throw new LogDamage('its log is missing');
  const mayEndEarly = durability === 'async' || role === 'secondary';
  const log: Log = await Log.open(paths.log, applied.lsn, {
    durability,
    segmentBytesMax,
    journal,
    failpoint,
    strict: role === 'primary',
    lost: durability === 'sync' ? (tail) => newestVerdict(file, tail) : null,
    mayEndEarly,
    onDamage: (fault) => leaveBehind({ log, name, environment }, fault),
  });
  if (log.leftBehindReason !== '') {
    const fields = { partition: name, fault: log.leftBehindReason };
    logger.error('Old log segments are left behind: they cannot be read.', fields);
  }
  if (mayEndEarly && log.tail.lsn < applied.lsn) {
    // A power cut took records that were never promised to be durable here; the file has them.
    logger.warn('A log begins anew: it ended before its file.', { partition: name });
    await log.reset(applied, timestamp);
  }
  if (log.reader.contains(applied) === 'dropped') {
    throw new LogDamage(`its log begins after record ${applied.lsn}, where its file stands`);
  }
  if (applied.lsn > 0n && !samePosition(log.reader.positionAt(applied.lsn), applied)) {
    throw new LogDamage(`its file and its log disagree about record ${applied.lsn}`);
  }
  return log;
}

function failure(options: {
  readonly name: string;
  readonly file: StateFile;
  readonly logger: Logger;
  readonly onStopped: () => void;
}): PartitionCore['fail'] {
  const { name, file, logger, onStopped } = options;
  return (cause) => {
    logger.error('A partition has stopped.', { partition: name }, cause);
    if (cause instanceof DatabaseError && cause.is('partitionUnrecoverable')) {
      const directory = dirname(file.path);
      // A copy that does not take its primary's changes is no copy of it any more.
      if (file.meta.role !== 'primary') markDamaged(directory, damageReason(cause));
      file.stop(cause);
      // What is written down as damaged is not opened again, or begins anew.
      if (readDamageMark(directory) !== null) onStopped();
      return cause;
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    const offline = { partition: name, state: `stopped: ${reason}` };
    if (file.stopped === null) onStopped();
    if (isDiskFull(cause)) file.stop(databaseError('diskFull', { path: file.path }, cause));
    else file.stop(databaseError('partitionNotOnline', offline, cause));
    return databaseError('commitUnknown', { reason }, cause);
  };
}
