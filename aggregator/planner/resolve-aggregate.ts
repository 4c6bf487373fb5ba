// Aggregates and window functions: their types, and SQLite's text of a window's frame.

import type { FrameBound, WindowFrame } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import {
  BIGINT,
  DOUBLE,
  JSON_TYPE,
  UNSIGNED_BIGINT,
  decimalType,
  isConstant,
  nullConstant,
  varbinary,
  varchar,
  type CallExpression,
} from './functions/build.ts';
import { aggregateCollation } from './functions/collation-rule.ts';
import { asBits, asDouble, asInteger, asNumber, asText, convert } from './functions/convert.ts';
import { argument, type Parts } from './functions/function-definition.ts';
import { asJsonValue } from './functions/json-argument.ts';
import { concat } from './functions/string-functions.ts';
import {
  DIVISION_DIGITS,
  fixedDigits,
  fixedDouble,
  quotientScale,
  unrounded,
} from './functions/shown-digits.ts';
import { digitsOf, displayLength, isReal } from './functions/result-type.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { OrderItem, TypedExpression } from './typed-expression.ts';
import type { AggregateExpression } from './walk-expression.ts';

export interface AggregateParts {
  readonly name: AggregateExpression['name'];
  readonly distinct: boolean;
  readonly arguments: Parts;
  readonly orderBy: readonly OrderItem[];
  readonly separator: string;
}

/** An aggregate with all its digits, and the type by which it is shown. */
export interface ResolvedAggregate {
  readonly aggregate: AggregateExpression;
  readonly shownAs: ColumnType;
}

/** An aggregate whose arguments are resolved. */
export function resolveAggregate(parts: AggregateParts, scope: ResolveScope): ResolvedAggregate {
  const { name, distinct, separator } = parts;
  const { values, type, shownAs = type } = aggregateOf(name, parts.arguments, scope);
  const neverNull = name === 'count' || name.startsWith('bit_');
  const aggregate: AggregateExpression = {
    kind: 'aggregate',
    name,
    distinct: distinct && name !== 'min' && name !== 'max',
    arguments: values,
    orderBy: parts.orderBy,
    separator,
    type,
    nullable: !neverNull,
  };
  return { aggregate, shownAs };
}

interface Typing {
  readonly values: Parts;
  readonly type: ColumnType;
  /** Absent: the type itself. */
  readonly shownAs?: ColumnType;
}

function aggregateOf(name: AggregateExpression['name'], parts: Parts, scope: ResolveScope): Typing {
  switch (name) {
    case 'count':
      return { values: parts, type: BIGINT };
    case 'sum':
    case 'avg':
      return sumOf(name, asNumber(argument(parts, 0), scope));
    case 'min':
    case 'max':
      return extremeOf(argument(parts, 0), scope);
    case 'any_value':
      return { values: parts, type: argument(parts, 0).type };
    case 'group_concat':
      return groupConcat(parts, scope);
    case 'bit_and':
    case 'bit_or':
    case 'bit_xor':
      return { values: [asBits(argument(parts, 0), scope)], type: UNSIGNED_BIGINT };
    case 'std':
    case 'stddev_samp':
    case 'variance':
    case 'var_samp':
      return { values: [asDouble(argument(parts, 0), scope)], type: DOUBLE };
    case 'json_arrayagg':
      return { values: [asJsonValue(argument(parts, 0))], type: JSON_TYPE };
    case 'json_objectagg':
      if (parts.length !== 2) throw databaseError('functionArguments', { name: 'JSON_OBJECTAGG' });
      return {
        values: [asText(argument(parts, 0), scope), asJsonValue(argument(parts, 1))],
        type: JSON_TYPE,
      };
  }
}

/** Digits before the point that a sum can have beyond those of its terms. */
const SUM_DIGITS = 22;

function sumOf(name: 'sum' | 'avg', value: TypedExpression): Typing {
  if (value.type.kind === 'null') return { values: [nullConstant(DOUBLE)], type: DOUBLE };
  if (isReal(value.type)) {
    const decimals = fixedDigits(value.type);
    const more = name === 'avg' ? DIVISION_DIGITS : 0;
    return { values: [value], type: fixedDouble(decimals === null ? null : decimals + more) };
  }
  const exact = unrounded(value);
  const [{ whole, scale }, visible] = [digitsOf(exact.type), digitsOf(value.type).scale];
  if (name === 'avg') {
    const digits = quotientScale(scale, 0);
    const shownDigits = Math.min(visible + DIVISION_DIGITS, 30);
    return {
      values: [exact],
      type: decimalType(whole + digits, digits),
      shownAs: decimalType(whole + shownDigits, shownDigits),
    };
  }
  return {
    values: [exact],
    type: decimalType(whole + SUM_DIGITS + scale, scale),
    shownAs: decimalType(whole + SUM_DIGITS + visible, visible),
  };
}

