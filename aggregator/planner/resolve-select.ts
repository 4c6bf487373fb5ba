// One SELECT block: every name to the column it means, every clause to typed expressions.

import type { Expression, OrderItem, SelectStatement } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
import { BlockScope, type Block } from './block-scope.ts';
import { checkGrouping } from './check-grouping.ts';
import { findVisible, noNames, nullableNames, type FromNames } from './from-names.ts';
import { conjunction } from './functions/build.ts';
import { expandNamedWindows } from './named-windows.ts';
import { sameName } from './resolve-environment.ts';
import { resolveCondition, resolveExpression } from './resolve-expression.ts';
import { refuseGrouping, rolledUp } from './rollup.ts';
import { resolveFrom } from './resolve-from.ts';
import { resolveBound } from './resolve-limit.ts';
import { resolveSelectItems } from './resolve-select-items.ts';
import type { ResolvedSelect, SelectItem } from './resolved-query.ts';
import type { Clause } from './resolve-scope.ts';
import { orderOfView } from './view-order.ts';
import type { OrderItem as TypedOrderItem, TypedExpression } from './typed-expression.ts';
import { containsAggregate } from './walk-expression.ts';

/** A SELECT, resolved inside `block`, which is new and its own. */
export function resolveSelect(block: Block, statement: SelectStatement): ResolvedSelect {
  const select = expandNamedWindows(statement);
  // Who has a view spelled out is told of the view itself.
  const merges = block.resolver.environment.spelled === undefined;
  const from =
    select.from === null
      ? null
      : resolveFrom({ ...block, lock: select.lock }, select.from, { merges });
  // In the rows of totals a grouped column is NULL.
  const visible = from?.names ?? noNames;
  const names = select.rollup ? nullableNames(visible) : visible;
  const scope = (clause: Clause, aliases: readonly SelectItem[] = [], whole = false) =>
    new BlockScope(block, { clause, names, aliases, aggregates: whole, windows: whole });
  const whereScope = scope('where clause');
  const own = select.where === null ? [] : [resolveCondition(select.where, whereScope)];
  const conditions = [...(from?.conditions ?? []), ...own];
  const where = conditions.length === 0 ? null : conjunction(conditions);
  const items = resolveSelectItems(select.items, names, scope('field list', [], true));
  const groupBy = select.groupBy.map((expression) =>
    resolveGroupItem(expression, { names, items, scope: scope('group statement', items) }),
  );
  const having = resolveHaving(block, select, { names, items, groupBy });
  const written = resolveOrderBy(select.orderBy, {
    names,
    items,
    scope: scope('order clause', items, true),
  });
  const aggregated = groupBy.length > 0 || anyAggregate(items, having, written);
  const isPlain = written.length === 0 && !aggregated && !select.distinct;
  const sorted =
    from !== null && isPlain ? orderOfView(from) : { from: from?.tree ?? null, orderBy: written };
  const limitScope = new BlockScope(block, { clause: 'limit clause', names: noNames });
  const resolved: ResolvedSelect = {
    kind: 'select',
    items,
    distinct: select.distinct,
    ...sorted,
    where,
    groupBy,
    having,
    limit: resolveBound(select.limit?.count ?? null, limitScope),
    offset: resolveBound(select.limit?.offset ?? null, limitScope),
    aggregated,
    outerRelations: [...block.outerRelations],
    // A shared lock is taken as an exclusive one: stronger than asked for, never weaker.
    forUpdate: select.lock?.wait ?? false,
  };
  checkGrouping(resolved, block.resolver.environment.sqlMode);
  if (select.rollup) return rolledUp(resolved, () => block.resolver.nextRelation());
  refuseGrouping(resolved);
  return resolved;
}

function anyAggregate(
  items: readonly SelectItem[],
  having: TypedExpression | null,
  orderBy: readonly TypedOrderItem[],
): boolean {
  return (
    items.some((item) => containsAggregate(item.expression)) ||
    (having !== null && containsAggregate(having)) ||
    orderBy.some((item) => containsAggregate(item.expression))
  );
}

interface ItemContext {
  readonly names: FromNames;
  readonly items: readonly SelectItem[];
  readonly scope: BlockScope;
}

/** The select item that an ordinal means, or null where the expression is none. */
function ordinalItem(expression: Expression, context: ItemContext): SelectItem | null {
  if (expression.kind !== 'integer') return null;
  const item = context.items[Number(expression.text) - 1];
  if (item !== undefined) return item;
  throw databaseError('unknownColumn', { column: expression.text, clause: context.scope.clause });
}

/** GROUP BY: an ordinal, a column of FROM, else an alias, else an expression. */
function resolveGroupItem(expression: Expression, context: ItemContext): TypedExpression {
  const item = ordinalItem(expression, context);
  if (item === null) return resolveExpression(expression, context.scope);
  if (containsAggregate(item.expression)) throw databaseError('invalidGroupFunction', {});
  return item.expression;
}

/** ORDER BY: an ordinal, a bare alias, a column of FROM, else an expression over both. */
function resolveOrderBy(
  items: readonly OrderItem[],
  context: ItemContext,
): readonly TypedOrderItem[] {
  return items.map(({ expression, descending }) => {
    const item = ordinalItem(expression, context) ?? bareAlias(expression, context);
    const resolved = item?.expression ?? resolveExpression(expression, context.scope);
    return { expression: resolved, descending };
  });
}

function bareAlias(expression: Expression, context: ItemContext): SelectItem | null {
  if (expression.kind !== 'column' || expression.table !== null) return null;
  return context.items.find((item) => sameName(item.column.name, expression.column)) ?? null;
}

/** HAVING sees grouped columns of FROM first, then aliases, then the other columns. */
function resolveHaving(
  block: Block,
  select: SelectStatement,
  context: {
    readonly names: FromNames;
    readonly items: readonly SelectItem[];
    readonly groupBy: readonly TypedExpression[];
  },
): TypedExpression | null {
  if (select.having === null) return null;
  const { names, items, groupBy } = context;
  const clause = 'having clause';
  const isGrouped = (name: string) => {
    const visible = findVisible(names, { database: null, table: null, column: name }, clause);
    return groupBy.some(
      (group) =>
        group.kind === 'column' &&
        visible?.expression.kind === 'column' &&
        group.relation === visible.expression.relation &&
        sameName(group.column, visible.expression.column),
    );
  };
  const preferred = items.filter((item) => !hides(names, item) || !isGrouped(item.column.name));
  const scope = new BlockScope(block, {
    clause,
    names,
    preferredAliases: preferred,
    aggregates: true,
    windows: false,
  });
  return resolveCondition(select.having, scope);
}

/** True when a column of FROM has the item's name, once. */
function hides(names: FromNames, item: SelectItem): boolean {
  return names.star.filter((column) => sameName(column.name, item.column.name)).length === 1;
}
