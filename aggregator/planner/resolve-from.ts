// FROM: each table reference to a relation, each join to its condition and the names it leaves.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { tableNamed } from '#aggregator/metadata/find-table.ts';
import { checkDistinctNames } from '#aggregator/metadata/names.ts';
import type { JoinReference, TableReference } from '#aggregator/parser/ast.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { TableDefinition, ViewDefinition } from '#shared/cluster/table-definition.ts';
import { BlockScope, type Block } from './block-scope.ts';
import { innerName, namesOfRelation, type ResolvedFrom } from './from-names.ts';
import { commonColumns, joinCondition, joinedNames } from './join-names.ts';
import { columnsRelation } from './combined-relation.ts';
import {
  sameName,
  type CommonTableEntry,
  type CommonTables,
  type RecursionStep,
} from './resolve-environment.ts';
import { resolveCondition } from './resolve-expression.ts';
import { refusePending } from './resolve-target.ts';
import { namesItself, stepTable } from './names-itself.ts';
import { mergedView } from './merge-view.ts';
import { resolveView } from './resolve-view.ts';
import type { JoinKind, Relation, ResolvedQuery } from './resolved-query.ts';

/**
 * A FROM clause, or the tables of an UPDATE or DELETE. With `merges` a simple view may be taken
 * for the tables behind it, so that it is planned like them.
 */
export function resolveFrom(
  block: Block,
  reference: TableReference,
  { merges }: { readonly merges: boolean } = { merges: false },
): ResolvedFrom {
  const resolved = resolveReference(block, reference, merges);
  const aliases = new Set<string>();
  for (const { database, alias } of resolved.names.tables) {
    const key = `${database ?? ''}.${alias}`;
    if (aliases.has(key)) throw databaseError('duplicateTableAlias', { name: alias });
    aliases.add(key);
  }
  return resolved;
}

function resolveReference(block: Block, reference: TableReference, merges: boolean): ResolvedFrom {
  switch (reference.kind) {
    case 'table':
      return resolveTable(block, reference, merges);
    case 'derived': {
      if (reference.lateral) throw databaseError('unsupported', { what: 'LATERAL' });
      const query = block.resolver.resolve(reference.query, block.outer, block.commonTables);
      return derivedRelation(block, query, reference.alias, reference.columns);
    }
    case 'join':
      return resolveJoin(block, reference, merges);
  }
}

function resolveTable(
  block: Block,
  reference: Extract<TableReference, { kind: 'table' }>,
  merges: boolean,
): ResolvedFrom {
  const alias = reference.alias ?? reference.table;
  if (reference.database === null) {
    const entry = findCommonTable(block.commonTables, reference.table);
    if (entry !== null) return resolveCommonTable(block, entry, alias);
  }
  const { environment } = block.resolver;
  const database = reference.database ?? environment.database;
  if (database === null) throw databaseError('noDatabase', {});
  if (environment.virtualTables.isVirtualDatabase(database)) {
    return virtualRelation(block, database, reference.table, alias);
  }
  const definition = environment.catalog.database(database);
  refusePending(definition);
  const table = tableNamed(definition, reference.table);
  if (table === undefined) throw absentTable(definition, reference.table);
  const { view } = table;
  if (view !== undefined) {
    const found = viewRelation(block, definition, { ...table, view }, alias);
    return (merges ? mergedView(found, view) : null) ?? found;
  }
  const id = block.resolver.nextRelation();
  const relation: Relation = { kind: 'table', id, alias, database: definition.name, table };
  return single(relation, tableColumns(definition.name, table, alias));
}

/** A database that is being copied has its tables when that is done. */
function absentTable({ name, state }: DatabaseDefinition, table: string): DatabaseError {
  if (state === 'provisioning') return databaseError('databaseProvisioning', { name });
  return databaseError('unknownTable', { database: name, table });
}

function findCommonTable(tables: CommonTables, name: string): CommonTableEntry | null {
  return tables.findLast((entry) => sameName(entry.table.name, name)) ?? null;
}

function resolveCommonTable(block: Block, entry: CommonTableEntry, alias: string): ResolvedFrom {
  if (entry.step !== undefined) return stepRelation(block, entry.step, alias);
  const query = namesItself(entry)
    ? block.resolver.resolveRecursion(entry)
    : block.resolver.resolve(entry.table.query, entry.outer, entry.visible);
  return derivedRelation(block, query, alias, entry.table.columns);
}

/** The rows of the step before, in a recursive part: a table of the SQLite that does the steps. */
function stepRelation(block: Block, step: RecursionStep, alias: string): ResolvedFrom {
  const id = block.resolver.nextRelation();
  step.relations.add(id);
  const name = stepTable;
  const relation: Relation = { kind: 'virtual', id, alias, database: '', name, columns: [] };
  const columns = step.columns.map((column) => ({ ...column, table: alias }));
  const { tree, names } = single(relation, columns);
  const star = names.star.map((visible, i) => ({
    ...visible,
    expression: columnsRelation(id, name, columns).column(i),
  }));
  const tables = names.tables.map((table) => ({ ...table, columns: star }));
  return { tree, names: { tables, star }, conditions: [], orderBy: [] };
}

