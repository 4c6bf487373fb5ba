// Takes rows back: what the log's records have changed, inverted, newest first.

import { assert } from '#shared/assert.ts';
import { invertChangeset } from '#shared/log/changeset.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { Log } from '#leaf/log/log.ts';
import { applyChanges } from './apply-changes.ts';
import type { StateFile } from './state-file.ts';
import { preparedAt, visibleChanges } from './visible-changes.ts';

/**
 * Brings the file from record `from`, which it has applied, back to record `to`; the caller has
 * begun the transaction and commits it. There is no definition between the two.
 */
export function undoRows(
  file: StateFile,
  log: Log,
  { name, from, to }: { readonly name: string; readonly from: LSN; readonly to: LSN },
): void {
  const undone = [...visibleChanges(log, to)].filter((each) => each.isDecided && each.lsn <= from);
  for (const { content } of undone.reverse()) {
    assert(content.kind === 'rows', 'a definition is not taken back by its rows');
    applyChanges(file.connection, invertChangeset(content.changeset), name);
  }
  const prepared = preparedAt(log, to);
  file.setApplied(
    log.reader.positionAt(prepared === null ? to : prepared.lsn - 1n),
    log.tailTimestamp,
  );
  file.connection.run('DELETE FROM _twinleaf_verdicts WHERE lsn > ?', [to]);
}
