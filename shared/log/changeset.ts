// SQLite's changeset format: reads, inverts and joins what a session has captured.

import { must } from '#shared/assert.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { ChangesetCursor, readHeader } from './changeset-cursor.ts';
import { operationCodes, type ChangeOperation, type ChangeValue } from './changeset-format.ts';
import { encodeValue } from './changeset-writer.ts';

/** One row changed. */
export interface RowChange {
  readonly table: string;
  readonly operation: ChangeOperation;
  /** The columns of the key, as places in the row. */
  readonly keyColumns: readonly number[];
  /** The row before, INTEGERs as `bigint`; of an update its key and what changes; else null. */
  readonly before: readonly ChangeValue[] | null;
  /** The row after; of an update only what changes; of a delete null. */
  readonly after: readonly ChangeValue[] | null;
  /** True for what a foreign key's action did. */
  readonly indirect: boolean;
  /** A changeset of this change alone. */
  readonly bytes: Uint8Array;
}

/** The changes of a changeset, in their order. Throws RangeError on malformed bytes. */
export function* readChangeset(changeset: Uint8Array): Generator<RowChange, void, undefined> {
  const cursor = new ChangesetCursor(changeset);
  let known: string | null = null;
  let header = new Uint8Array(0);
  let table = '';
  let keyColumns: number[] = [];
  while (cursor.next()) {
    const { operation, indirect, start, end } = cursor;
    if (cursor.header !== known) {
      known = cursor.header;
      header = Buffer.from(`${known}\0`, 'latin1');
      const read = readHeader(known);
      ({ table } = read);
      keyColumns = inKeyOrder(read.keyPlaces);
    }
    const before = operation === 'insert' ? null : cursor.before.map(ownValue);
    const after = operation === 'delete' ? null : cursor.after.map(ownValue);
    const bytes = joinBytes([header, changeset.subarray(start, end)]);
    yield { table, operation, keyColumns, before, after, indirect, bytes };
  }
}

/** A BLOB of the cursor's is a view of the changeset. */
function ownValue(value: ChangeValue): ChangeValue {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

/** A changeset that takes the changes back: the last ones first, and as many sections. */
export function invertChangeset(changeset: Uint8Array): Uint8Array {
  const cursor = new ChangesetCursor(changeset);
  const sections: Uint8Array[][] = [];
  let section = 0;
  while (cursor.next()) {
    if (cursor.section !== section) {
      ({ section } = cursor);
      sections.push([Buffer.from(`${cursor.header}\0`, 'latin1')]);
    }
    sections.at(-1)?.push(invertChange(cursor, changeset.subarray(cursor.start, cursor.end)));
  }
  const inverted = sections.reverse().map(([header, ...changes]) => [header, ...changes.reverse()]);
  return joinBytes(inverted.flat() as Uint8Array[]);
}

/** One changeset after another. */
export function concatChangesets(changesets: readonly Uint8Array[]): Uint8Array {
  return joinBytes(changesets);
}

/** The key's values of a changed row: of the row before, or of an inserted one. */
export function changeKey(change: RowChange): StoredValue[] {
  const row = must(change.before ?? change.after);
  return change.keyColumns.map((column) => row[column] ?? null);
}

/** `update of "account" key (17)`: for an error, so without the other values. */
export function describeChange(change: RowChange): string {
  const key = changeKey(change).map((value) =>
    value instanceof Uint8Array ? `x'${Buffer.from(value).toString('hex')}'` : String(value),
  );
  return `${change.operation} of "${change.table}" key (${key.join(', ')})`;
}

function invertChange(cursor: ChangesetCursor, change: Uint8Array): Uint8Array {
  const { operation, before, after } = cursor;
  const flag = change[1] ?? 0;
  if (operation !== 'update') {
    const inverse = operationCodes[operation === 'insert' ? 'delete' : 'insert'];
    return joinBytes([Uint8Array.of(inverse, flag), change.subarray(2)]);
  }
  // An update names its key in the old values only; it never changes it.
  const isKey = (column: number): boolean => after[column] === undefined;
  const inverseOld = after.map((value, column) => (isKey(column) ? before[column] : value));
  const inverseNew = before.map((value, column) => (isKey(column) ? undefined : value));
  const values = [...inverseOld, ...inverseNew].map(encodeValue);
  return joinBytes([Uint8Array.of(operationCodes.update, flag), ...values]);
}

/** The columns of the key, by their places in it. */
function inKeyOrder(places: readonly number[]): number[] {
  const columns = places.map((place, column) => ({ place, column }));
  return columns
    .filter(({ place }) => place > 0)
    .sort((a, b) => a.place - b.place)
    .map(({ column }) => column);
}

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
