// GROUP BY … WITH ROLLUP as a query over all its levels: groups by all expressions, by all but the
// last, and so on down to one group of everything.
//
// The rows below are read once, for all levels: aggregated by all groups already where the
// aggregates can be made of their parts, else as they are.

import { halved } from '#aggregator/parser/halved.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { columnsRelation, type CombinedRelation } from './combined-relation.ts';
import { relationsOf } from './from-tree.ts';
import { noNames } from './from-names.ts';
import { BIGINT, call, integerConstant, nullConstant } from './functions/build.ts';
import { plainSelect } from './plain-select.ts';
import { outputColumns } from './resolve-from.ts';
import { selectItem } from './resolve-select-items.ts';
import type {
  FromTree,
  ResolvedQuery,
  ResolvedSelect,
  ResolvedSetOperation,
} from './resolved-query.ts';
import { splitAggregates } from './split-aggregate.ts';
import type { OrderItem, TypedExpression } from './typed-expression.ts';
import {
  childrenOf,
  expressionsEqual,
  mapExpression,
  queryOf,
  some,
  walkExpression,
  type AggregateExpression,
} from './walk-expression.ts';

/** What GROUPING() is resolved to; it means something only WITH ROLLUP. */
export const GROUPING = 'grouping';

/** Throws invalidGroupFunction for GROUPING() in a query without ROLLUP. */
export function refuseGrouping(select: ResolvedSelect): void {
  if (wholeOf(select).some((part) => some(part, isGrouping))) {
    throw databaseError('invalidGroupFunction', {});
  }
}

function isGrouping(part: TypedExpression): boolean {
  return part.kind === 'call' && part.name === GROUPING;
}

/** The expressions that stand over the groups. */
function wholeOf({ items, having, orderBy }: ResolvedSelect): readonly TypedExpression[] {
  return [
    ...items.map((item) => item.expression),
    ...(having === null ? [] : [having]),
    ...orderBy.map((item) => item.expression),
  ];
}

/** A grouped query, as one over the rows of all levels. `nextRelation` numbers what is added. */
export function rolledUp(select: ResolvedSelect, nextRelation: () => number): ResolvedSelect {
  const own = new Set(relationsOf(select.from).map(({ id }) => id));
  refuseUnsupported(select, own);
  const values = valuesOf(select, own);
  const source = sourceOf(select, values, nextRelation());
  const { outerRelations } = select;
  const levels = levelsOf(source, outerRelations);
  const rolled = derived(nextRelation(), levels);
  const lift = (part: TypedExpression) => lifted(part, { select, values, rolled: rolled.relation });
  const level = rolled.relation.column(select.groupBy.length + values.length);
  return {
    ...select,
    items: select.items.map((item) => ({
      expression: lift(item.expression),
      column: { ...item.column, nullable: true },
    })),
    from: rolled.from,
    where: select.having === null ? null : lift(select.having),
    groupBy: [],
    having: null,
    orderBy:
      select.orderBy.length === 0 && !select.distinct
        ? usualOrder(select, rolled.relation, level)
        : select.orderBy.map((item) => ({ ...item, expression: lift(item.expression) })),
    aggregated: false,
    forUpdate: false,
  };
}

function refuseUnsupported(select: ResolvedSelect, own: ReadonlySet<number>): void {
  const unsupported = (what: string) => databaseError('unsupported', { what });
  if (select.groupBy.some(({ kind }) => kind === 'constant')) {
    throw unsupported('WITH ROLLUP by a constant');
  }
  for (const expression of wholeOf(select)) {
    walkExpression(expression, (part) => {
      const isTied = queryOf(part)?.outerRelations.some((id) => own.has(id)) ?? false;
      if (isTied) throw unsupported('a subquery that names columns of a query WITH ROLLUP');
    });
  }
}

/** The aggregates of the query, and the columns that are not grouped: any of a group's values. */
function valuesOf(select: ResolvedSelect, own: ReadonlySet<number>): readonly TypedExpression[] {
  const values: AggregateExpression[] = [];
  const add = (part: AggregateExpression) => {
    if (!values.some((known) => expressionsEqual(known, part))) values.push(part);
  };
  const collect = (part: TypedExpression): void => {
    if (select.groupBy.some((group) => expressionsEqual(group, part))) return;
    if (part.kind === 'aggregate') return add(part);
    if (part.kind === 'column' && own.has(part.relation)) return add(anyOf(part));
    // SUM(SUM(x)) OVER (): the outer function goes over the rows of all levels.
    const parts = part.kind === 'window' ? childrenOf(part.function) : [];
    for (const child of [...parts, ...childrenOf(part).slice(part.kind === 'window' ? 1 : 0)]) {
      collect(child);
    }
  };
  for (const expression of wholeOf(select)) collect(expression);
  return values;
}

function anyOf(column: TypedExpression): AggregateExpression {
  const { type } = column;
  return {
    ...{ kind: 'aggregate', name: 'any_value', distinct: false, arguments: [column] },
    ...{ orderBy: [], separator: ',', type, nullable: true },
  };
}

/** Where all levels take their rows from, with what they group by and aggregate there. */
interface Source {
  readonly from: FromTree;
  readonly groups: readonly TypedExpression[];
  readonly values: readonly TypedExpression[];
}

