// Takes the changes of one record back: the last ones first, and of long ones a part at a time.

import { invertChangeset } from '#shared/log/changeset.ts';
import { splitChangeset } from '#shared/log/split-changeset.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { applyExchange, applyParts } from './apply-changes.ts';
import { wholeChanges, WINDOW_BYTES, type LoggedChanges } from './apply-from.ts';

/**
 * In a worker: within the transaction and without foreign keys. What does not apply in parts is
 * applied as a whole, as `applyFrom` does it. Throws partitionUnrecoverable as applyChanges does.
 */
export function undoChanges(
  connection: SqliteFile,
  changes: LoggedChanges,
  partition: string,
): void {
  const whole = wholeChanges(changes);
  const isLong = whole.length > WINDOW_BYTES;
  if (
    isLong &&
    applyParts(
      connection,
      invertedParts(whole, () => WINDOW_BYTES),
    )
  )
    return;
  applyExchange(connection, invertChangeset(whole), partition);
}

/** The changes inverted, in parts of about so many bytes, the last ones first. */
export function* invertedParts(
  changes: Uint8Array,
  bytesMax: () => number,
): Generator<Uint8Array, void, undefined> {
  const parts = [...splitChangeset(changes, bytesMax)];
  for (const part of parts.reverse()) yield invertChangeset(part);
}
