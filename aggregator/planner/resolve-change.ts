// UPDATE and DELETE: the one table that changes, the rows that are meant, the values they get.

import type {
  Assignment,
  DeleteStatement,
  LimitClause,
  OrderItem,
  UpdateStatement,
} from '#aggregator/parser/ast.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import {
  assignedValue,
  currentTimestamp,
  defaultValue,
  type StoreConstant,
} from './assign-value.ts';
import { BlockScope, type Block } from './block-scope.ts';
import { noNames, tablesNamed, type FromNames } from './from-names.ts';
import { sameName, type CommonTables, type ResolveEnvironment } from './resolve-environment.ts';
import { resolveCondition, resolveExpression } from './resolve-expression.ts';
import { resolveFrom } from './resolve-from.ts';
import { createQueryResolver, extendCommonTables, newBlock } from './resolve-query.ts';
import { requireWritable, writableColumn } from './resolve-target.ts';
import type { FromTree } from './resolved-query.ts';
import type { TableRelation } from './survey-query.ts';
import type { OrderItem as TypedOrderItem, TypedExpression } from './typed-expression.ts';
import { mapExpression } from './walk-expression.ts';

/** A column with the value that it gets. */
export interface ResolvedAssignment {
  readonly column: ColumnDefinition;
  readonly value: TypedExpression;
  /** ON UPDATE CURRENT_TIMESTAMP: it alone does not make a row a changed one. */
  readonly automatic: boolean;
}

export interface ResolvedChange {
  readonly kind: 'update' | 'delete';
  /** The table that changes. */
  readonly target: TableRelation;
  /** All tables of the statement; the target alone for the single-table forms. */
  readonly from: FromTree;
  readonly where: TypedExpression | null;
  /** Empty for DELETE. */
  readonly assignments: readonly ResolvedAssignment[];
  readonly orderBy: readonly TypedOrderItem[];
  readonly limit: TypedExpression | null;
}

interface OpenChange {
  readonly block: Block;
  readonly names: FromNames;
  readonly from: FromTree;
}

/** Throws a DatabaseError that names what is wrong or not supported. */
export function resolveUpdate(
  statement: UpdateStatement,
  environment: ResolveEnvironment,
  store: StoreConstant,
): ResolvedChange {
  if (statement.ignore) throw databaseError('unsupported', { what: 'UPDATE IGNORE' });
  const open = openChange(statement, environment);
  const scope = new BlockScope(open.block, { clause: 'field list', names: open.names });
  const target = updatedTable(statement.assignments, scope, open.names);
  const isSingle = open.from.kind === 'relation';
  const assigned: ResolvedAssignment[] = [];
  for (const assignment of statement.assignments) {
    const column = writableColumn(target.table, assignment.column.column);
    const { value: syntax } = assignment;
    const isDefault = syntax.kind === 'default' && syntax.column === null;
    const raw = isDefault ? defaultValue(column) : resolveExpression(syntax, scope);
    // From left to right: later values see what earlier ones have set.
    const seen = isSingle ? substitute(raw, target, assigned) : raw;
    assigned.push({
      column,
      value: assignedValue(column, seen, { scope, store }),
      automatic: false,
    });
  }
  const assignments = [...lastOfEach(assigned), ...automaticAssignments(target, assigned)];
  return { kind: 'update', target, assignments, ...rowsMeant(statement, open) };
}

export function resolveDelete(
  statement: DeleteStatement,
  environment: ResolveEnvironment,
): ResolvedChange {
  const open = openChange(statement, environment);
  const target = deletedTable(statement, open.names);
  return { kind: 'delete', target, assignments: [], ...rowsMeant(statement, open) };
}

function openChange(
  statement: UpdateStatement | DeleteStatement,
  environment: ResolveEnvironment,
): OpenChange {
  const resolver = createQueryResolver(environment);
  const visible: CommonTables =
    statement.with === null ? [] : extendCommonTables(statement.with, null, []);
  const block = newBlock(resolver, null, visible);
  const { tree, names } = resolveFrom(block, statement.from);
  return { block, names, from: tree };
}

