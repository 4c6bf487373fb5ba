// The changes of a log's end in batches, for whoever keeps them before they are taken back.

import type { LSN } from '#shared/log/lsn.ts';
import type { ChangesItem, LoggedChange } from '#shared/wire/message.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { preparedAt, tablesAt, visibleChanges } from '#leaf/partition/visible-changes.ts';

/** Bytes of changes in one batch; a single longer one goes alone. */
const batchBytesMax = 1024 * 1024;

/** `lsn` before what the log still holds means: from its first record on. */
export async function* sendChanges(partition: Partition, lsn: LSN): AsyncGenerator<ChangesItem> {
  const { log } = partition;
  const from = lsn + 1n < log.firstLsn ? log.firstLsn - 1n : lsn;
  const isBehind = from >= log.tail.lsn;
  if (isBehind && (from > log.tail.lsn || preparedAt(log, from) === null)) {
    yield { kind: 'tables', tables: [] };
    return;
  }
  yield { kind: 'tables', tables: tablesAt(log, from, partition.schema().tables) };
  let changes: LoggedChange[] = [];
  let bytes = 0;
  for (const change of visibleChanges(log, from)) {
    changes.push(change);
    bytes += change.content.kind === 'rows' ? change.content.changeset.length : 1024;
    if (bytes < batchBytesMax) continue;
    yield { kind: 'changes', changes };
    changes = [];
    bytes = 0;
  }
  if (changes.length > 0) yield { kind: 'changes', changes };
}
