// CREATE TABLE … SELECT: which columns the rows of a query ask for, and how they come into it.

import type { Catalog } from '#aggregator/metadata/catalog.ts';
import { columnLine } from '#aggregator/metadata/show-create-table.ts';
import type { ColumnSyntax, CreateTable } from '#aggregator/parser/ast-definition.ts';
import type { InsertStatement, Query } from '#aggregator/parser/ast.ts';
import { parseStatements } from '#aggregator/parser/parser.ts';
import type { SyntaxEngine } from '#aggregator/query-engine.ts';
import type { Session } from '#aggregator/session.ts';
import type { OkResult, ResultColumn } from '#aggregator/statement-result.ts';
import { assert } from '#shared/assert.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';

export interface AsSelectParts {
  readonly catalog: Catalog;
  /** Asked for when used: the engine is made after its commands. */
  readonly engine: () => SyntaxEngine;
}

/** The definition with the query's columns among its own, and no query. */
export function withColumnsOf(
  parts: AsSelectParts,
  session: Session,
  statement: CreateTable & { readonly query: Query },
): { readonly definition: CreateTable; readonly filled: readonly string[] } {
  const columns = parts.engine().describe(session, statement.query);
  const filled = columns.map(({ name }) => name);
  const written = new Map(statement.columns.map((column) => [folded(column.name), column]));
  const selected = selectedColumns(columns.map((column) => wantedColumn(parts, column)));
  const names = new Set(filled.map(folded));
  // As MySQL has them: those that no query fills first, the others in the query's order.
  const own = statement.columns.filter(({ name }) => !names.has(folded(name)));
  const filling = selected.map((column) => written.get(folded(column.name)) ?? column);
  return { definition: { ...statement, columns: [...own, ...filling], query: null }, filled };
}

/** Puts the query's rows into the table, and commits them. Throws what an INSERT throws. */
export async function fillTable(
  { engine }: AsSelectParts,
  session: Session,
  fill: {
    readonly statement: CreateTable & { readonly query: Query };
    readonly database: string;
    readonly filled: readonly string[];
  },
): Promise<OkResult> {
  const { statement, database, filled } = fill;
  const { at, query } = statement;
  const insert: InsertStatement = {
    kind: 'insert',
    at,
    table: { ...statement.table, database },
    columns: filled,
    source: { kind: 'query', query },
    rowAlias: null,
    replace: false,
    ignore: false,
    onDuplicate: [],
  };
  const result = await engine().change(session, insert);
  const { transaction } = session;
  session.transaction = null;
  await transaction?.commit();
  return result;
}

function folded(name: string): string {
  return name.toLowerCase();
}

/** The columns as CREATE TABLE would have them written. */
function selectedColumns(columns: readonly ColumnDefinition[]): readonly ColumnSyntax[] {
  // No collation is this one: each column names its own.
  const table = { collation: '' };
  const lines = columns.map((column) => columnLine(column, table));
  const [parsed] = parseStatements(`CREATE TABLE t (${lines.join(', ')})`);
  assert(parsed?.statement.kind === 'createTable', 'columns make a table');
  return parsed.statement.columns;
}

/** A plain column keeps its default and its comment; a computed one has its type's nothing. */
function wantedColumn({ catalog }: AsSelectParts, column: ResultColumn): ColumnDefinition {
  const { name, nullable } = column;
  const source = sourceOf(catalog, column);
  if (source === null) return computed(column);
  const kept = { ...source, name, nullable, autoIncrement: false };
  if (!source.autoIncrement) return kept;
  return { ...kept, default: nullable ? { kind: 'value', value: null } : zeroOf(source.type) };
}

function sourceOf(catalog: Catalog, column: ResultColumn): ColumnDefinition | null {
  const { database, originalTable, originalName } = column;
  if (database === '' || originalTable === '') return null;
  const table = catalog.find(database)?.tables[originalTable];
  const found = table?.columns.find((one) => one.name === originalName);
  return found?.generated === undefined ? (found ?? null) : null;
}

function computed({ name, type, nullable }: ResultColumn): ColumnDefinition {
  const stored: ColumnType =
    type.kind === 'null' ? { kind: 'binary', form: 'binary', length: 0 } : type;
  return {
    name,
    type: stored,
    nullable,
    default: nullable ? { kind: 'value', value: null } : zeroOf(stored),
    autoIncrement: false,
    onUpdateCurrentTimestamp: false,
    comment: '',
    hidden: false,
  };
}

/** What a row gets that leaves the column out. */
function zeroOf(type: ColumnType): ColumnDefinition['default'] {
  switch (type.kind) {
    case 'integer':
      return { kind: 'value', value: 0n };
    case 'double':
    case 'float':
      return { kind: 'value', value: 0 };
    case 'string':
      if (type.form !== 'char' && type.form !== 'varchar') return { kind: 'none' };
      return { kind: 'value', value: '' };
    default:
      return { kind: 'none' };
  }
}
