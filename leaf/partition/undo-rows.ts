// Takes rows back: what the log's records have changed, inverted, newest first.
//
// A worker does it, as it makes long changes: SQLite is at it about as long. Where there is none,
// and in a file that is being made, it happens in turns.

import { invertChangeset } from '#shared/log/changeset.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { CompiledStatement } from '#shared/wire/message.ts';
import type { Log } from '#leaf/log/log.ts';
import { applyExchangeInTurns, applyPartsInTurns, type ApplyTarget } from './apply-changes.ts';
import { isPlace, wholeChanges, type LoggedChanges } from './apply-from.ts';
import type { PartitionCore } from './partition-core.ts';
import { updateApplied, type StateFile } from './state-file.ts';
import { invertedParts } from './undo-changes.ts';
import { changesToUndo, preparedInTurns } from './visible-changes.ts';

/** Bytes of changes handed to a worker at a time; those of a long record stay where they are. */
const HANDED_BYTES = 256 * 1024;

/** From record `from`, which the file has applied, to record `to`; no definition is between. */
export interface UndoneRecords {
  readonly from: LSN;
  readonly to: LSN;
}

/** Brings the partition's file back, in one transaction, which is committed. */
export async function undoRecords(core: PartitionCore, undone: UndoneRecords): Promise<void> {
  const { file, log, name, environment } = core;
  const { workers, clock } = environment;
  if (workers === null) {
    const target = { connection: file.connection, partition: name, clock };
    file.begin(false);
    await undoInTurns(file, { log, target, undone });
    file.commit();
    return;
  }
  const changes = await changesToUndo(log, undone);
  const place = await placeAfter(log, undone);
  const applied = updateApplied(place.position, place.timestamp);
  const worker = await workers.begin(core.workerFile(), { foreignKeys: false, captures: false });
  await worker.orRollback(async () => {
    for (const some of inGroups(changes.reverse())) await worker.undo(some);
    const statements = [applied, forgetVerdicts(undone)];
    await file.commitElsewhere(place, () => worker.commit(statements));
  });
}

/** Brings a file back, within its transaction, with turns for others. */
export async function undoInTurns(
  file: StateFile,
  { log, target, undone }: { log: Log; target: ApplyTarget; undone: UndoneRecords },
): Promise<void> {
  const changes = await changesToUndo(log, undone);
  for (const each of changes.reverse()) {
    const whole = wholeChanges(each);
    const inParts = (bytesMax: () => number) => invertedParts(whole, bytesMax);
    if (await applyPartsInTurns(target, inParts)) continue;
    await applyExchangeInTurns(target, invertChangeset(whole));
  }
  const { position, timestamp } = await placeAfter(log, undone);
  file.setApplied(position, timestamp);
  const { sql, parameters } = forgetVerdicts(undone);
  file.connection.run(sql, parameters);
}

/** One after another, together where they are short. */
function* inGroups(changes: readonly LoggedChanges[]): Generator<readonly LoggedChanges[]> {
  let group: LoggedChanges[] = [];
  let bytes = 0;
  for (const each of changes) {
    group.push(each);
    bytes += isPlace(each) ? 0 : each.length;
    if (bytes < HANDED_BYTES && !isPlace(each)) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

/** What the file has applied then: a transaction that is prepared is not in it. */
async function placeAfter(log: Log, { to }: UndoneRecords) {
  const prepared = await preparedInTurns(log, to);
  const lsn = prepared === null ? to : prepared.lsn - 1n;
  return { position: log.reader.positionAt(lsn), timestamp: log.tailTimestamp };
}

function forgetVerdicts({ to }: UndoneRecords): CompiledStatement {
  return { sql: 'DELETE FROM _twinleaf_verdicts WHERE lsn > ?', parameters: [to] };
}
