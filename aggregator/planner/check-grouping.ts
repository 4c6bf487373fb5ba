// ONLY_FULL_GROUP_BY: what a grouped query selects must be the same for all rows of a group.

import { databaseError } from '#shared/error.ts';
import { conjuncts, innerConditions, relationsOf } from './from-tree.ts';
import type { Relation, ResolvedSelect } from './resolved-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { childrenOf, expressionsEqual, type ColumnExpression } from './walk-expression.ts';

/** Throws wrongFieldWithGroup or mixOfGroup where `sqlMode` asks for it. */
export function checkGrouping(select: ResolvedSelect, sqlMode: ReadonlySet<string>): void {
  if (!select.aggregated || !sqlMode.has('ONLY_FULL_GROUP_BY')) return;
  const determined = determinedColumns(select);
  const relations = relationsOf(select.from);
  const own = new Set(relations.map((relation) => relation.id));
  const isFree = (column: ColumnExpression) =>
    own.has(column.relation) && !determined.has(columnKey(column));
  const find = (expression: TypedExpression) => findFree(expression, select.groupBy, isFree);
  const nameOf = (column: ColumnExpression) => {
    const relation = relations.find((candidate) => candidate.id === column.relation);
    const database = relation?.kind === 'table' ? `${relation.database}.` : '';
    return `${database}${relation?.alias ?? ''}.${column.column}`;
  };
  select.items.forEach((item, i) => {
    const free = find(item.expression);
    if (free === null) return;
    throw select.groupBy.length === 0
      ? databaseError('mixOfGroup', { item: i + 1, column: nameOf(free) })
      : databaseError('wrongFieldWithGroup', { column: nameOf(free) });
  });
  const others = [select.having, ...select.orderBy.map((item) => item.expression)];
  for (const expression of others) {
    const free = expression === null ? null : find(expression);
    if (free !== null) throw databaseError('wrongFieldWithGroup', { column: nameOf(free) });
  }
}

/** The first column that neither stands in an aggregate nor is grouped. */
function findFree(
  expression: TypedExpression,
  groupBy: readonly TypedExpression[],
  isFree: (column: ColumnExpression) => boolean,
): ColumnExpression | null {
  if (groupBy.some((group) => expressionsEqual(group, expression))) return null;
  if (expression.kind === 'aggregate') return null;
  if (expression.kind === 'column') return isFree(expression) ? expression : null;
  for (const child of windowParts(expression)) {
    const free = findFree(child, groupBy, isFree);
    if (free !== null) return free;
  }
  return null;
}

/** SUM(SUM(x)) OVER (): the outer function is no aggregate of this block, its argument is. */
function windowParts(expression: TypedExpression): readonly TypedExpression[] {
  if (expression.kind !== 'window') return childrenOf(expression);
  return [...childrenOf(expression.function), ...childrenOf(expression).slice(1)];
}

function columnKey(column: { readonly relation: number; readonly column: string }): string {
  return `${column.relation}.${column.column}`;
}

/** The columns that the grouped ones determine: by keys, constants and equalities. */
function determinedColumns(select: ResolvedSelect): ReadonlySet<string> {
  const determined = new Set<string>();
  for (const group of select.groupBy) if (group.kind === 'column') determined.add(columnKey(group));
  const conditions = [select.where, ...innerConditions(select.from)].flatMap(conjuncts);
  const relations = relationsOf(select.from);
  let before = -1;
  while (determined.size !== before) {
    before = determined.size;
    for (const condition of conditions) addEquality(determined, condition);
    for (const relation of relations) addKeyed(determined, relation);
  }
  return determined;
}

function addEquality(determined: Set<string>, condition: TypedExpression): void {
  if (condition.kind !== 'call' || condition.name !== '=') return;
  const [left, right] = condition.arguments;
  if (left === undefined || right === undefined) return;
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (one.kind !== 'column') continue;
    const known =
      other.kind === 'constant' || (other.kind === 'column' && determined.has(columnKey(other)));
    if (known) determined.add(columnKey(one));
  }
}

function addKeyed(determined: Set<string>, relation: Relation): void {
  if (relation.kind !== 'table') return;
  const { indexes, columns } = relation.table;
  const has = (column: string) => determined.has(columnKey({ relation: relation.id, column }));
  const isKey = indexes.some(
    (index) =>
      (index.kind === 'primary' || index.kind === 'unique') &&
      index.parts.every(
        (part) =>
          has(part.column) &&
          (index.kind === 'primary' ||
            columns.find((column) => column.name === part.column)?.nullable === false),
      ),
  );
  if (!isKey) return;
  for (const { name } of columns)
    determined.add(columnKey({ relation: relation.id, column: name }));
}
