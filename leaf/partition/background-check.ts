// After a start: looks through what was not looked through before serving, and acts on damage.
//
// Before a partition serves, its newest segment and every record that its file lacks are verified
// to the byte, and so is a file that is not long. What is left is the past (closed segments that
// only a follower far behind would read, and whose frames are checked again when they are read)
// and the pages of a long file.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describeFault, type SegmentFault } from '#leaf/log/log-damage.ts';
import { databaseError } from '#shared/error.ts';
import { markDamaged } from './damage.ts';
import type { PartitionCore } from './partition-core.ts';

/** A file up to this size is checked before it is served: a tenth of a second, in bytes. */
export const CHECKED_FIRST_BYTES_MAX = 64 * 1024 * 1024;
/**
 * A file up to this size is checked while it is served. The check's read snapshot holds the WAL,
 * at about 500 MB/s; a longer one is for `twinleaf log verify`, in bytes.
 */
const CHECKED_BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** Looks through an open partition once. `stopped` ends it early. */
export async function checkInBackground(
  core: PartitionCore,
  stopped: () => boolean,
): Promise<void> {
  const { log, name, file, environment } = core;
  const { logger, verifier } = environment;
  for (const { path, last } of log.closedSegments()) {
    if (stopped()) return;
    const fault = await verifier.segment(path, last);
    if (fault !== null && !stopped()) leaveBehind(core, fault);
  }
  const { size } = statSync(file.path);
  if (size <= CHECKED_FIRST_BYTES_MAX) return;
  if (size > CHECKED_BYTES_MAX) {
    logger.info('A long SQLite file is not checked by itself.', { partition: name, bytes: size });
    return;
  }
  const damage = await verifier.file(file.path);
  if (damage === '' || stopped()) return;
  stopDamaged(core, damage);
}

/**
 * A closed segment is damaged: the log begins after it from now on. Nothing that is needed here
 * is lost, since the file has all of it; a follower that needs it gets a snapshot.
 */
export function leaveBehind(
  core: Pick<PartitionCore, 'log' | 'environment' | 'name'>,
  fault: SegmentFault,
): void {
  const sentence = 'A damaged log segment is left behind: followers that need it get a snapshot.';
  core.environment.logger.error(sentence, { partition: core.name, fault: describeFault(fault) });
  core.log.leaveBehind(fault.path);
}

/** The SQLite file is damaged: nothing of it is served any more, by a later process either. */
export function stopDamaged(core: PartitionCore, reason: string): void {
  const { file, name, fail } = core;
  markDamaged(dirname(file.path), reason);
  fail(databaseError('partitionUnrecoverable', { partition: name, reason }));
}
