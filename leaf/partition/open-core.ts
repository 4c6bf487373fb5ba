// Opens a partition's files: finishes what a crash has cut, and replays the log into the file.

import { partitionName } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import { samePosition } from '#shared/log/log-frame.ts';
import type { Logger } from '#shared/logger.ts';
import { Log } from '#leaf/log/log.ts';
import { LogDamage } from '#leaf/log/log-damage.ts';
import { installReadySnapshot, partitionPaths } from './partition-directory.ts';
import type { PartitionPaths } from './partition-directory.ts';
import type { PartitionCore } from './partition-core.ts';
import type { PartitionEnvironment, PartitionPlace } from './partition-options.ts';
import { ReaderPool } from './reader-pool.ts';
import { Replay } from './replay.ts';
import { StateFile } from './state-file.ts';
import { Verdicts } from './verdicts.ts';
import { WriteLock } from './write-lock.ts';

/** Records replayed in one SQLite transaction. */
const REPLAY_RECORDS_PER_COMMIT = 1000;

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
  const name = partitionName(place.key);
  let file: StateFile | null = null;
  try {
    const { segmentBytesMax, failpoint } = environment;
    await installReadySnapshot(paths, { segmentBytesMax, failpoint });
    file = new StateFile(paths.file, place.reference);
    const log = openLog(paths, file, environment);
    const verdicts = new Verdicts(file);
    const replay = replayLog({ name, file, log, verdicts });
    environment.hybridClock.observe(log.tailTimestamp);
    const readers = new ReaderPool(paths.file, place.reference);
    const lock = new WriteLock(environment.clock);
    const fail = failure({ name, file, logger: environment.logger, onStopped });
    const { key } = place;
    const core = { key, name, file, readers, log, lock, verdicts, environment, fail };
    return { core, replay };
  } catch (error) {
    file?.close();
    throw toUnrecoverable(name, error);
  }
}

function openLog(paths: PartitionPaths, file: StateFile, environment: PartitionEnvironment): Log {
  const { applied, timestamp, durability } = file.meta;
  const { segmentBytesMax } = environment;
  const log = Log.open(paths.log, applied.lsn, { durability, segmentBytesMax });
  if (durability === 'async' && log.tail.lsn < applied.lsn) {
    // A power cut took records that were never promised to be durable; the file has them still.
    log.reset(applied, timestamp);
  }
  if (log.contains(applied) === 'dropped') {
    throw new LogDamage(`its log begins after record ${applied.lsn}, where its file stands`);
  }
  if (applied.lsn > 0n && !samePosition(log.positionAt(applied.lsn), applied)) {
    throw new LogDamage(`its file and its log disagree about record ${applied.lsn}`);
  }
  return log;
}

function replayLog(target: {
  readonly name: string;
  readonly file: StateFile;
  readonly log: Log;
  readonly verdicts: Verdicts;
}): Replay {
  const { file, log } = target;
  const replay = new Replay(target);
  let count = 0;
  try {
    for (const record of log.records(file.meta.applied)) {
      if (!file.inTransaction) file.begin(false);
      replay.apply(record);
      count += 1;
      if (count % REPLAY_RECORDS_PER_COMMIT !== 0) continue;
      replay.finish();
      file.commit();
    }
    if (file.inTransaction) {
      replay.finish();
      file.commit();
    }
    return replay;
  } catch (error) {
    file.rollback();
    throw error;
  }
}

/** Any error met while opening, as the client's. */
export function toUnrecoverable(partition: string, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return databaseError('partitionUnrecoverable', { partition, reason }, error);
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
      file.stop(cause);
      return cause;
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    const offline = { partition: name, state: `stopped: ${reason}` };
    if (file.stopped === null) onStopped();
    file.stop(databaseError('partitionNotOnline', offline, cause));
    return databaseError('commitUnknown', { reason }, cause);
  };
}
