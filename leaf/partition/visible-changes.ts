// What the records after a position have made visible: what is taken back, and what is rescued.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { assert, must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { readFrames } from '#shared/log/log-frame.ts';
import type { DefinitionChange, LogRecord } from '#shared/log/log-record.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { LoggedChange } from '#shared/wire/message.ts';
import type { Log } from '#leaf/log/log.ts';
import { readLongRecord, type LogPlace } from '#leaf/log/long-place.ts';
import type { LoggedChanges } from './apply-from.ts';
import type { PreparedRecord } from './in-doubt.ts';

/** Records that are read before others on the event loop get a turn. */
const RECORDS_PER_TURN = 64;

/** What a record has changed, as LoggedChange tells it; rows in memory, or where they stand. */
export type VisibleChange = Omit<LoggedChange, 'content'> & {
  readonly content:
    | { readonly kind: 'rows'; readonly changes: LoggedChanges }
    | Extract<LoggedChange['content'], { readonly kind: 'definition' }>;
};

/**
 * What the records after `lsn` have changed, up to `last` or the log's end, oldest first and in
 * turns: rows, definitions, and transactions over several partitions where their commit stands. One
 * that is prepared, there or before, and has no verdict comes last. `lsn` is at least the log's
 * firstLsn - 1.
 */
export async function* visibleChanges(
  log: Log,
  lsn: LSN,
  last: LSN | null = null,
): AsyncGenerator<VisibleChange> {
  let prepared: { readonly record: LogRecord; readonly of: PreparedRecord } | null = null;
  const before = await preparedInTurns(log, lsn);
  if (before !== null) {
    prepared = { record: (await recordInTurns(log, before.lsn)).record, of: before };
  }
  for await (const { record, place } of recordsAfter(log, lsn, last)) {
    const { payload } = record;
    if (payload.kind === 'rows') {
      yield change(record, { kind: 'rows', changes: place ?? payload.changeset });
    } else if (payload.kind === 'definition') {
      yield change(record, { kind: 'definition', change: payload.change });
    } else if (payload.kind === 'prepare') {
      const changeset = place ?? payload.changeset;
      prepared = { record, of: { ...payload, changeset, lsn: record.lsn } };
    } else if (payload.kind === 'commit' || payload.kind === 'abort') {
      if (prepared?.of.transactionId !== payload.transactionId) continue;
      const { changeset: changes, transactionId } = prepared.of;
      prepared = null;
      if (payload.kind === 'abort') continue;
      yield { ...change(record, { kind: 'rows', changes }), transactionId };
    }
  }
  if (prepared === null) return;
  const { changeset: changes, transactionId } = prepared.of;
  yield { ...change(prepared.record, { kind: 'rows', changes }), transactionId, isDecided: false };
}

/**
 * What the records after `to` up to `from` have made visible, oldest first, in turns; long changes
 * are told by their place. There is no step of the schema among them.
 */
export async function changesToUndo(
  log: Log,
  { from, to }: { readonly from: LSN; readonly to: LSN },
): Promise<LoggedChanges[]> {
  const changes: LoggedChanges[] = [];
  for await (const { content, isDecided } of visibleChanges(log, to, from)) {
    assert(content.kind === 'rows', 'a definition is not taken back by its rows');
    if (isDecided) changes.push(content.changes);
  }
  return changes;
}

/**
 * The transaction that was prepared and undecided just after record `lsn`, or null, in turns; long
 * changes are told by their place.
 */
export async function preparedInTurns(log: Log, lsn: LSN): Promise<PreparedRecord | null> {
  const decided = new Set<string>();
  for (let at = lsn; at >= log.firstLsn; at -= 1n) {
    const { record, place } = await recordInTurns(log, at);
    const { payload } = record;
    if (payload.kind === 'commit' || payload.kind === 'abort') decided.add(payload.transactionId);
    else if (payload.kind === 'prepare') {
      if (decided.has(payload.transactionId)) return null;
      return { ...payload, changeset: place ?? payload.changeset, lsn: at };
    } else if (payload.kind !== 'term') return null;
  }
  return null;
}

