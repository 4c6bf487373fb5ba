// Rows that take each other's values of a unique key, in an order in which each change applies.
//
// SQLite puts a change aside that meets a unique value which is still to go, and tries all that it
// has put aside again and again: quadratic work where each of them frees the value of one other,
// or none is free before other changes come. Here the rows whose unique values change are deleted
// first and inserted again last, so that no change meets such a value.

import { ChangesetCursor, readHeader } from '#shared/log/changeset-cursor.ts';
import { operationCodes, type ChangeValue } from '#shared/log/changeset-format.ts';
import { encodeValue } from '#shared/log/changeset-writer.ts';
import { countUpdates, laidOutValues } from '#shared/log/split-changeset.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';

/** SQLite may put so many changes aside. */
const WAITING_MAX = 64;
/** A changeset with more of them is longer: each has an operation and three values at least. */
const SHORT_BYTES_MAX = WAITING_MAX * 20;

/** Kinds of values in a changeset. */
const UNDEFINED = 0;
const TEXT = 3;

/** What stands in a text for bytes that are no UTF-8. */
const REPLACED = '\ufffd';

/** A table with a unique index beside its primary key: rows may be in each other's way. */
interface KeyedTable {
  readonly isKey: readonly boolean[];
  /** Of each column but those of the key, which stays: a unique index goes by it. */
  readonly isUnique: readonly boolean[];
  /** Selects the columns of a row by the values of its key, both in the columns' order. */
  readonly select: string;
  /** The same with the bytes of each text. */
  readonly selectBytes: string;
}

interface Schema {
  readonly version: unknown;
  /** False: no table has a unique key beside its primary one. */
  readonly isKeyed: boolean;
  /** By the header of its changes; null where no row can be in the way of another. */
  readonly tables: Map<string, KeyedTable | null>;
}

const schemas = new WeakMap<SqliteFile, Schema>();

/**
 * Whether so many rows get other unique values that SQLite must not be asked to find an order,
 * neither among them nor with rows that change later. Throws RangeError on malformed bytes.
 */
export function movesMany(connection: SqliteFile, changeset: Uint8Array): boolean {
  if (changeset.length <= SHORT_BYTES_MAX) return false;
  const schema = schemaOf(connection);
  if (!schema.isKeyed) return false;
  const uniqueColumns = (header: string) => {
    return tableOf(connection, schema, header)?.isUnique ?? null;
  };
  return countUpdates(changeset, uniqueColumns, WAITING_MAX + 1) > WAITING_MAX;
}

/**
 * The changes as changesets of about `bytesMax` bytes, each of one table, which in their order do
 * what all of them do. Each has to be applied before the next is asked for. A row that is not
 * there to be changed is left to SQLite, which says so. Throws RangeError on malformed bytes.
 */
export function* withoutExchange(
  connection: SqliteFile,
  changeset: Uint8Array,
  bytesMax: () => number,
): Generator<Uint8Array, void, undefined> {
  const schema = schemaOf(connection);
  const cursor = new ChangesetCursor(changeset);
  let group = new Group(cursor);
  while (cursor.next()) {
    const table = tableOf(connection, schema, cursor.header);
    const row = table === null ? null : keyOf(table, cursor);
    // What was captured together may happen in any order, as long as it is of different rows.
    if (group.section !== cursor.section || (row !== null && group.rows.has(row))) {
      yield* group.end(bytesMax);
      group = new Group(cursor);
    }
    if (row !== null) group.rows.add(row);
    const change = changeset.subarray(cursor.start, cursor.end);
    const isMoved = table !== null && isMove(table, cursor);
    const moved = isMoved ? movedRow(connection, table, { cursor, change }) : null;
    if (moved !== null) {
      group.deletes.push(moved.gone);
      group.inserts.push(moved.back);
    } else if (table !== null && cursor.operation === 'delete') group.deletes.push(change);
    else group.others.push(change);
    if (group.deletes.bytes >= bytesMax()) yield* group.deletes.take(bytesMax);
  }
  yield* group.end(bytesMax);
}

/** Changes of different rows of one table, captured together. */
class Group {
  readonly section: number;
  readonly rows = new Set<string>();
  readonly deletes: ChangeList;
  readonly others: ChangeList;
  readonly inserts: ChangeList;

  constructor({ section, header }: ChangesetCursor) {
    this.section = section;
    const bytes = Buffer.from(`${header}\0`, 'latin1');
    this.deletes = new ChangeList(bytes);
    this.others = new ChangeList(bytes);
    this.inserts = new ChangeList(bytes);
  }

  *end(bytesMax: () => number): Generator<Uint8Array, void, undefined> {
    for (const list of [this.deletes, this.others, this.inserts]) yield* list.take(bytesMax);
  }
}

class ChangeList {
  readonly #header: Uint8Array;
  #changes: Uint8Array[] = [];
  bytes = 0;

  constructor(header: Uint8Array) {
    this.#header = header;
  }

  push(change: Uint8Array): void {
    this.#changes.push(change);
    this.bytes += change.length;
  }

