// INSERT and REPLACE: which columns get which values, and what happens to rows in the way.

import type { Expression, InsertStatement } from '#aggregator/parser/ast.ts';
import { forEachInTurn, type Breather } from '#aggregator/breather.ts';
import { isStrict } from '#aggregator/sql-mode.ts';
import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { StoreConstant } from './assign-value.ts';
import { writing } from './functions/strict-write.ts';
import { BlockScope, type Block, newBlock } from './block-scope.ts';
import { namesOfRelation, noNames, type FromNames } from './from-names.ts';
import { resolveAssignments, type Assigned } from './resolve-assignments.ts';
import { sameName, type ResolveEnvironment } from './resolve-environment.ts';
import { resolveExpression } from './resolve-expression.ts';
import { outputColumns, tableColumns } from './resolve-from.ts';
import { createQueryResolver } from './resolve-query.ts';
import { resolveTarget, visibleColumn, type WriteTarget } from './resolve-target.ts';
import type { Relation, ResolvedQuery } from './resolved-query.ts';
import { sourceTables } from './source-names.ts';
import type { TypedExpression } from './typed-expression.ts';
import { collectColumns } from './walk-expression.ts';

/** A value of VALUES: DEFAULT is the column's own affair. */
export type InsertValue = TypedExpression | { readonly kind: 'default' };

export type GivenBatches = AsyncIterable<readonly (readonly (SourceValue | 'default')[])[]>;

/** Rows that come once, kept for another attempt while they are few. */
export interface GivenRows {
  /** False once `read` would not begin at the first row. */
  readonly canRepeat: boolean;
  read(): GivenBatches;
}

export interface ResolvedInsert {
  readonly target: WriteTarget;
  /** The columns that get values, in the order of the values. */
  readonly columns: readonly ColumnDefinition[];
  readonly source:
    | { readonly kind: 'values'; readonly rows: readonly (readonly InsertValue[])[] }
    | { readonly kind: 'query'; readonly query: ResolvedQuery }
    /** Values from elsewhere, a batch of rows at a time, as LOAD DATA has them. */
    | { readonly kind: 'given'; readonly rows: GivenRows };
  readonly mode: 'insert' | 'ignore' | 'replace';
  /** ON DUPLICATE KEY UPDATE, or null without it. */
  readonly onDuplicate: OnDuplicate | null;
  /** A generated column whose values are passed over, with a warning; null where there is none. */
  readonly passedOver: string | null;
}

export interface OnDuplicate extends Assigned {
  /** The row that is there already. */
  readonly existing: number;
  /** The row that was to be inserted. */
  readonly inserted: number;
}

/** Throws a DatabaseError that names what is wrong. */
export function resolveInsert(
  statement: InsertStatement,
  given: ResolveEnvironment,
  store: StoreConstant,
): ResolvedInsert {
  const start = startInsert(statement, given, store);
  const rows = valueRows(statement).map((row, index) => resolveRow(start, row, index));
  return endInsert(start, rows);
}

/** The same; others have turns amid many rows. */
export async function resolveInsertInTurns(
  breather: Breather,
  statement: InsertStatement,
  options: { readonly given: ResolveEnvironment; readonly store: StoreConstant },
): Promise<ResolvedInsert> {
  const start = startInsert(statement, options.given, options.store);
  const rows: ResolvedRow[] = [];
  await forEachInTurn(breather, valueRows(statement), (row, index) => {
    rows.push(resolveRow(start, row, index));
  });
  return endInsert(start, rows);
}

/** What is known before the rows of VALUES. */
interface InsertStart {
  readonly statement: InsertStatement;
  readonly environment: ResolveEnvironment;
  readonly store: StoreConstant;
  readonly target: WriteTarget;
  readonly columns: readonly ColumnDefinition[];
  readonly block: Block;
  readonly scope: BlockScope;
}

type ResolvedRow = readonly InsertValue[];

function startInsert(
  statement: InsertStatement,
  given: ResolveEnvironment,
  store: StoreConstant,
): InsertStart {
  const environment = writing(given, statement);
  const target = resolveTarget(statement.table, environment);
  const columns = insertedColumns(statement, target);
  const block = newBlock(createQueryResolver(environment), null, []);
  const scope = new BlockScope(block, { clause: 'field list', names: noNames });
  return { statement, environment, store, target, columns, block, scope };
}

/** The rows of VALUES; none where they come from a query. */
function valueRows({ source }: InsertStatement): readonly (readonly Expression[])[] {
  return source.kind === 'values' ? source.rows : [];
}

