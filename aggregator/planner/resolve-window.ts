// Aggregates and windows as they are written, and the places where they may not stand.

import type { Expression, WindowSpecification } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
import {
  frameText,
  isWindowFunction,
  resolveAggregate,
  resolveWindowFunction,
} from './resolve-aggregate.ts';
import { shown } from './functions/shown-digits.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { OrderItem, TypedExpression } from './typed-expression.ts';

type Of<K extends Expression['kind']> = Extract<Expression, { kind: K }>;

/** resolveExpression, which calls us. */
export type Resolve = (expression: Expression, scope: ResolveScope) => TypedExpression;

/** What stands in an aggregate may hold no aggregate. */
function inAggregate(scope: ResolveScope): ResolveScope {
  return new Proxy(scope, {
    get: (target, property) => {
      if (property === 'aggregatesAllowed' || property === 'windowsAllowed') return false;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** An aggregate of the block. Error 1111 where none may stand. */
export function resolveAggregateSyntax(
  expression: Of<'aggregate'>,
  resolve: Resolve,
  scope: ResolveScope,
): TypedExpression {
  if (!scope.aggregatesAllowed) throw databaseError('invalidGroupFunction', {});
  const inner = inAggregate(scope);
  const { name, distinct, separator } = expression;
  const parts = expression.arguments.map((part) => resolve(part, inner));
  const orderBy = expression.orderBy.map((item) => orderItem(item, resolve, inner));
  const resolved = resolveAggregate(
    { name, distinct, separator, arguments: parts, orderBy },
    scope,
  );
  return asShown(resolved.aggregate, resolved.shownAs);
}

function orderItem(
  item: WindowSpecification['orderBy'][number],
  resolve: Resolve,
  scope: ResolveScope,
): OrderItem {
  return { expression: resolve(item.expression, scope), descending: item.descending };
}

/** A function OVER a window. Error 3593 where none may stand. */
export function resolveWindow(
  expression: Of<'window'>,
  resolve: Resolve,
  scope: ResolveScope,
): TypedExpression {
  if (!scope.windowsAllowed) throw databaseError('windowMisplaced', {});
  const { over, function: called } = expression;
  if (over.base !== null) throw databaseError('unsupported', { what: `WINDOW ${over.base}` });
  const { inner, shownAs } =
    called.kind === 'aggregate'
      ? windowAggregate(called, resolve, scope)
      : windowCall(called, resolve, scope);
  const window: TypedExpression = {
    kind: 'window',
    function: inner,
    partitionBy: over.partitionBy.map((part) => resolve(part, scope)),
    orderBy: over.orderBy.map((item) => orderItem(item, resolve, scope)),
    frame: frameText(over.frame, (bound) =>
      resolve(bound.offset ?? { kind: 'null', at: 0 }, scope),
    ),
    type: inner.type,
    nullable: inner.nullable,
  };
  return asShown(window, shownAs);
}

function asShown(exact: TypedExpression, type: TypedExpression['type']): TypedExpression {
  return exact.type === type ? exact : shown(exact, type);
}

interface WindowCall {
  readonly inner: TypedExpression;
  readonly shownAs: TypedExpression['type'];
}

/** SUM(SUM(x)) OVER (): what a window sums may be an aggregate of the block. */
function windowAggregate(
  called: Of<'aggregate'>,
  resolve: Resolve,
  scope: ResolveScope,
): WindowCall {
  if (called.distinct) {
    throw databaseError('unsupported', { what: 'DISTINCT in a window function' });
  }
  const parts = called.arguments.map((part) => resolve(part, scope));
  const { name, separator } = called;
  const { aggregate, shownAs } = resolveAggregate(
    { name, separator, distinct: false, arguments: parts, orderBy: [] },
    scope,
  );
  return { inner: aggregate, shownAs };
}

function windowCall(called: Of<'call'>, resolve: Resolve, scope: ResolveScope): WindowCall {
  if (!isWindowFunction(called.name)) {
    throw databaseError('unsupported', { what: `${called.name.toUpperCase()}() OVER` });
  }
  const parts = called.arguments.map((part) => resolve(part, scope));
  const inner = resolveWindowFunction(called.name, parts, scope);
  return { inner, shownAs: inner.type };
}