  /** All of them, which are then no longer here. */
  *take(bytesMax: () => number): Generator<Uint8Array, void, undefined> {
    const changes = this.#changes;
    this.#changes = [];
    this.bytes = 0;
    for (let start = 0; start < changes.length;) {
      let end = start;
      for (let room = Math.max(1, bytesMax()); end < changes.length && room > 0; end += 1) {
        room -= changes[end]?.length ?? 0;
      }
      yield Buffer.concat([this.#header, ...changes.slice(start, end)]);
      start = end;
    }
  }
}

/** The row that a move changes, deleted and inserted as changes; null where there is none. */
function movedRow(
  connection: SqliteFile,
  { isKey, select, selectBytes }: KeyedTable,
  { cursor, change }: { readonly cursor: ChangesetCursor; readonly change: Uint8Array },
): { readonly gone: Uint8Array; readonly back: Uint8Array } | null {
  const key = cursor.before.filter((_, column) => isKey[column]) as Row;
  const row = connection.get(select, key, 'bigint');
  if (row === null) return null;
  const found = row.map(encodeValue);
  if (row.some(isForeign)) {
    for (const [column, bytes] of (connection.get(selectBytes, key) ?? []).entries()) {
      if (isForeign(row[column])) found[column] = encodeText(bytes as Uint8Array);
    }
  }
  const values = laidOutValues(change);
  const overlaid = (operation: 'insert' | 'delete', from: number): Uint8Array => {
    const head = Uint8Array.of(operationCodes[operation], change[1] ?? 0);
    const own = found.map((value, column) => {
      const said = values[from + column];
      return said === undefined || said[0] === UNDEFINED ? value : said;
    });
    return Buffer.concat([head, ...own]);
  };
  return { gone: overlaid('delete', 0), back: overlaid('insert', found.length) };
}

/** It may have bytes that are no UTF-8, which a string cannot hold. */
function isForeign(value: ChangeValue): boolean {
  return typeof value === 'string' && value.includes(REPLACED);
}

function encodeText(bytes: Uint8Array): Uint8Array {
  const encoded = encodeValue(bytes);
  encoded[0] = TEXT;
  return encoded;
}

function isMove({ isUnique }: KeyedTable, { operation, after }: ChangesetCursor): boolean {
  return (
    operation === 'update' && after.some((value, column) => value !== undefined && isUnique[column])
  );
}

function keyOf({ isKey }: KeyedTable, { operation, before, after }: ChangesetCursor): string {
  const row = operation === 'insert' ? after : before;
  return row.flatMap((value, column) => (isKey[column] === true ? [valueText(value)] : [])).join();
}

/** Different values have different texts. */
function valueText(value: ChangeValue): string {
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function schemaOf(connection: SqliteFile): Schema {
  const [version] = connection.get('PRAGMA main.schema_version') ?? [];
  let schema = schemas.get(connection);
  if (schema === undefined || schema.version !== version) {
    const sql =
      'SELECT count(*) FROM main.sqlite_schema AS t, pragma_index_list(t.name) AS i ' +
      "WHERE t.type = 'table' AND i.\"unique\" AND i.origin <> 'pk'";
    const [count] = connection.get(sql) ?? [];
    schema = { version, isKeyed: count !== 0, tables: new Map() };
    schemas.set(connection, schema);
  }
  return schema;
}

function tableOf(connection: SqliteFile, { tables }: Schema, header: string): KeyedTable | null {
  let table = tables.get(header);
  if (table === undefined) {
    table = readTable(connection, header);
    tables.set(header, table);
  }
  return table;
}

/** Null where no unique key can change, or the table has other columns than the changes. */
function readTable(connection: SqliteFile, header: string): KeyedTable | null {
  const { table, keyPlaces } = readHeader(header);
  const name = quoteIdentifier(table);
  const found = connection.all(`PRAGMA main.table_xinfo(${name})`);
  // A generated column is not in a changeset.
  const columns = found.filter(([, , , , , , hidden]) => hidden === 0);
  const isSame =
    columns.length === keyPlaces.length &&
    columns.every(([, , , , , place], i) => place === keyPlaces[i]);
  if (!isSame) return null;
  const isKey = keyPlaces.map((place) => place > 0);
  const names = columns.map(([, column]) => quoteIdentifier(String(column)));
  const indexes = connection
    .all(`PRAGMA main.index_list(${name})`)
    .filter(([, , isUniqueIndex, origin]) => isUniqueIndex === 1 && origin !== 'pk');
  if (indexes.length === 0) return null;
  const parts = indexes.flatMap(([, index]) => columnsOf(connection, String(index), names));
  const isUnique = names.map((column, i) => isKey[i] !== true && parts.includes(column));
  const conditions = names.flatMap((column, i) => (isKey[i] === true ? [`${column} = ?`] : []));
  const from = `FROM main.${name} WHERE ${conditions.join(' AND ')}`;
  const bytes = names.map((column) => `CAST(${column} AS BLOB)`);
  const select = `SELECT ${names.join()} ${from}`;
  return { isKey, isUnique, select, selectBytes: `SELECT ${bytes.join()} ${from}` };
}

/** The columns that an index goes by, of `all`: a generated one may go by any of them. */
function columnsOf(connection: SqliteFile, index: string, all: readonly string[]): string[] {
  const parts = connection.all(`PRAGMA main.index_xinfo(${quoteIdentifier(index)})`);
  return parts.flatMap(([, , column, , , isPart]) => {
    if (isPart !== 1) return [];
    if (column !== null && all.includes(quoteIdentifier(String(column)))) {
      return [quoteIdentifier(String(column))];
    }
    const [sql] =
      connection.get('SELECT sql FROM main.sqlite_schema WHERE name = ?', [index]) ?? [];
    const named = column === null ? all.filter((name) => String(sql).includes(name)) : [];
    return named.length > 0 ? named : [...all];
  });
}