/** Is there a step of the schema after `lsn`, up to `last`? In turns: there may be many records. */
export async function hasDefinitionAfter(
  log: Log,
  lsn: LSN,
  last: LSN | null = null,
): Promise<boolean> {
  for await (const { record } of recordsAfter(log, lsn, last)) {
    if (record.payload.kind === 'definition') return true;
  }
  return false;
}

/** A record, and where its changes are if it is a long one. */
interface FoundRecord {
  readonly record: LogRecord;
  readonly place: LogPlace | null;
}

/** Up to `last`, or the log's end. */
async function* recordsAfter(
  log: Log,
  lsn: LSN,
  last: LSN | null = null,
): AsyncGenerator<FoundRecord> {
  await log.reader.prepare(lsn);
  let count = 0;
  for await (const item of log.reader.recordsInTurns(log.reader.positionAt(lsn))) {
    const found: FoundRecord =
      'changes' in item
        ? { record: item.record, place: item.changes }
        : { record: item, place: null };
    if (last !== null && found.record.lsn > last) return;
    yield found;
    count += 1;
    if (count % RECORDS_PER_TURN === 0) await yieldToOthers();
  }
}

async function recordInTurns(log: Log, lsn: LSN): Promise<FoundRecord> {
  const long = await log.reader.longAfter(lsn - 1n, log.tail.lsn);
  if (long === null) return { record: recordAt(log, lsn), place: null };
  const { record, changes } = await readLongRecord(long, log.reader.positionAt(lsn - 1n));
  return { record, place: changes };
}

/** The steps of the schema after `lsn`, oldest first. */
async function definitionsAfter(log: Log, lsn: LSN): Promise<DefinitionChange[]> {
  const changes: DefinitionChange[] = [];
  for await (const { record } of recordsAfter(log, lsn)) {
    if (record.payload.kind === 'definition') changes.push(record.payload.change);
  }
  return changes;
}

/**
 * The tables as they were at `lsn`, given those at the tail. One that was defined anew since is
 * what the newest definition up to `lsn` says, and is left out where the log no longer tells.
 */
export async function tablesAt(
  log: Log,
  lsn: LSN,
  current: readonly TableDefinition[],
): Promise<TableDefinition[]> {
  const later = await definitionsAfter(log, lsn);
  const touched = new Set(later.flatMap(({ put, drop }) => [...put.map((t) => t.name), ...drop]));
  const tables = new Map(current.map((table) => [table.name, table]));
  for (const name of touched) tables.delete(name);
  if (touched.size === 0) return [...tables.values()];
  for await (const { record } of recordsAfter(log, log.firstLsn - 1n, lsn)) {
    const { payload } = record;
    if (payload.kind !== 'definition') continue;
    for (const name of payload.change.drop) if (touched.has(name)) tables.delete(name);
    for (const table of payload.change.put) {
      if (touched.has(table.name)) tables.set(table.name, table);
    }
  }
  return [...tables.values()];
}

/**
 * The lowest LSN from `floor` on after which the log holds no more than `bytesMax`, or one record,
 * however long.
 */
export function tailStart(log: Log, floor: LSN, bytesMax: number): LSN {
  let low = floor;
  let high = log.tail.lsn - 1n;
  if (low >= high || log.reader.bytesAfter(low) <= bytesMax) return low;
  while (low + 1n < high) {
    const middle = (low + high) / 2n;
    if (log.reader.bytesAfter(middle) > bytesMax) low = middle;
    else high = middle;
  }
  return high;
}

function change(record: LogRecord, content: VisibleChange['content']): VisibleChange {
  const { term, lsn, logHash, timestamp } = record;
  return { term, lsn, logHash, timestamp, transactionId: null, isDecided: true, content };
}

function recordAt(log: Log, lsn: LSN): LogRecord {
  const [found] = readFrames(log.read(lsn - 1n, 1, lsn), log.reader.positionAt(lsn - 1n));
  return must(found, 'the log answers the record asked for').record;
}