function virtualRelation(
  block: Block,
  database: string,
  name: string,
  alias: string,
): ResolvedFrom {
  const columns = block.resolver.environment.virtualTables.columns(database, name);
  if (columns === null) throw databaseError('unknownTable', { database, table: name });
  const id = block.resolver.nextRelation();
  const relation: Relation = { kind: 'virtual', id, alias, database, name, columns };
  const named = columns.map((column) => ({
    ...column,
    originalName: column.name,
    table: alias,
    originalTable: name,
    database,
  }));
  return single(relation, named);
}

function derivedRelation(
  block: Block,
  query: ResolvedQuery,
  alias: string,
  names: readonly string[],
): ResolvedFrom {
  for (const relation of query.outerRelations) block.outerRelations.add(relation);
  const output = outputColumns(query);
  if (names.length > 0 && names.length !== output.length) {
    throw databaseError('viewColumnCount', {});
  }
  const columns = output.map((column, i) => ({
    ...column,
    name: names[i] ?? column.name,
    originalName: '',
    table: alias,
    originalTable: '',
    database: '',
    primaryKey: false,
    autoIncrement: false,
  }));
  checkDistinctNames(columns);
  const id = block.resolver.nextRelation();
  const relation: Relation = {
    kind: 'derived',
    id,
    alias,
    query,
    columns: columns.map((column) => innerName(column.name)),
  };
  return single(relation, columns);
}

function viewRelation(
  block: Block,
  database: DatabaseDefinition,
  table: TableDefinition & { readonly view: ViewDefinition },
  alias: string,
): ResolvedFrom {
  const query = resolveView(block, database, table);
  const names = table.columns.map(({ name }) => name);
  const columns = outputColumns(query).map((column, i) => ({
    ...column,
    name: names[i] ?? column.name,
    originalName: names[i] ?? column.name,
    table: alias,
    originalTable: table.name,
    database: database.name,
    primaryKey: false,
    autoIncrement: false,
  }));
  const id = block.resolver.nextRelation();
  const of = { database: database.name, table: table.name };
  const inner = names.map(innerName);
  return single({ kind: 'derived', id, alias, query, columns: inner, view: of }, columns);
}

function single(relation: Relation, columns: readonly ResultColumn[]): ResolvedFrom {
  const names = namesOfRelation(relation, columns);
  return { tree: { kind: 'relation', relation }, names, conditions: [], orderBy: [] };
}

/** The columns that a query answers. */
export function outputColumns(query: ResolvedQuery): readonly ResultColumn[] {
  return query.kind === 'select' ? query.items.map((item) => item.column) : query.columns;
}

/** The columns of a table that clients may see, as a result describes them. */
export function tableColumns(
  database: string,
  table: TableDefinition,
  alias: string,
): readonly ResultColumn[] {
  const primary = table.indexes.find((index) => index.kind === 'primary');
  return table.columns
    .filter((column) => !column.hidden)
    .map((column) => ({
      name: column.name,
      originalName: column.name,
      table: alias,
      originalTable: table.name,
      database,
      type: column.type,
      nullable: column.nullable,
      primaryKey: primary?.parts.some((part) => part.column === column.name) === true,
      autoIncrement: column.autoIncrement,
    }));
}

function resolveJoin(block: Block, reference: JoinReference, merges: boolean): ResolvedFrom {
  // On the side that may be missing, a view's values are NULL where it has no row.
  const left = resolveReference(block, reference.left, merges && reference.join !== 'right');
  const right = resolveReference(block, reference.right, merges && reference.join !== 'left');
  if (reference.natural) spellJoin(block, { left, right, reference });
  const outer = reference.join === 'left' || reference.join === 'right';
  const condition = joinCondition(left.names, right.names, reference);
  const scope = new BlockScope(block, { clause: 'on clause', names: condition.names });
  const on = condition.on === null ? null : resolveCondition(condition.on, scope);
  const kind: JoinKind = outer ? 'left' : on === null ? 'cross' : 'inner';
  const [first, second] =
    reference.join === 'right' ? [right.tree, left.tree] : [left.tree, right.tree];
  return {
    tree: { kind: 'join', join: kind, left: first, right: second, on },
    names: joinedNames(left.names, right.names, reference),
    conditions: [...left.conditions, ...right.conditions],
    orderBy: [],
  };
}

/** NATURAL means the columns that both sides have now. */
function spellJoin(
  { resolver }: Block,
  {
    left,
    right,
    reference,
  }: {
    readonly left: ResolvedFrom;
    readonly right: ResolvedFrom;
    readonly reference: JoinReference;
  },
): void {
  const common = commonColumns(left.names, right.names, reference);
  const { at } = reference;
  const isOuter = reference.join === 'left' || reference.join === 'right';
  const always = { kind: 'boolean', at, value: true } as const;
  const on = common.length === 0 && isOuter ? always : null;
  const using = common.length === 0 ? null : common;
  const join = { ...reference, natural: false, using, on };
  resolver.environment.spelled?.(reference, { kind: 'join', join });
}
