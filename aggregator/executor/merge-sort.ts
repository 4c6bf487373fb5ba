// Sorted streams to one sorted stream: what ORDER BY over many partitions comes down to.

import type { SortKey } from '#aggregator/planner/plan.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { closeAll, quietly } from './concatenate.ts';
import type { RowBatches } from './execution.ts';

/** Rows that are handed on together. */
const BATCH_ROWS = 256;

interface Cursor {
  readonly iterator: AsyncIterator<readonly Row[]>;
  batch: readonly Row[];
  index: number;
}

/**
 * Merges sources, each sorted by `keys`; of each row only the first `visible` columns go on.
 * Rows that compare equal come in the order of their sources.
 */
export async function* mergeSort(
  sources: readonly RowBatches[],
  keys: readonly SortKey[],
  visible: number,
): RowBatches {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  try {
    const opened = iterators.map((iterator) => quietly(openCursor(iterator)));
    const heads: Cursor[] = [];
    for (const cursor of await Promise.all(opened)) if (cursor !== null) heads.push(cursor);
    let output: Row[] = [];
    while (heads.length > 0) {
      const cursor = heads[leastOf(heads, keys)] as Cursor;
      const row = cursor.batch[cursor.index] as Row;
      output.push(row.length > visible ? row.slice(0, visible) : row);
      if (output.length >= BATCH_ROWS) {
        yield output;
        output = [];
      }
      if (!(await advance(cursor))) heads.splice(heads.indexOf(cursor), 1);
    }
    if (output.length > 0) yield output;
  } finally {
    await closeAll(iterators);
  }
}

async function openCursor(iterator: AsyncIterator<readonly Row[]>): Promise<Cursor | null> {
  const cursor = { iterator, batch: [], index: -1 };
  return (await advance(cursor)) ? cursor : null;
}

async function advance(cursor: Cursor): Promise<boolean> {
  cursor.index += 1;
  while (cursor.index >= cursor.batch.length) {
    const next = await cursor.iterator.next();
    if (next.done === true) return false;
    cursor.batch = next.value;
    cursor.index = 0;
  }
  return true;
}

/** The place of the least head. There are as many as partitions: few enough to look at each. */
function leastOf(heads: readonly Cursor[], keys: readonly SortKey[]): number {
  let least = 0;
  for (let i = 1; i < heads.length; i += 1) {
    const a = heads[i] as Cursor;
    const b = heads[least] as Cursor;
    if (compareRows(a.batch[a.index] as Row, b.batch[b.index] as Row, keys) < 0) least = i;
  }
  return least;
}

/** How two rows are ordered by `keys`, as SQLite orders them. */
export function compareRows(a: Row, b: Row, keys: readonly SortKey[]): number {
  for (const { index, descending, padded } of keys) {
    const order = compareStored(keyValue(a[index], padded), keyValue(b[index], padded));
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

function keyValue(value: StoredValue | undefined, padded: boolean): StoredValue {
  return padded && typeof value === 'string' ? `${value.replace(/ +$/, '')} ` : (value ?? null);
}

/** UTF-16 orders as UTF-8 does where no character takes two units. */
const surrogates = /[\ud800-\udfff]/;

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  if (surrogates.test(a) || surrogates.test(b)) {
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
  }
  return a < b ? -1 : 1;
}

/**
 * SQLite's own order of values of one type: NULL first, texts by their UTF-8 bytes, integers that
 * are BLOBs (unsigned-integer.ts) behind all others.
 */
export function compareStored(a: StoredValue, b: StoredValue): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (typeof a === 'string' && typeof b === 'string') {
    return compareTexts(a, b);
  }
  const isBlob = a instanceof Uint8Array;
  if (isBlob && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (isBlob || b instanceof Uint8Array) return isBlob ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}
