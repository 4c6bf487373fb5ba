// Literals to constants: exact, in the stored form of the type that MySQL gives them.

import type { Expression } from '#aggregator/parser/ast.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { DEFAULT_COLLATION, resolveCharacterSet, resolveCollation } from '#shared/sql/collation.ts';
import type { Collation } from '#shared/sql/column-type.ts';
import { parseDecimal, storedOfDecimal } from '#shared/sql/decimal.ts';
import {
  BIGINT,
  DATE,
  DOUBLE,
  UNSIGNED_BIGINT,
  constant,
  datetime,
  decimalType,
  integerConstant,
  nullConstant,
  textConstant,
  time,
  varbinary,
  type ConstantExpression,
} from './functions/build.ts';
import { castConstant } from './functions/convert.ts';
import { INT64_MAX, UINT64_MAX, storedInteger } from '#shared/sql/unsigned-integer.ts';
import { slotConstant, slotType } from './slot-constant.ts';
import type { ResolveScope } from './resolve-scope.ts';

type Literal = Extract<
  Expression,
  {
    kind:
      'null' | 'boolean' | 'integer' | 'decimal' | 'double' | 'string' | 'hex' | 'bit' | 'temporal';
  }
>;

export function isLiteral(expression: Expression): expression is Literal {
  switch (expression.kind) {
    case 'null':
    case 'boolean':
    case 'integer':
    case 'decimal':
    case 'double':
    case 'string':
    case 'hex':
    case 'bit':
    case 'temporal':
      return true;
    default:
      return false;
  }
}

/** The constant that a literal is. */
export function resolveLiteral(literal: Literal, scope: ResolveScope): ConstantExpression {
  const traced = scope.literal?.(literal) ?? null;
  if (traced === null) return literalConstant(literal, scope);
  // Its type is part of what the kept plan is found by, but for the length of a text.
  const { type } = literalConstant(traced.written as Literal, scope);
  return slotConstant(traced.slot, slotType(type, traced.slot));
}

function literalConstant(literal: Literal, scope: ResolveScope): ConstantExpression {
  switch (literal.kind) {
    case 'null':
      return nullConstant();
    case 'boolean':
      return integerConstant(literal.value ? 1 : 0);
    case 'integer':
      return integerLiteral(literal.text);
    case 'decimal':
      return decimalLiteral(literal.text);
    case 'double':
      return doubleLiteral(literal.text);
    case 'string':
      return stringLiteral(literal.value, literal.charset, scope);
    case 'hex':
    case 'bit':
      return bytesLiteral(literal.bytes, literal.charset);
    case 'temporal':
      return temporalLiteral(literal.type, literal.text, scope);
  }
}

/** Beyond BIGINT UNSIGNED an integer is a decimal, which holds it exactly. */
function integerLiteral(text: string): ConstantExpression {
  return unsignedConstant(BigInt(text)) ?? decimalLiteral(text);
}

/** A BIGINT, or a BIGINT UNSIGNED above 2^63-1; null beyond it. */
function unsignedConstant(value: bigint): ConstantExpression | null {
  if (value > UINT64_MAX) return null;
  return constant(storedInteger(value), value <= INT64_MAX ? BIGINT : UNSIGNED_BIGINT);
}

/** The number with just the digits that were written. */
export function decimalLiteral(text: string): ConstantExpression {
  const value = must(parseDecimal(text), 'the lexer lets only numbers pass');
  if (value.scale > 30) return constant(Number(text), DOUBLE);
  const size = value.unscaled < 0n ? -value.unscaled : value.unscaled;
  const type = decimalType(Math.max(size.toString().length, value.scale), value.scale);
  if (size.toString().length > type.precision) return constant(Number(text), DOUBLE);
  return constant(storedOfDecimal(value, type), type);
}

/** Throws illegalDouble for what is too large. */
export function doubleLiteral(text: string): ConstantExpression {
  const value = Number(text);
  if (Number.isFinite(value)) return constant(value, DOUBLE);
  throw databaseError('illegalDouble', { text });
}

/** A string of the connection's collation, or of its introducer's character set. */
function stringLiteral(
  value: string,
  charset: string | null,
  scope: ResolveScope,
): ConstantExpression {
  if (charset === null) return textConstant(value, connectionCollation(scope));
  const { collation } = resolveCharacterSet(charset);
  if (collation !== 'binary') return textConstant(value, collation);
  return bytesLiteral(Buffer.from(value), null);
}

/** The collation that literals have: SET NAMES … COLLATE. */
export function connectionCollation(scope: ResolveScope): Collation {
  const name = scope.systemVariable('session', 'collation_connection');
  return typeof name === 'string' ? resolveCollation(name).collation : DEFAULT_COLLATION;
}

function bytesLiteral(bytes: Uint8Array, charset: string | null): ConstantExpression {
  if (charset !== null) {
    const { collation } = resolveCharacterSet(charset);
    if (collation !== 'binary') return textConstant(Buffer.from(bytes).toString(), collation);
  }
  return constant(Uint8Array.from(bytes), varbinary(bytes.length));
}

/** x'41' where a number is asked for: 65. Null for more than eight bytes. */
export function bytesAsNumber(bytes: Uint8Array): ConstantExpression {
  const value = BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
  return unsignedConstant(value) ?? decimalLiteral(value.toString());
}

function temporalLiteral(
  type: 'date' | 'time' | 'timestamp',
  text: string,
  scope: ResolveScope,
): ConstantExpression {
  const fsp = fractionDigits(text);
  const target = type === 'date' ? DATE : type === 'time' ? time(fsp) : datetime(fsp);
  const value = castConstant(textConstant(text), target, scope);
  const isWhole = type !== 'timestamp' || /\d[ T]+\d/.test(text.trim());
  if (value.value !== null && isWhole) return value;
  const name = type === 'timestamp' ? 'DATETIME' : type.toUpperCase();
  throw databaseError('wrongTemporal', { type: name, value: text });
}

/** Digits after the seconds' point, at most 6. */
function fractionDigits(text: string): number {
  const match = /:\d+\.(\d+)\s*$/.exec(text) ?? /^\s*\d{5,14}\.(\d+)\s*$/.exec(text);
  return Math.min(match?.[1]?.length ?? 0, 6);
}
