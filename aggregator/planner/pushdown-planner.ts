// Every partition answers its part; we merge: concatenate, merge-sort, or combine.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { colocationProblem } from './colocation.ts';
import { blockTarget } from './block-target.ts';
import { columnsRelation, freshRelation } from './combined-relation.ts';
import type { Operator, ReadTask } from './plan.ts';
import {
  boundsOf,
  gatheredQuery,
  onlyDatabase,
  readTask,
  typesOf,
  type PlannerAnswer,
  type Planning,
} from './planning.ts';
import { outputColumns } from './resolve-from.ts';
import type { ResolvedSelect, SelectItem } from './resolved-query.ts';
import { isPadded, sortKeyOf } from './sort-key.ts';
import { splitAggregates } from './split-aggregate.ts';
import type { TypedExpression } from './typed-expression.ts';
import { integerConstant } from './functions/build.ts';
import { expressionsEqual, some } from './walk-expression.ts';
import { blockExpressions } from './survey-query.ts';
import { selectItem } from './resolve-select-items.ts';
import { noNames } from './from-names.ts';

interface PushDown {
  readonly planning: Planning;
  readonly select: ResolvedSelect;
  readonly database: DatabaseDefinition;
  readonly target: ReadTask['target'];
}

export function pushdownPlan(planning: Planning): PlannerAnswer {
  const { query, survey } = planning;
  if (survey.recursive || query.kind === 'recursion') {
    return { fits: false, reason: 'WITH RECURSIVE' };
  }
  if (query.kind !== 'select') return { fits: false, reason: query.operator.toUpperCase() };
  const database = onlyDatabase(planning);
  if (database === null) return { fits: false, reason: 'tables of several databases' };
  const problem = colocationProblem(query, survey.tables);
  if (problem !== null) return { fits: false, reason: problem };
  if (survey.virtual.length > 0) return { fits: false, reason: 'a virtual table' };
  const target = blockTarget(planning, query, database);
  const push: PushDown = { planning, select: query, database, target };
  if (hasWindows(query) && !windowsFollowShardKey(push)) {
    return { fits: false, reason: 'a window function over more than a partition' };
  }
  if (query.aggregated && !groupsByShardKey(push)) return combineAggregates(push);
  if (query.distinct && !selectsShardKey(push)) return combineDistinct(push);
  return { fits: true, rows: mergeRows(push), reason: 'each partition answers its part' };
}

/** The rows of all partitions, in order where there is one. */
function mergeRows(push: PushDown): Operator {
  const { select, database, target } = push;
  const { count, offset } = boundsOf(select);
  const visible = select.items.length;
  const sortKeys = select.orderBy.map(({ expression }) => hiddenItem(sortKeyOf(expression)));
  // A DISTINCT that is whole in each partition must not see other columns.
  const keys = select.distinct ? [] : sortKeys;
  const pushed: ResolvedSelect = {
    ...select,
    items: [...select.items, ...keys],
    limit: count === null ? null : integerConstant(count + offset),
    offset: null,
  };
  const task = readTask(database, target, pushed);
  const input: Operator =
    select.orderBy.length === 0
      ? { kind: 'read', task }
      : {
          kind: 'mergeSort',
          task,
          visible,
          keys: select.orderBy.map(({ expression, descending }, i) => ({
            index: visible + i,
            descending,
            padded: isPadded(expression),
          })),
        };
  return limited(input, select);
}

function limited(input: Operator, select: ResolvedSelect): Operator {
  const { count, offset } = boundsOf(select);
  if (count === null && offset === 0) return input;
  return { kind: 'limit', input, offset, count: count ?? Number.MAX_SAFE_INTEGER };
}

function hiddenItem(expression: TypedExpression): SelectItem {
  return selectItem(expression, '', noNames);
}

/** DISTINCT below and above: partitions may have rows in common. */
function combineDistinct(push: PushDown): PlannerAnswer {
  const { select, database, target } = push;
  const relation = columnsRelation(freshRelation(select), 'part', outputColumns(select));
  const orderBy = [];
  for (const { expression, descending } of select.orderBy) {
    const index = select.items.findIndex((item) => expressionsEqual(item.expression, expression));
    const column = relation.columns[index];
    if (column === undefined) return { fits: false, reason: 'DISTINCT sorted by something else' };
    orderBy.push({ expression: column, descending });
  }
  const { count, offset } = boundsOf(select);
  const keepsOrder = count !== null && orderBy.length > 0;
  const pushed: ResolvedSelect = {
    ...select,
    orderBy: keepsOrder ? select.orderBy : [],
    limit: count === null ? null : integerConstant(count + offset),
    offset: null,
  };
  const final: ResolvedSelect = {
    ...select,
    items: select.items.map((item, i) => ({ ...item, expression: relation.column(i) })),
    from: relation.from,
    where: null,
    groupBy: [],
    having: null,
    orderBy,
    aggregated: false,
    forUpdate: false,
  };
  return {
    fits: true,
    reason: 'each partition answers its distinct rows',
    rows: {
      kind: 'combine',
      tables: [
        {
          name: 'part',
          columns: relation.tableColumns,
          rows: { kind: 'read', task: readTask(database, target, pushed) },
        },
      ],
      statement: gatheredQuery(final, new Map([[relation.id, 'part']])),
      columns: typesOf(outputColumns(select)),
    },
  };
}

/** Partial aggregates below, whole ones above. */
function combineAggregates(push: PushDown): PlannerAnswer {
  const { select, database, target } = push;
  const split = splitAggregates(select);
  if (typeof split === 'string') return { fits: false, reason: split };
  const { partial, final, relation } = split;
  return {
    fits: true,
    reason: 'each partition aggregates its part',
    rows: {
      kind: 'combine',
      tables: [
        {
          name: 'part',
          columns: relation.tableColumns,
          rows: { kind: 'read', task: readTask(database, target, partial) },
        },
      ],
      statement: gatheredQuery(final, new Map([[relation.id, 'part']])),
      columns: typesOf(outputColumns(select)),
    },
  };
}

function hasWindows(select: ResolvedSelect): boolean {
  return blockExpressions(select).some((part) => some(part, (inner) => inner.kind === 'window'));
}

/** The shard key columns of each sharded table that every row of the answer has. */
function shardKeys({ planning, select }: PushDown) {
  return planning.survey.tables
    .filter(({ block, optional }) => block === select && !optional)
    .filter(({ relation }) => relation.table.spread === 'sharded')
    .map(({ relation }) =>
      relation.table.shardKey.map((column) => ({ relation: relation.id, column })),
    );
}

function coversShardKey(push: PushDown, expressions: readonly TypedExpression[]): boolean {
  return shardKeys(push).some((key) =>
    key.every(({ relation, column }) =>
      expressions.some(
        (part) => part.kind === 'column' && part.relation === relation && part.column === column,
      ),
    ),
  );
}

/** A group is whole in one partition when the shard key is part of what it is grouped by. */
function groupsByShardKey(push: PushDown): boolean {
  return coversShardKey(push, push.select.groupBy);
}

function selectsShardKey(push: PushDown): boolean {
  const { select } = push;
  const items = select.items.map((item) => item.expression);
  return select.orderBy.length === 0 && coversShardKey(push, items);
}

function windowsFollowShardKey(push: PushDown): boolean {
  return blockExpressions(push.select).every(
    (part) =>
      !some(part, (inner) => inner.kind === 'window' && !coversShardKey(push, inner.partitionBy)),
  );
}
