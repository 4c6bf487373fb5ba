// CREATE TABLE … SELECT: which columns the rows of a query ask for, and how they come into it.

import type { Catalog } from '#aggregator/metadata/catalog.ts';
import { columnOfResult } from '#aggregator/metadata/column-of-result.ts';
import { columnLine } from '#aggregator/metadata/show-create-table.ts';
import type { ColumnSyntax, CreateTable } from '#aggregator/parser/ast-definition.ts';
import type { InsertStatement, Query } from '#aggregator/parser/ast.ts';
import { parseStatements } from '#aggregator/parser/parser.ts';
import type { SyntaxEngine } from '#aggregator/query-engine.ts';
import type { Session } from '#aggregator/session.ts';
import type { OkResult } from '#aggregator/statement-result.ts';
import { assert } from '#shared/assert.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';

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
  const selected = selectedColumns(columns.map((column) => columnOfResult(parts.catalog, column)));
  const names = new Set(filled.map(folded));
  // As MySQL has them: those that no query fills first, the others in the query's order.
  const own = statement.columns.filter(({ name }) => !names.has(folded(name)));
  const filling = selected.map((column) => written.get(folded(column.name)) ?? column);
  return { definition: { ...statement, columns: [...own, ...filling], query: null }, filled };
}

/** Puts the query's rows into the table, all or none. Throws what an INSERT throws. */
export function fillTable(
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
  return engine().change(session, insert);
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
