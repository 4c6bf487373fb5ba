// Makes a table anew whose rows change their partition: read behind a fence, written where they go.

import { forEachInTurn, type Breather } from '#aggregator/breather.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { createTableStatements, livesIn } from '#aggregator/metadata/sqlite-table.ts';
import { partitionOfRow } from '#aggregator/planner/insert-planner.ts';
import { must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { readTable, type TableReader } from '#aggregator/cluster/read-table.ts';
import type { SchemaChange } from './schema-change.ts';
import { storedLiteral } from '#aggregator/metadata/stored-literal.ts';
import { sortInTurns } from '#aggregator/sort-in-turns.ts';

/** Rows of one INSERT. */
const rowsPerStatement = 500;
/** What may be moved: more would make a definition record of many megabytes. */
const rowsMax = 200_000;
const charactersMax = 64 * 1024 * 1024;

/** A table that is made anew in other partitions. */
export interface TableMove {
  readonly before: TableDefinition;
  readonly after: TableDefinition;
  /** The SQLite expression of each new column over the old ones. */
  readonly values: ReadonlyMap<string, string>;
  /** Columns whose NULLs (of AUTO_INCREMENT: and zeros) are numbered, above what is there. */
  readonly numbered: readonly string[];
}

/** One row, before and after. */
interface MovingRow {
  readonly from: number;
  readonly old: Row;
  readonly fresh: StoredValue[];
}

export interface MovedRows {
  readonly change: SchemaChange;
  /** The greatest number that a numbered column has now; null where none is numbered. */
  readonly greatest: bigint | null;
}

/** The move that brings all rows of a sharded table into the first partition, as they are. */
export function moveToFirst(table: TableDefinition): TableMove {
  const values = table.columns.map(({ name }) => [name, quoteIdentifier(name)] as const);
  const after: TableDefinition = { ...table, spread: 'single', shardKey: [] };
  return { before: table, after, values: new Map(values), numbered: [] };
}

/**
 * The change that carries out the move, and takes it back where a partition refuses. To be asked
 * for behind a fence only; in turns, and until the statement is to stop (queryInterrupted). Throws
 * unsupported where there are more rows than a record should hold.
 */
export async function moveRows(
  reader: TableReader,
  database: DatabaseDefinition,
  move: TableMove,
): Promise<MovedRows> {
  refuseGenerated(move.before, move.after);
  const { before, after, numbered } = move;
  const { breather } = reader;
  const read = await readRows(reader, database, move);
  const rows = numbered.length > 0 ? await inKeyOrder(breather, before, read) : read;
  let greatest: bigint | null = null;
  for (const column of numbered) {
    greatest = await numberRows(breather, rows, placeOf(after, column));
  }
  const old = new RowsByPlace(before);
  const fresh = new RowsByPlace(after);
  await forEachInTurn(breather, rows, (row) => {
    old.add(row.from, row.old);
    fresh.add(partitionOfRow(after, row.fresh, database.partitionCount), row.fresh);
  });
  const change: SchemaChange = {
    put: [after],
    drop: [],
    statements: (place, ordinal) => [
      ...(livesIn(before, place) ? [`DROP TABLE ${quoteIdentifier(before.name)}`] : []),
      ...createTableStatements(after, place),
      ...fresh.statements(ordinal),
    ],
    undo: (place, ordinal) => [
      ...(livesIn(after, place) ? [`DROP TABLE ${quoteIdentifier(after.name)}`] : []),
      ...createTableStatements(before, place),
      ...old.statements(ordinal),
    ],
  };
  return { change, greatest };
}

/** The INSERTs that put rows of a table into their partitions. */
class RowsByPlace {
  readonly #into: string;
  /** By partition: whole statements, and the rows of one that may take more. */
  readonly #places = new Map<number, { readonly whole: string[]; rows: string[] }>();

  constructor(table: TableDefinition) {
    const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(', ');
    this.#into = `INSERT INTO ${quoteIdentifier(table.name)} (${columns}) VALUES `;
  }

  add(ordinal: number, row: Row): void {
    const place = this.#places.get(ordinal) ?? { whole: [], rows: [] };
    this.#places.set(ordinal, place);
    place.rows.push(`(${row.map(storedLiteral).join(', ')})`);
    if (place.rows.length < rowsPerStatement) return;
    // Joined at once: a text of many pieces is put together by whoever looks at it first.
    place.whole.push(this.#statement(place.rows));
    place.rows = [];
  }

  statements(ordinal: number): string[] {
    const { whole, rows } = this.#places.get(ordinal) ?? { whole: [], rows: [] };
    return rows.length === 0 ? whole : [...whole, this.#statement(rows)];
  }

  #statement(rows: readonly string[]): string {
    return this.#into + rows.join(', ');
  }
}

/** All rows, as they are and as they will be, read at the version of `database`. */
async function readRows(
  reader: TableReader,
  database: DatabaseDefinition,
  { before, after, values }: TableMove,
): Promise<MovingRow[]> {
  const olds = before.columns.map((column) => quoteIdentifier(column.name));
  const news = after.columns.map((column) => must(values.get(column.name)));
  const sql = `SELECT ${[...olds, ...news].join(', ')} FROM ${quoteIdentifier(before.name)}`;
  const rows: MovingRow[] = [];
  let characters = 0;
  const columns = [...before.columns, ...after.columns].map((column) => column.type);
  for await (const batch of readTable(reader, database, { table: before, sql, columns })) {
    for (const row of batch.rows) {
      for (const value of row) characters += sizeOf(value);
      const fresh = row.slice(olds.length);
      rows.push({ from: batch.ordinal, old: row.slice(0, olds.length), fresh });
    }
    if (rows.length > rowsMax || characters > charactersMax) throw tooLarge(before.name);
  }
  return rows;
}

function sizeOf(value: StoredValue): number {
  if (typeof value === 'string') return value.length;
  return value instanceof Uint8Array ? 2 * value.length : 8;
}

function tooLarge(name: string) {
  const what =
    `a definition that moves more than ${rowsMax} rows, or 64 MiB, of '${name}' to other ` +
    'partitions; make a new table and fill it';
  return databaseError('unsupported', { what });
}

function placeOf({ columns }: TableDefinition, name: string): number {
  return columns.findIndex((column) => column.name === name);
}

/** As they were put in, where the key says so: numbers are given in this order. */
async function inKeyOrder(
  breather: Breather,
  table: TableDefinition,
  rows: readonly MovingRow[],
): Promise<readonly MovingRow[]> {
  const primary = must(table.indexes.find(({ kind }) => kind === 'primary'));
  const [only] = primary.parts;
  const place = only === undefined ? -1 : placeOf(table, only.column);
  if (primary.parts.length > 1 || table.columns[place]?.type.kind !== 'integer') return rows;
  const keyOf = ({ old }: MovingRow): bigint => BigInt((old[place] ?? 0n) as bigint | number);
  return sortInTurns(breather, rows, (a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Numbers the rows whose value at `place` is none, or zero. Answers the greatest number there. */
async function numberRows(
  breather: Breather,
  rows: readonly MovingRow[],
  place: number,
): Promise<bigint> {
  let last = 0n;
  const missing: MovingRow[] = [];
  await forEachInTurn(breather, rows, (row) => {
    const number = BigInt((row.fresh[place] ?? 0n) as bigint | number);
    if (number > last) last = number;
    if (number === 0n) missing.push(row);
  });
  await forEachInTurn(breather, missing, ({ fresh }) => {
    fresh[place] = ++last;
  });
  return last;
}

/** Rows are moved by the values of all their columns. */
function refuseGenerated(...tables: readonly TableDefinition[]): void {
  const generated = tables
    .flatMap(({ columns }) => columns)
    .find((column) => column.generated !== undefined);
  if (generated === undefined) return;
  const what = `moving the rows of a table with the generated column '${generated.name}'`;
  throw databaseError('unsupported', { what });
}