function resolveRow(
  { columns, scope }: InsertStart,
  row: readonly Expression[],
  index: number,
): ResolvedRow {
  // `()` leaves every column to its default.
  if (row.length === 0) return columns.map(() => ({ kind: 'default' }) as const);
  if (row.length !== columns.length) throw databaseError('wrongColumnCount', { row: index + 1 });
  return row.map((value) => resolveInsertValue(value, scope));
}

function endInsert(start: InsertStart, rows: readonly ResolvedRow[]): ResolvedInsert {
  const { statement, environment, target, block, store } = start;
  const mode = statement.replace ? 'replace' : statement.ignore ? 'ignore' : 'insert';
  const inserted = { columns: start.columns, source: sourceOf(start, rows) };
  const { columns, source, passedOver } = withoutGenerated(inserted, target, environment);
  refuseGeneratedKeys(statement, target);
  const onDuplicate =
    statement.onDuplicate.length === 0
      ? null
      : resolveOnDuplicate(statement, { block, target, store, given: inserted });
  if (onDuplicate !== null && mode !== 'insert') {
    throw databaseError('unsupported', { what: 'IGNORE with ON DUPLICATE KEY UPDATE' });
  }
  return { target, columns, source, mode, onDuplicate, passedOver };
}

function insertedColumns(
  statement: InsertStatement,
  { table }: WriteTarget,
): readonly ColumnDefinition[] {
  if (statement.columns === null) {
    return table.columns.filter((column) => !column.hidden);
  }
  const columns = statement.columns.map((name) => visibleColumn(table, name));
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name)) throw databaseError('columnSpecifiedTwice', { column: name });
    seen.add(name);
  }
  return columns;
}

type Inserted = Pick<ResolvedInsert, 'columns' | 'source'>;

/**
 * A generated column is given by DEFAULT, which it has in any case. Without strict mode values for
 * it are passed over, as dumps of MariaDB expect it. Throws generatedColumn.
 */
function withoutGenerated(
  { columns, source }: Inserted,
  { table }: WriteTarget,
  { sqlMode }: ResolveEnvironment,
): Inserted & Pick<ResolvedInsert, 'passedOver'> {
  const generated = columns.find((column) => column.generated !== undefined);
  if (generated === undefined) return { columns, source, passedOver: null };
  const isGenerated = (place: number): boolean => columns[place]?.generated !== undefined;
  const given = (row: readonly InsertValue[]): number =>
    row.findIndex((value, place) => isGenerated(place) && value.kind !== 'default');
  const places = source.kind === 'values' ? source.rows.map(given) : [columns.indexOf(generated)];
  const passedOver = columns[places.find((place) => place >= 0) ?? -1]?.name ?? null;
  if (source.kind !== 'values' || (passedOver !== null && isStrict(sqlMode))) {
    const column = passedOver ?? generated.name;
    throw databaseError('generatedColumn', { column, table: table.name });
  }
  const rows = source.rows.map((row) => row.filter((_, place) => !isGenerated(place)));
  const stored = columns.filter((column) => column.generated === undefined);
  return { columns: stored, source: { kind: 'values', rows }, passedOver };
}

/** Which row is in the way is asked by the values that are given. */
function refuseGeneratedKeys(
  { replace, ignore, onDuplicate }: InsertStatement,
  { table }: WriteTarget,
): void {
  if (!replace && !ignore && onDuplicate.length === 0) return;
  const isGenerated = (name: string): boolean =>
    table.columns.some((column) => column.name === name && column.generated !== undefined);
  const key = table.indexes.find(
    ({ kind, parts }) => kind === 'unique' && parts.some(({ column }) => isGenerated(column)),
  );
  const check = ignore ? table.checks.find(({ columns }) => columns.some(isGenerated)) : undefined;
  const found = (ignore && check === undefined ? undefined : key)?.name ?? check?.name;
  if (found === undefined) return;
  const what = `REPLACE, IGNORE or ON DUPLICATE KEY UPDATE over '${found}', of a generated column`;
  throw databaseError('unsupported', { what });
}

function sourceOf(
  { statement: { source }, block, columns }: InsertStart,
  rows: readonly ResolvedRow[],
): ResolvedInsert['source'] {
  if (source.kind === 'values') return { kind: 'values', rows };
  const query = block.resolver.resolve(source.query, null, []);
  if (outputColumns(query).length !== columns.length) {
    throw databaseError('wrongColumnCount', { row: 1 });
  }
  return { kind: 'query', query };
}

