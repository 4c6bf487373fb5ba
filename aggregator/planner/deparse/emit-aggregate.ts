// Aggregates and window functions as SQLite text.

import { must, unreachable } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { mayExceedInt64 } from '#aggregator/planner/functions/integer-range.ts';
import { digitsOf, isReal } from '#aggregator/planner/functions/result-type.ts';
import type { OrderItem, TypedExpression } from '#aggregator/planner/typed-expression.ts';
import type { AggregateExpression } from '#aggregator/planner/walk-expression.ts';
import { sortKeyOf, type Emitter } from './emitter.ts';
import { boundValue, callOf, joined, sql, text, type Fragment } from './fragment.ts';

/**
 * Numbers of at most so many digits are summed by SQLite's own SUM, which stops with an error
 * beyond 19 digits: that is after a thousand million rows.
 */
const NATIVE_SUM_DIGITS = 10;

/** Attaches OVER to each of SQLite's own aggregates; null outside of a window. */
type Over = Fragment | null;

function withOver(aggregate: Fragment, over: Over): Fragment {
  return over === null ? aggregate : sql`${aggregate} OVER (${over})`;
}

/** An aggregate, as one of SQLite's own or of ours. */
export function emitAggregate(
  aggregate: AggregateExpression,
  emitter: Emitter,
  over: Over = null,
): Fragment {
  const { name } = aggregate;
  const parts = aggregate.arguments.map((part) => emitter.expression(part));
  const [first] = parts;
  switch (name) {
    case 'count':
      return withOver(emitCount(aggregate, parts, emitter), over);
    case 'sum':
      return emitSum(aggregate, must(first), over);
    case 'avg':
      return emitAverage(aggregate, must(first), over);
    case 'min':
    case 'max':
      return emitExtreme(aggregate, must(first), over);
    case 'any_value':
      return withOver(callOf('min', must(first)), over);
    case 'group_concat':
      return emitGroupConcat(aggregate, must(first), { emitter, over });
    case 'bit_and':
    case 'bit_or':
    case 'bit_xor':
      return ours(`tl_agg_${name}`, parts, over);
    case 'std':
      return ours('tl_std_pop', parts, over);
    case 'stddev_samp':
      return ours('tl_std_samp', parts, over);
    case 'variance':
      return ours('tl_var_pop', parts, over);
    case 'var_samp':
      return ours('tl_var_samp', parts, over);
    case 'json_arrayagg':
    case 'json_objectagg':
      return ours(`tl_${name}`, parts, over);
    default:
      return unreachable(name);
  }
}

/** An aggregate of ours, which has another name over a window. */
function ours(name: string, parts: readonly Fragment[], over: Over): Fragment {
  return over === null ? callOf(name, ...parts) : withOver(callOf(`${name}_over`, ...parts), over);
}

function emitCount(
  aggregate: AggregateExpression,
  parts: readonly Fragment[],
  emitter: Emitter,
): Fragment {
  const [first] = parts;
  if (first === undefined) return text('count(*)');
  if (!aggregate.distinct) return callOf('count', first);
  const keys = aggregate.arguments.map((part) => sortKeyOf(emitter, part));
  if (keys.length === 1) return sql`count(DISTINCT ${must(keys[0])})`;
  const missing = joined(
    parts.map((part) => sql`${part} IS NULL`),
    ' OR ',
  );
  const whole = joined(
    keys.map((key) => callOf('quote', key)),
    " || ',' || ",
  );
  return sql`count(DISTINCT CASE WHEN ${missing} THEN NULL ELSE ${whole} END)`;
}

function digits({ type }: TypedExpression): number {
  const { whole, scale } = digitsOf(type);
  return whole + scale;
}

function scaleOf({ type }: TypedExpression): number {
  return type.kind === 'decimal' ? type.scale : 0;
}

function emitSum(aggregate: AggregateExpression, value: Fragment, over: Over): Fragment {
  const { type, distinct } = aggregate;
  const argument = must(aggregate.arguments[0]);
  const native = sql`sum(${distinct ? 'DISTINCT ' : ''}${value})`;
  if (type.kind !== 'decimal' || isReal(argument.type)) {
    const sum = withOver(native, over);
    return type.kind === 'double' ? callOf('tl_finite', sum) : sum;
  }
  const { value: exact, scale } = exactSum(aggregate, value, over);
  return callOf('tl_decimal_rescale', exact, scale, type.precision, type.scale);
}