/** MIN and MAX of an ENUM are those of its texts. */
function extremeOf(value: TypedExpression, scope: ResolveScope): Typing {
  if (value.type.kind === 'json') throw databaseError('unsupported', { what: 'MIN/MAX of JSON' });
  if (value.type.kind !== 'enum' && value.type.kind !== 'set') {
    return { values: [value], type: value.type };
  }
  const text = asText(value, scope);
  return { values: [text], type: text.type };
}

function groupConcat(parts: Parts, scope: ResolveScope): Typing {
  const texts = parts.map((part) => asText(part, scope));
  const joined = texts.length === 1 ? argument(texts, 0) : concat(texts, scope);
  const length = Math.max(1024, displayLength(joined.type));
  const collation = aggregateCollation(texts, 'group_concat');
  const type = joined.type.kind === 'binary' ? varbinary(length) : varchar(length, collation);
  return { values: [joined], type };
}

const RANKS: Readonly<Record<string, ColumnType>> = {
  row_number: UNSIGNED_BIGINT,
  rank: UNSIGNED_BIGINT,
  dense_rank: UNSIGNED_BIGINT,
  ntile: UNSIGNED_BIGINT,
  percent_rank: DOUBLE,
  cume_dist: DOUBLE,
};

/** How many arguments each window function takes, at least and at most. */
const ARGUMENTS: Readonly<Record<string, readonly [number, number]>> = {
  row_number: [0, 0],
  rank: [0, 0],
  dense_rank: [0, 0],
  percent_rank: [0, 0],
  cume_dist: [0, 0],
  ntile: [1, 1],
  lag: [1, 3],
  lead: [1, 3],
  first_value: [1, 1],
  last_value: [1, 1],
  nth_value: [2, 2],
};

/** True for the functions that need OVER. */
export function isWindowFunction(name: string): boolean {
  return Object.hasOwn(ARGUMENTS, name);
}

/** A window function that is no aggregate: ROW_NUMBER, LAG, …. */
export function resolveWindowFunction(
  name: string,
  parts: Parts,
  scope: ResolveScope,
): CallExpression {
  const [least, most] = ARGUMENTS[name] ?? [0, 0];
  if (parts.length < least || parts.length > most) {
    throw databaseError('functionArguments', { name: name.toUpperCase() });
  }
  const base = { kind: 'call', name, nullable: true } as const;
  const rank = RANKS[name];
  if (rank !== undefined) {
    const counts = parts.map((part) => asInteger(part, scope));
    return { ...base, arguments: counts, type: rank, nullable: false };
  }
  const [value, ...others] = parts;
  const { type } = value ?? nullConstant();
  const rest = others.map((part, i) =>
    i === 0 ? asInteger(part, scope) : convert(part, type, scope),
  );
  return { ...base, arguments: [argument(parts, 0), ...rest], type };
}

/** SQLite's text of a frame. Its numbers are whole and written out. */
export function frameText(
  frame: WindowFrame | null,
  resolve: (bound: FrameBound) => TypedExpression,
): string {
  if (frame === null) return '';
  const bound = (part: FrameBound) => boundText(frame, part, resolve);
  const unit = frame.unit.toUpperCase();
  if (frame.end === null) return `${unit} ${bound(frame.start)}`;
  return `${unit} BETWEEN ${bound(frame.start)} AND ${bound(frame.end)}`;
}

function boundText(
  frame: WindowFrame,
  bound: FrameBound,
  resolve: (bound: FrameBound) => TypedExpression,
): string {
  if (bound.offset === null) return bound.kind.toUpperCase();
  if (frame.unit === 'range') throw databaseError('unsupported', { what: 'RANGE with a distance' });
  const offset = resolve(bound);
  if (!isConstant(offset) || typeof offset.value !== 'bigint' || offset.value < 0n) {
    throw databaseError('frameBound', {});
  }
  return `${offset.value} ${bound.kind.toUpperCase()}`;
}
