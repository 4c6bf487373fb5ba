// The changes of a log's end in batches, for whoever keeps them before they are taken back.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { countChanges, splitChangeset } from '#shared/log/split-changeset.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { ChangesItem, LoggedChange } from '#shared/wire/message.ts';
import { isPlace, partsOf, type LoggedChanges } from '#leaf/partition/apply-from.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import {
  preparedInTurns,
  tablesAt,
  visibleChanges,
  type VisibleChange,
} from '#leaf/partition/visible-changes.ts';

/** Bytes of changes in one batch; a record of more comes in several, a longer change alone. */
const batchBytesMax = 1024 * 1024;
/** What a definition counts as, in bytes. */
const DEFINITION_BYTES = 1024;

/** `lsn` before what the log still holds means: from its first record on. */
export async function* sendChanges(partition: Partition, lsn: LSN): AsyncGenerator<ChangesItem> {
  const { log } = partition;
  const from = lsn + 1n < log.firstLsn ? log.firstLsn - 1n : lsn;
  const isBehind = from >= log.tail.lsn;
  if (isBehind && (from > log.tail.lsn || (await preparedInTurns(log, from)) === null)) {
    yield { kind: 'tables', tables: [] };
    return;
  }
  yield { kind: 'tables', tables: await tablesAt(log, from, partition.schema().tables) };
  let changes: LoggedChange[] = [];
  let bytes = 0;
  for await (const change of visibleChanges(log, from)) {
    for (const part of inParts(change)) {
      changes.push(part);
      bytes += part.content.kind === 'rows' ? part.content.changeset.length : DEFINITION_BYTES;
      if (bytes < batchBytesMax) continue;
      yield { kind: 'changes', changes };
      changes = [];
      bytes = 0;
      await yieldToOthers();
    }
  }
  if (changes.length > 0) yield { kind: 'changes', changes };
}

/** The change as it is, or its rows a batch at a time. */
function* inParts(change: VisibleChange): Generator<LoggedChange, void, undefined> {
  const { content } = change;
  if (content.kind === 'definition') {
    yield { ...change, content };
    return;
  }
  let before = 0;
  for (const changeset of changesetsOf(content.changes)) {
    yield { ...change, content: { kind: 'rows', changeset, before } };
    before += countChanges(changeset);
  }
}

function changesetsOf(changes: LoggedChanges): Iterable<Uint8Array> {
  if (isPlace(changes)) return partsOf(changes, () => batchBytesMax);
  return changes.length > batchBytesMax ? splitChangeset(changes, () => batchBytesMax) : [changes];
}
