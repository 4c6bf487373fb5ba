// UPDATE and DELETE: the tables that change, the rows that are meant, the values they get.

import type {
  Assignment,
  DeleteStatement,
  LimitClause,
  OrderItem,
  UpdateStatement,
} from '#aggregator/parser/ast.ts';
import { lenient } from '#aggregator/sql-mode.ts';
import { databaseError } from '#shared/error.ts';
import type { StoreConstant } from './assign-value.ts';
import { writing } from './functions/strict-write.ts';
import { BlockScope, type Block, newBlock } from './block-scope.ts';
import { noNames, tablesNamed, type FromNames } from './from-names.ts';
import { resolveAssignments, type Assigned } from './resolve-assignments.ts';
import type { CommonTables, ResolveEnvironment } from './resolve-environment.ts';
import { resolveCondition, resolveExpression } from './resolve-expression.ts';
import { resolveFrom } from './resolve-from.ts';
import { createQueryResolver, extendCommonTables } from './resolve-query.ts';
import { requireWritable } from './resolve-target.ts';
import type { FromTree } from './resolved-query.ts';
import type { TableRelation } from './survey-query.ts';
import type { OrderItem as TypedOrderItem, TypedExpression } from './typed-expression.ts';

/** Without assignments for DELETE. */
export interface ResolvedChange extends Assigned {
  readonly kind: 'update' | 'delete';
  /** UPDATE IGNORE: a row that may not become what it is to be stays as it is. */
  readonly ignore: boolean;
  /** The table that changes. */
  readonly target: TableRelation;
  /** All tables of the statement; the target alone for the single-table forms. */
  readonly from: FromTree;
  readonly where: TypedExpression | null;
  readonly orderBy: readonly TypedOrderItem[];
  readonly limit: TypedExpression | null;
}

interface OpenChange {
  readonly block: Block;
  readonly names: FromNames;
  readonly from: FromTree;
}

/**
 * The changes of the statement, one for each table that it changes; the rows of all are those of
 * before it. Throws a DatabaseError that names what is wrong or not supported.
 */
export function resolveChanges(
  statement: UpdateStatement | DeleteStatement,
  given: ResolveEnvironment,
  store: StoreConstant,
): readonly ResolvedChange[] {
  const isBent = statement.kind === 'update' && statement.ignore;
  const environment = writing(isBent ? lenient(given) : given, statement);
  const changes =
    statement.kind === 'update'
      ? resolveUpdate(statement, environment, store)
      : resolveDelete(statement, environment);
  for (const change of changes)
    requireWritable(environment.catalog.database(change.target.database));
  return changes;
}

function resolveUpdate(
  statement: UpdateStatement,
  environment: ResolveEnvironment,
  store: StoreConstant,
): readonly ResolvedChange[] {
  const { ignore } = statement;
  const open = openChange(statement, environment);
  const scope = new BlockScope(open.block, { clause: 'field list', names: open.names });
  const inOrder = open.from.kind === 'relation';
  const meant = rowsMeant(statement, open);
  return updatedTables(statement.assignments, scope, open.names).map(({ target, syntaxes }) => {
    const assigned = resolveAssignments(syntaxes, target, {
      ...{ scope, store, inOrder },
      bends: ignore,
    });
    return { kind: 'update', ignore, target, ...assigned, ...meant };
  });
}

function resolveDelete(
  statement: DeleteStatement,
  environment: ResolveEnvironment,
): readonly ResolvedChange[] {
  const open = openChange(statement, environment);
  const meant = rowsMeant(statement, open);
  return deletedTables(statement, open.names).map((target) => {
    return { kind: 'delete', ignore: false, target, assignments: [], lastInsertId: null, ...meant };
  });
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

/** The tables whose columns are assigned, in the order of their first. */
function updatedTables(
  assignments: readonly Assignment[],
  scope: BlockScope,
  names: FromNames,
): readonly { readonly target: TableRelation; readonly syntaxes: readonly Assignment[] }[] {
  const byTable = Map.groupBy(assignments, ({ column }) => {
    const resolved = scope.resolveColumn(column);
    return resolved.kind === 'column' ? resolved.relation : undefined;
  });
  return [...byTable].map(([id, syntaxes]) => ({
    target: writtenTable(names, id, 'UPDATE'),
    syntaxes,
  }));
}

function writtenTable(
  names: FromNames,
  id: number | undefined,
  statement: 'UPDATE' | 'DELETE',
): TableRelation {
  const relation = names.tables.find((table) => table.relation.id === id)?.relation;
  if (relation?.kind !== 'table') {
    throw databaseError('nonUpdatableTable', { name: relation?.alias ?? '', statement });
  }
  return relation;
}

function deletedTables({ targets }: DeleteStatement, names: FromNames): readonly TableRelation[] {
  if (targets === null) {
    return [writtenTable(names, names.tables[0]?.relation.id, 'DELETE')];
  }
  return targets.map((target) => {
    const [table] = tablesNamed(names, target.database, target.table);
    if (table === undefined) throw databaseError('unknownTableInDelete', { name: target.table });
    return writtenTable(names, table.relation.id, 'DELETE');
  });
}