function sourceOf(select: ResolvedSelect, values: readonly TypedExpression[], id: number): Source {
  const { groupBy } = select;
  const items = [...groupBy, ...values].map((part) => selectItem(part, '', noNames));
  const core: ResolvedSelect = {
    ...{ ...select, items, distinct: false, having: null, orderBy: [], limit: null, offset: null },
    aggregated: true,
  };
  const split = splitAggregates(core, id);
  if (typeof split === 'string') return rowsSource(select, values, id);
  const lifts = split.final.items.map((item) => item.expression);
  return {
    from: derived(id, split.partial).from,
    groups: lifts.slice(0, groupBy.length),
    values: lifts.slice(groupBy.length),
  };
}

/** The rows themselves, where an aggregate needs all of them at once. */
function rowsSource(
  { groupBy, from, where, outerRelations, forUpdate }: ResolvedSelect,
  values: readonly TypedExpression[],
  id: number,
): Source {
  const inputs = [...groupBy];
  for (const input of values.flatMap(childrenOf)) {
    if (!inputs.some((known) => expressionsEqual(known, input))) inputs.push(input);
  }
  const items = inputs.map((part) => selectItem(part, '', noNames));
  const rows = plainSelect({ items, from, where, outerRelations, forUpdate });
  const { from: tree, relation } = derived(id, rows);
  const column = (part: TypedExpression) =>
    part.kind === 'constant'
      ? part
      : relation.column(inputs.findIndex((known) => expressionsEqual(known, part)));
  return {
    from: tree,
    groups: groupBy.map((_, i) => relation.column(i)),
    values: values.map((value) =>
      mapExpression(value, (part) => (part === value ? null : column(part))),
    ),
  };
}

interface DerivedRows {
  readonly from: FromTree;
  readonly relation: CombinedRelation;
}

function derived(id: number, query: ResolvedQuery): DerivedRows {
  const relation = columnsRelation(id, 'rollup', outputColumns(query));
  const columns = relation.columns.map(({ column }) => column);
  const inner = { kind: 'derived', id, alias: 'rollup', query, columns } as const;
  return { from: { kind: 'relation', relation: inner }, relation };
}

/** The rows of all levels: groups, values, and by how many expressions the row is grouped. */
function levelsOf(source: Source, outerRelations: readonly number[]): ResolvedQuery {
  const counts = source.groups.map((_, i) => source.groups.length - i);
  const levels = [...counts, 0].map((count) => levelOf(source, count, outerRelations));
  const columns = outputColumns(must(levels[0])).map((column) => ({ ...column, nullable: true }));
  return halved<ResolvedQuery>(levels, (left, right): ResolvedSetOperation => {
    return {
      ...{ kind: 'setOperation', operator: 'union all', left, right, columns, outerRelations },
      ...{ orderBy: [], limit: null, offset: null, sharesSource: true },
    };
  });
}

function levelOf(
  { from, groups, values }: Source,
  count: number,
  outerRelations: readonly number[],
): ResolvedSelect {
  const kept = groups.map((group, i) => (i < count ? group : nullConstant(group.type)));
  const parts = [...kept, ...values, integerConstant(count)];
  return plainSelect({
    items: parts.map((part) => selectItem(part, '', noNames)),
    from,
    // All rows are one group, but of no rows there is no total either.
    groupBy: count === 0 ? [integerConstant(0)] : groups.slice(0, count),
    aggregated: true,
    outerRelations,
  });
}

interface Lifting {
  readonly select: ResolvedSelect;
  readonly values: readonly TypedExpression[];
  readonly rolled: CombinedRelation;
}

/** The expression over the rows of all levels. */
function lifted(expression: TypedExpression, lifting: Lifting): TypedExpression {
  const { select, values, rolled } = lifting;
  const { groupBy } = select;
  const replace = (part: TypedExpression): TypedExpression | null => {
    const group = groupBy.findIndex((known) => expressionsEqual(known, part));
    if (group >= 0) return { ...rolled.column(group), nullable: true };
    if (part.kind === 'call' && part.name === GROUPING) return groupingOf(part.arguments, lifting);
    if (part.kind === 'window') {
      const { function: inner } = part;
      const own = mapExpression(inner, (each) => (each === inner ? null : replace(each)));
      return mapExpression({ ...part, function: own }, (each) =>
        each === own ? own : each.kind === 'window' ? null : replace(each),
      );
    }
    const sought = part.kind === 'column' ? anyOf(part) : part;
    const value = values.findIndex((known) => expressionsEqual(known, sought));
    return value < 0 ? null : rolled.column(groupBy.length + value);
  };
  return mapExpression(expression, replace);
}

/** GROUPING(a, b): a bit for each that is NULL because the row is of a level without it. */
function groupingOf(
  parts: readonly TypedExpression[],
  { select, values, rolled }: Lifting,
): TypedExpression {
  const level = rolled.column(select.groupBy.length + values.length);
  const bits = parts.map((part, i) => {
    const group = select.groupBy.findIndex((known) => expressionsEqual(known, part));
    if (group < 0) throw databaseError('groupingArgument', { argument: i + 1 });
    return isWithout(level, group);
  });
  return bits.reduce((sum, bit) => {
    const shifted = call('*', [sum, integerConstant(2)], BIGINT);
    return call('+', [shifted, bit], BIGINT);
  });
}

/** 1 in the rows of the levels that do not group by that expression. */
function isWithout(level: TypedExpression, group: number): TypedExpression {
  return call('<=', [level, integerConstant(group)], BIGINT);
}

/** MySQL's own order: each group's rows, then its total. */
function usualOrder(
  { groupBy }: ResolvedSelect,
  rolled: CombinedRelation,
  level: TypedExpression,
): readonly OrderItem[] {
  return groupBy.flatMap((_, i) => [
    { expression: isWithout(level, i), descending: false },
    { expression: rolled.column(i), descending: false },
  ]);
}