function resolveInsertValue(value: Expression, scope: BlockScope): InsertValue {
  if (value.kind === 'default' && value.column === null) return { kind: 'default' };
  return resolveExpression(value, scope);
}

interface DuplicateParts {
  readonly block: Block;
  readonly target: WriteTarget;
  readonly store: StoreConstant;
  readonly given: Inserted;
}

function resolveOnDuplicate(statement: InsertStatement, parts: DuplicateParts): OnDuplicate {
  const { block, store, given } = parts;
  const { table, database } = parts.target;
  const names = (id: number, alias: string) => {
    const relation: Relation = { kind: 'table', id, alias, database: database.name, table };
    return namesOfRelation(relation, tableColumns(database.name, table, alias));
  };
  const existing = block.resolver.nextRelation();
  const inserted = block.resolver.nextRelation();
  const existingNames = names(existing, table.name);
  const insertedNames = names(inserted, table.name);
  const ofNewRow = (column: string) => columnOf(insertedNames, column);
  const known = withRowAlias(existingNames, insertedNames, statement);
  const strict = isStrict(block.resolver.environment.sqlMode);
  const sources =
    given.source.kind === 'query'
      ? sourceTables(given.source.query, table.name, {
          ...given,
          inserted: ofNewRow,
          isStrict: strict,
        })
      : [];
  const scope = new BlockScope(block, {
    clause: 'field list',
    names: { ...known, tables: [...known.tables, ...sources] },
    inserted: ofNewRow,
  });
  const { onDuplicate } = statement;
  const context = { scope, store, inOrder: true };
  const assigned = resolveAssignments(onDuplicate, { id: existing, table }, context);
  refuseNewGenerated(assigned, inserted, table);
  refuseShardKey(table, assigned);
  return { existing, inserted, ...assigned };
}

/** What would have been generated for the row is not known before it is there. */
function refuseNewGenerated(
  { assignments, lastInsertId }: Assigned,
  inserted: number,
  { columns }: TableDefinition,
): void {
  const given = [...assignments.map(({ value }) => value), ...(lastInsertId ? [lastInsertId] : [])];
  const read = given.flatMap((value) => collectColumns(value));
  const names = new Set(read.flatMap((part) => (part.relation === inserted ? part.column : [])));
  const found = columns.find(({ name, generated }) => generated !== undefined && names.has(name));
  if (found === undefined) return;
  const what = `VALUES() of the generated column '${found.name}'`;
  throw databaseError('unsupported', { what });
}

/** VALUES (…) AS new (a, b): its names stand for the row that was to be inserted. */
function withRowAlias(
  existing: FromNames,
  inserted: FromNames,
  { rowAlias, columns }: InsertStatement,
): FromNames {
  const [table] = inserted.tables;
  if (rowAlias === null || table === undefined) return existing;
  const renamed = rowAlias.columns.map((alias, i) => {
    const name = columns?.[i] ?? table.columns[i]?.name ?? '';
    const visible = table.columns.find((column) => sameName(column.name, name));
    if (visible === undefined)
      throw databaseError('unknownColumn', { column: name, clause: 'field list' });
    return { ...visible, name: alias };
  });
  const visible = rowAlias.columns.length > 0 ? renamed : table.columns;
  return {
    tables: [
      ...existing.tables,
      { ...table, alias: rowAlias.name, database: null, columns: visible },
    ],
    star: rowAlias.columns.length > 0 ? [...existing.star, ...renamed] : existing.star,
  };
}

function columnOf(names: FromNames, column: string): TypedExpression {
  const found = names.star.find((visible) => sameName(visible.name, column));
  if (found !== undefined) return found.expression;
  throw databaseError('unknownColumn', { column, clause: 'field list' });
}

/** Each unique key has the shard key in it: a new row and the one in its way have it in common. */
function refuseShardKey(table: TableDefinition, { assignments }: Assigned): void {
  if (table.spread !== 'sharded') return;
  const moved = assignments.some(
    ({ column: { name }, value }) => table.shardKey.includes(name) && !isColumn(value, name),
  );
  if (!moved) return;
  throw databaseError('unsupported', { what: 'a shard key in ON DUPLICATE KEY UPDATE' });
}

/** True for what the row has in that column, or the new row has. */
function isColumn(value: TypedExpression, name: string): boolean {
  if (value.kind === 'column') return sameName(value.column, name);
  const [inner] = value.kind === 'call' && value.name === 'retype' ? value.arguments : [];
  return inner !== undefined && isColumn(inner, name);
}