/** The sum without an error, and the scale that it has. */
function exactSum(
  aggregate: AggregateExpression,
  value: Fragment,
  over: Over,
): { readonly value: Fragment; readonly scale: number } {
  const argument = must(aggregate.arguments[0]);
  const scale = scaleOf(argument);
  const wide = argument.type.kind === 'decimal' && argument.type.precision > 18;
  if (wide && aggregate.distinct) {
    throw databaseError('unsupported', { what: 'SUM(DISTINCT) of a long DECIMAL' });
  }
  if (wide) return { value: ours('tl_sum_decimal', [value, text(`${scale}`)], over), scale };
  if (mayExceedInt64(argument)) return sumOfUint64(aggregate, value, over);
  if (over !== null || aggregate.distinct || digits(argument) <= NATIVE_SUM_DIGITS) {
    const native = sql`sum(${aggregate.distinct ? 'DISTINCT ' : ''}${value})`;
    return { value: withOver(native, over), scale };
  }
  return { value: callOf('tl_sum_decimal', value, scale), scale };
}

/** SQLite's own SUM takes no BLOBs. */
function sumOfUint64(
  { distinct }: AggregateExpression,
  value: Fragment,
  over: Over,
): { readonly value: Fragment; readonly scale: number } {
  const each = sql`${distinct ? 'DISTINCT ' : ''}${value}`;
  return { value: ours('tl_sum_int', [each], over), scale: 0 };
}

function emitAverage(aggregate: AggregateExpression, value: Fragment, over: Over): Fragment {
  const { type, distinct } = aggregate;
  const each = distinct ? 'DISTINCT ' : '';
  if (type.kind !== 'decimal') return withOver(sql`avg(${each}${value})`, over);
  const { value: sum, scale } = exactSum(aggregate, value, over);
  const count = withOver(sql`count(${each}${value})`, over);
  return callOf('tl_decimal_quotient', sum, scale, count, 0, type.precision, type.scale);
}

function emitExtreme(aggregate: AggregateExpression, value: Fragment, over: Over): Fragment {
  const { name, type } = aggregate;
  if (type.kind !== 'string' || type.collation === 'binary') {
    return withOver(callOf(name, value), over);
  }
  return ours(`tl_agg_${name}`, [value, boundValue(type.collation)], over);
}

function emitGroupConcat(
  aggregate: AggregateExpression,
  value: Fragment,
  { emitter, over }: { readonly emitter: Emitter; readonly over: Over },
): Fragment {
  const { distinct, separator, orderBy, type } = aggregate;
  const order = orderBy.length === 0 ? text('') : sql` ORDER BY ${emitOrder(orderBy, emitter)}`;
  const glue = boundValue(separator);
  const argument = must(aggregate.arguments[0]);
  const name = distinct ? 'tl_group_concat_distinct' : 'group_concat';
  const parts = distinct ? [value, glue, sortKeyOf(emitter, argument)] : [value, glue];
  if (over !== null && distinct) return ours(name, parts, over);
  const all = withOver(sql`${name}(${joined(parts, ', ')}${order})`, over);
  return type.kind === 'binary' ? sql`CAST(${all} AS BLOB)` : all;
}

/** The list behind ORDER BY: NULLs come first, as in MySQL. */
export function emitOrder(items: readonly OrderItem[], emitter: Emitter): Fragment {
  const keys = items.map(({ expression, descending }) => {
    return sql`${sortKeyOf(emitter, expression)}${descending ? ' DESC' : ''}`;
  });
  return joined(keys, ', ');
}

/** A function over a window. */
export function emitWindow(
  window: Extract<TypedExpression, { kind: 'window' }>,
  emitter: Emitter,
): Fragment {
  const { partitionBy, orderBy, frame, function: inner } = window;
  const clauses: Fragment[] = [];
  if (partitionBy.length > 0) {
    const keys = partitionBy.map((part) => sortKeyOf(emitter, part));
    clauses.push(sql`PARTITION BY ${joined(keys, ', ')}`);
  }
  if (orderBy.length > 0) clauses.push(sql`ORDER BY ${emitOrder(orderBy, emitter)}`);
  if (frame !== '') clauses.push(text(frame));
  const over = joined(clauses, ' ');
  if (inner.kind === 'aggregate') return emitAggregate(inner, emitter, over);
  if (inner.kind !== 'call') throw databaseError('unsupported', { what: 'this window function' });
  const parts = inner.arguments.map((part) => emitter.expression(part));
  return withOver(callOf(inner.name, ...parts), over);
}