function rowsMeant(
  statement: {
    readonly where: UpdateStatement['where'];
    readonly orderBy: readonly OrderItem[];
    readonly limit: LimitClause | null;
  },
  { block, names, from }: OpenChange,
): Pick<ResolvedChange, 'from' | 'where' | 'orderBy' | 'limit'> {
  const { where, orderBy, limit } = statement;
  const whereScope = new BlockScope(block, { clause: 'where clause', names });
  const orderScope = new BlockScope(block, { clause: 'order clause', names });
  const limitScope = new BlockScope(block, { clause: 'limit clause', names: noNames });
  return {
    from,
    where: where === null ? null : resolveCondition(where, whereScope),
    orderBy: orderBy.map(({ expression, descending }) => ({
      expression: resolveExpression(expression, orderScope),
      descending,
    })),
    limit: limit === null ? null : resolveExpression(limit.count, limitScope),
  };
}

/** The one table whose columns are assigned. */
function updatedTable(
  assignments: readonly Assignment[],
  scope: BlockScope,
  names: FromNames,
): TableRelation {
  const ids = new Set<number>();
  for (const { column } of assignments) {
    const resolved = scope.resolveColumn(column);
    if (resolved.kind === 'column') ids.add(resolved.relation);
  }
  if (ids.size > 1)
    throw databaseError('unsupported', { what: 'UPDATE of several tables at once' });
  const [id] = ids;
  return writtenTable(names, id);
}

function writtenTable(names: FromNames, id: number | undefined): TableRelation {
  const relation = names.tables.find((table) => table.relation.id === id)?.relation;
  if (relation?.kind !== 'table') {
    throw databaseError('nonUpdatableTable', { name: relation?.alias ?? '' });
  }
  return relation;
}

function deletedTable(statement: DeleteStatement, names: FromNames): TableRelation {
  const { targets } = statement;
  if (targets === null) return writtenTable(names, names.tables[0]?.relation.id);
  if (targets.length > 1) {
    throw databaseError('unsupported', { what: 'DELETE from several tables at once' });
  }
  const [target] = targets;
  const name = target?.table ?? '';
  const [table] = tablesNamed(names, target?.database ?? null, name);
  if (table === undefined) throw databaseError('unknownTableDrop', { name });
  return writtenTable(names, table.relation.id);
}

/** Reads of columns that were assigned before, replaced by the values they got. */
function substitute(
  value: TypedExpression,
  target: TableRelation,
  assigned: readonly ResolvedAssignment[],
): TypedExpression {
  if (assigned.length === 0) return value;
  return mapExpression(value, (part) => {
    if (part.kind !== 'column' || part.relation !== target.id) return null;
    const earlier = assigned.findLast(({ column }) => sameName(column.name, part.column));
    return earlier === undefined ? null : { ...earlier.value, type: part.type };
  });
}

/** A column assigned twice keeps the last value. */
function lastOfEach(assigned: readonly ResolvedAssignment[]): readonly ResolvedAssignment[] {
  return [...new Map(assigned.map((one) => [one.column.name, one])).values()];
}

function automaticAssignments(
  target: TableRelation,
  assigned: readonly ResolvedAssignment[],
): readonly ResolvedAssignment[] {
  return target.table.columns
    .filter((column) => column.onUpdateCurrentTimestamp)
    .filter((column) => !assigned.some((one) => one.column.name === column.name))
    .map((column) => ({ column, value: currentTimestamp(column.type), automatic: true }));
}

/** The database that a change goes to. Throws readOnlySecondary. */
export function changedDatabase(change: ResolvedChange, environment: ResolveEnvironment) {
  const database = environment.catalog.database(change.target.database);
  requireWritable(database);
  return database;
}
