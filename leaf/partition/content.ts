// The content of a partition's tables as digests, by table, by bucket, and by row.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { decode } from '#shared/codec.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';
import {
  bucketDigestBytes,
  contentBuckets,
  contentRowsMax,
  valueDigestBytes,
  type RowContent,
} from '#shared/wire/content-message.ts';
import { digestLanes, RowDigester } from './row-digest.ts';

/** Rows read before `pause` is called. */
const ROWS_PER_TURN = 1000;
const WORD_RANGE = 2 ** 32;

/** A partition knows every table of its database, and holds those that are spread to it. */
const SELECT_TABLES = `
  SELECT definition FROM _twinleaf_schema WHERE name COLLATE NOCASE IN (
    SELECT name FROM sqlite_schema WHERE type = 'table') ORDER BY name`;

/** Lets others have a turn; rejects when the work is to end. */
export type Pause = () => Promise<void>;

export interface TableDigest {
  readonly rows: number;
  /** `bucketDigestBytes` for each bucket. */
  readonly buckets: Uint8Array;
}

/** The tables that this file holds rows of, by name. */
export function contentTables(connection: SqliteFile): TableDefinition[] {
  const rows = connection.all(SELECT_TABLES);
  return rows.map(([bytes]) => decode(bytes as Uint8Array) as TableDefinition);
}

/** Reads all of a table, within the connection's transaction. */
export async function digestTable(
  connection: SqliteFile,
  table: TableDefinition,
  pause: Pause,
): Promise<TableDigest> {
  const sums = new Float64Array(contentBuckets * digestLanes);
  const keyOf = keyReader(table);
  const digester = new RowDigester();
  let rows = 0;
  for (const row of connection.iterate(selectAll(table))) {
    const at = bucketOf(digester, keyOf(row)) * digestLanes;
    const digest = digester.digest(row);
    for (let lane = 0; lane < digestLanes; lane++) {
      sums[at + lane] = ((sums[at + lane] ?? 0) + (digest[lane] ?? 0)) % WORD_RANGE;
    }
    rows += 1;
    if (rows % ROWS_PER_TURN === 0) await pause();
  }
  const buckets = Buffer.alloc(contentBuckets * bucketDigestBytes);
  for (const [index, sum] of sums.entries()) buckets.writeUInt32LE(sum, index * 4);
  return { rows, buckets };
}

/** The rows of some buckets, at most `contentRowsMax`. */
export async function rowsOfBuckets(
  connection: SqliteFile,
  table: TableDefinition,
  options: { readonly buckets: readonly number[]; readonly pause: Pause },
): Promise<{ rows: RowContent[]; isCut: boolean }> {
  const wanted = new Set(options.buckets);
  const keyOf = keyReader(table);
  const digester = new RowDigester();
  const rows: RowContent[] = [];
  let count = 0;
  for (const row of connection.iterate(selectAll(table))) {
    const key = keyOf(row);
    if (wanted.has(bucketOf(digester, key))) {
      if (rows.length === contentRowsMax) return { rows, isCut: true };
      rows.push({ key: [...key], values: digestValues(digester, row) });
    }
    count += 1;
    if (count % ROWS_PER_TURN === 0) await options.pause();
  }
  return { rows, isCut: false };
}

/** The names of the key's columns, in its order. */
export function keyColumns(table: TableDefinition): string[] {
  const primary = table.indexes.find(({ kind }) => kind === 'primary');
  return primary?.parts.map(({ column }) => column) ?? [];
}

function digestValues(digester: RowDigester, row: Row): Uint8Array {
  const digests = Buffer.alloc(row.length * valueDigestBytes);
  for (const [index, value] of row.entries()) {
    const [first = 0, second = 0] = digester.digest([value]);
    digests.writeUInt32LE(first, index * valueDigestBytes);
    digests.writeUInt32LE(second, index * valueDigestBytes + 4);
  }
  return digests;
}

/** Values that SQLite computes are in no changeset, and follow from the others. */
function selectAll(table: TableDefinition): string {
  const columns = table.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `SELECT ${columns} FROM ${quoteIdentifier(table.name)}`;
}

function keyReader(table: TableDefinition): (row: Row) => StoredValue[] {
  const names = table.columns.map(({ name }) => name);
  const places = keyColumns(table).map((name) => names.indexOf(name));
  return (row) => places.map((place) => row[place] ?? null);
}

function bucketOf(digester: RowDigester, key: readonly StoredValue[]): number {
  return (digester.digest(key)[0] ?? 0) % contentBuckets;
}
