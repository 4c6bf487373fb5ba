// Takes the changes of one record back: the last ones first, and of long ones a part at a time.

import { invertChangeset } from '#shared/log/changeset.ts';
import { splitChangeset } from '#shared/log/split-changeset.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { applyChanges } from './apply-changes.ts';
import { isPlace, readChanges, type LoggedChanges } from './apply-from.ts';

/** Bytes of changes that are inverted and applied at a time in a worker. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * In a worker: within the transaction and without foreign keys. What does not apply in parts is
 * applied as a whole, as `applyFrom` does it. Throws partitionUnrecoverable as applyChanges does.
 */
export function undoChanges(
  connection: SqliteFile,
  changes: LoggedChanges,
  partition: string,
): void {
  const whole = isPlace(changes) ? readChanges(changes) : changes;
  if (whole.length > WINDOW_BYTES && undoInWindows(connection, whole)) return;
  applyChanges(connection, invertChangeset(whole), partition);
}

/** All of them, or (false) none. */
function undoInWindows(connection: SqliteFile, changes: Uint8Array): boolean {
  connection.run('SAVEPOINT windows');
  let isUndone = true;
  for (const part of invertedParts(changes, () => WINDOW_BYTES)) {
    isUndone = connection.applyChangeset(part, { onConflict: () => 'abort' });
    if (!isUndone) break;
  }
  if (!isUndone) connection.run('ROLLBACK TO windows');
  connection.run('RELEASE windows');
  return isUndone;
}

/** The changes inverted, in parts of about so many bytes, the last ones first. */
export function* invertedParts(
  changes: Uint8Array,
  bytesMax: () => number,
): Generator<Uint8Array, void, undefined> {
  const parts = [...splitChangeset(changes, bytesMax)];
  for (const part of parts.reverse()) yield invertChangeset(part);
}
