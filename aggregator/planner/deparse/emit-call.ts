// Calls of operators and functions as SQLite text.

import { must } from '#shared/assert.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import type { CallExpression } from '#aggregator/planner/functions/build.ts';
import { mayExceedInt64 } from '#aggregator/planner/functions/integer-range.ts';
import { isUint64 } from '#shared/sql/unsigned-integer.ts';
import { refuseEffect } from '#aggregator/planner/functions/effect-functions.ts';
import { containsAggregate } from '#aggregator/planner/walk-expression.ts';
import { keyOf, ofUint64, type Emitter } from './emitter.ts';
import { callOf, chained, joined, sql, text, type Fragment } from './fragment.ts';

const COMPARISONS: Readonly<Record<string, string>> = {
  '=': '=',
  '<=>': 'IS',
  '<>': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

const INFIX: ReadonlySet<string> = new Set(['+', '-', '*', '%', '&', '|', '<<']);

const POSTFIX: Readonly<Record<string, string>> = {
  'is null': 'IS NULL',
  'is not null': 'IS NOT NULL',
  'is true': 'IS TRUE',
  'is not true': 'IS NOT TRUE',
  'is false': 'IS FALSE',
  'is not false': 'IS NOT FALSE',
};

const CASTS: Readonly<Record<string, string>> = {
  'cast real': 'REAL',
  'cast text': 'TEXT',
  'cast blob': 'BLOB',
};

/** What takes the BLOBs of integers above 2^63-1 (unsigned-integer.ts), besides comparisons. */
const TAKES_UINT64: ReadonlySet<string> = new Set([
  'is null',
  'is not null',
  'never',
  'always',
  'coalesce',
  'max',
  'min',
  'tl_bits',
  'tl_cast',
  'tl_format_decimal',
  'tl_int_double',
  'tl_neg',
  'tl_store',
  'tl_text',
  'tl_to_json',
]);

/** A call whose name is an operator of ours, or a function that SQLite has or was given. */
export function emitCall(call: CallExpression, emitter: Emitter): Fragment {
  const { name } = call;
  refuseEffect(name);
  const comparison = COMPARISONS[name];
  if (comparison !== undefined) return emitComparison(call, comparison, emitter);
  const [quantifier, operator] = name.split(' ');
  if (quantifier === 'any' || quantifier === 'all') {
    const isAny = quantifier === 'any';
    return emitQuantified(call, { isAny, operator: must(operator) }, emitter);
  }
  const parts = call.arguments.map((part) => emitPart(call, part, emitter));
  if (INFIX.has(name)) return sql`(${joined(parts, ` ${name} `)})`;
  const [first] = parts;
  if (first === undefined) return emitWithoutArguments(name);
  const postfix = POSTFIX[name];
  if (postfix !== undefined) return sql`(${first} ${postfix})`;
  const cast = CASTS[name];
  if (cast !== undefined) return sql`CAST(${first} AS ${cast})`;
  switch (name) {
    case '/':
      return emitDivision(call, parts);
    case '||':
      return parts.length === 1 ? first : chained(parts, ' || ');
    case 'not':
      return sql`(NOT ${first})`;
    case 'xor':
      return sql`((${first} <> 0) <> (${must(parts[1])} <> 0))`;
    case 'bits ~':
      return sql`(~${first})`;
    case 'bits ^':
      return emitExclusiveOr(first, must(parts[1]));
    case 'negate':
      return sql`(-(${first}))`;
    case 'never':
      return sql`(${first} IS NULL AND NULL)`;
    case 'always':
      return sql`(${first} IS NOT NULL OR NULL)`;
    case 'shown':
      return emitShown(call, first);
    case 'retype':
    case 'collate':
      return first;
    case 'tl_bits':
      return ofUint64(name, first);
    default:
      return callOf(name, ...parts);
  }
}

/** An argument; one that the call cannot compute with is error 1690, and never another number. */
function emitPart(call: CallExpression, part: TypedExpression, emitter: Emitter): Fragment {
  const value = emitter.expression(part);
  if (!mayExceedInt64(part) || takesUint64(call)) return value;
  return ofUint64('tl_int64', value);
}

function takesUint64({ name, type }: CallExpression): boolean {
  if (name === 'retype') return isUint64(type);
  if (name === '/') return type.kind === 'decimal';
  return (
    TAKES_UINT64.has(name) || name.startsWith('tl_unsigned_') || name.startsWith('tl_decimal_')
  );
}

/** RAND(): 53 random bits, as a double below 1. */
function emitWithoutArguments(name: string): Fragment {
  if (name !== 'random') return text(`${name}()`);
  return text('((random() & 9007199254740991) / 9007199254740992.0)');
}

function emitComparison(call: CallExpression, operator: string, emitter: Emitter): Fragment {
  const sides = call.arguments.map((part) => keyOf(emitter.expression(part), call.collation));
  return sql`(${joined(sides, ` ${operator} `)})`;
}

/** SQLite has no operator for it: the bits of either without those of both. */
function emitExclusiveOr(left: Fragment, right: Fragment): Fragment {
  return sql`((${left} | ${right}) - (${left} & ${right}))`;
}

/** Rounded to the digits that a client sees. */
function emitShown(call: CallExpression, exact: Fragment): Fragment {
  const { type } = call;
  if (type.kind !== 'decimal') return exact;
  const scale = scaleOf(must(call.arguments[0]));
  return callOf('tl_decimal_rescale', exact, scale, type.precision, type.scale);
}

/** Exact where the result is a decimal, SQLite's own for integers and doubles. */
function emitDivision(call: CallExpression, parts: readonly Fragment[]): Fragment {
  const { type } = call;
  if (type.kind !== 'decimal') return sql`(${joined(parts, ' / ')})`;
  const [left, right] = parts;
  const [a, b] = call.arguments.map(scaleOf);
  return callOf(
    'tl_decimal_quotient',
    must(left),
    must(a),
    must(right),
    must(b),
    type.precision,
    type.scale,
  );
}

function scaleOf({ type }: TypedExpression): number {
  return type.kind === 'decimal' ? type.scale : 0;
}

/**
 * `x < ANY (query)`: true for a row where it holds; else NULL for a row where that is NULL; else
 * false. ALL is the other way round.
 */
function emitQuantified(
  call: CallExpression,
  { isAny, operator }: { readonly isAny: boolean; readonly operator: string },
  emitter: Emitter,
): Fragment {
  const [operand, value] = call.arguments;
  if (operand === undefined || value?.kind !== 'scalarQuery') return text('NULL');
  const { collation } = call;
  const left = keyOf(emitter.expression(operand), collation);
  if (containsAggregate(operand)) {
    const keys = sql`SELECT ${keyOf(text('"q"."c0"'), collation)} AS "k"`;
    const rows = sql`(${keys} FROM (${emitter.query(value.query)}) AS "q")`;
    return emitByExtremes(left, { isAny, operator }, rows);
  }
  const right = keyOf(text('"q"."c0"'), collation);
  const rows = sql`(${emitter.query(value.query)}) AS "q"`;
  const test = sql`(${left} ${must(COMPARISONS[operator])} ${right})`;
  const decided = isAny ? test : sql`(NOT ${test})`;
  const [found, rest] = isAny ? ['1', '0'] : ['0', '1'];
  const exists = (condition: Fragment) => sql`EXISTS (SELECT 1 FROM ${rows} WHERE ${condition})`;
  const unknown = exists(sql`${test} IS NULL`);
  const branches = sql`WHEN ${exists(decided)} THEN ${found} WHEN ${unknown} THEN NULL`;
  return sql`(CASE ${branches} ELSE ${rest} END)`;
}

/**
 * The same by the least and the greatest of the values: an aggregate on the left would be one of
 * the subquery's within it.
 */
function emitByExtremes(
  left: Fragment,
  { isAny, operator }: { readonly isAny: boolean; readonly operator: string },
  rows: Fragment,
): Fragment {
  const of = (what: string) => sql`(SELECT ${what} FROM ${rows})`;
  const compare = (what: string) => sql`${left} ${must(COMPARISONS[operator])} ${of(what)}`;
  const [least, greatest] = [compare('min("k")'), compare('max("k")')];
  const isUp = operator === '>' || operator === '>=';
  const isOrdered = isUp || operator === '<' || operator === '<=';
  const both = isAny ? sql`(${least} OR ${greatest})` : sql`(${least} AND ${greatest})`;
  const test = isOrdered ? (isUp === isAny ? least : greatest) : both;
  const decided = isAny ? test : sql`NOT (${test})`;
  const [none, found] = isAny ? ['0', '1'] : ['1', '0'];
  const unknown = sql`${left} IS NULL OR ${of('count("k")')} < ${of('count(*)')}`;
  const branches = sql`WHEN ${of('count(*)')} = 0 THEN ${none} WHEN ${decided} THEN ${found}`;
  return sql`(CASE ${branches} WHEN ${unknown} THEN NULL ELSE ${none} END)`;
}
