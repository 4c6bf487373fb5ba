// The bricks that typed expressions are built from: constants, calls, conditions.

import { must } from '#shared/assert.ts';
import { DEFAULT_COLLATION } from '#shared/sql/collation.ts';
import type { Collation, ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';

export type ConstantExpression = Extract<TypedExpression, { kind: 'constant' }>;
export type CallExpression = Extract<TypedExpression, { kind: 'call' }>;
export type StringType = Extract<ColumnType, { kind: 'string' }>;
export type DecimalType = Extract<ColumnType, { kind: 'decimal' }>;

export const NULL_TYPE: ColumnType = { kind: 'null' };
export const BIGINT: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
export const UNSIGNED_BIGINT: ColumnType = { kind: 'integer', bits: 64, unsigned: true };
export const DOUBLE: ColumnType = { kind: 'double', unsigned: false };
export const JSON_TYPE: ColumnType = { kind: 'json' };
export const DATE: ColumnType = { kind: 'date' };

/** The longest VARCHAR by which we type the result of a function. */
export const VARCHAR_MAX = 16_383;

export function varchar(length: number, collation: Collation = DEFAULT_COLLATION): StringType {
  if (length > VARCHAR_MAX) {
    return { kind: 'string', form: 'longtext', length: 4_294_967_295, collation };
  }
  return { kind: 'string', form: 'varchar', length: Math.max(0, length), collation };
}

export function varbinary(length: number): ColumnType {
  if (length > VARCHAR_MAX * 4) return { kind: 'binary', form: 'longblob', length: 4_294_967_295 };
  return { kind: 'binary', form: 'varbinary', length: Math.max(0, length) };
}

export function datetime(fsp: number): ColumnType {
  return { kind: 'datetime', fsp };
}

export function time(fsp: number): ColumnType {
  return { kind: 'time', fsp };
}

/** DECIMAL, brought within MySQL's bounds. */
export function decimalType(precision: number, scale: number, unsigned = false): DecimalType {
  const kept = Math.min(Math.max(scale, 0), 30);
  const digits = Math.min(Math.max(precision, kept, 1), 65);
  return { kind: 'decimal', precision: digits, scale: kept, unsigned };
}

/** A value that is known now, in the stored form of its type. */
export function constant(value: StoredValue, type: ColumnType): ConstantExpression {
  return { kind: 'constant', value, type, nullable: value === null };
}

export function nullConstant(type: ColumnType = NULL_TYPE): ConstantExpression {
  return constant(null, type);
}

export function integerConstant(value: bigint | number): ConstantExpression {
  return constant(BigInt(value), BIGINT);
}

export function textConstant(value: string, collation?: Collation): ConstantExpression {
  return constant(value, varchar([...value].length, collation));
}

export interface CallOptions {
  /** Without it: NULL can come out when it can go in. */
  readonly nullable?: boolean;
  readonly collation?: Collation;
}

/** A call of an operator or of the SQLite function `name`. */
export function call(
  name: string,
  parts: readonly TypedExpression[],
  type: ColumnType,
  options: CallOptions = {},
): CallExpression {
  const nullable = options.nullable ?? parts.some((part) => part.nullable);
  const collation = options.collation === undefined ? {} : { collation: options.collation };
  return { kind: 'call', name, arguments: parts, type, nullable, ...collation };
}

/** A call that may answer NULL whatever it is given. */
export function nullableCall(
  name: string,
  parts: readonly TypedExpression[],
  type: ColumnType,
): CallExpression {
  return call(name, parts, type, { nullable: true });
}

/** All of them: one operand stands for itself. */
export function conjunction(operands: readonly TypedExpression[]): TypedExpression {
  if (operands.length === 1) return must(operands[0]);
  return { kind: 'and', operands, type: BIGINT, nullable: operands.some((o) => o.nullable) };
}

export function disjunction(operands: readonly TypedExpression[]): TypedExpression {
  if (operands.length === 1) return must(operands[0]);
  return { kind: 'or', operands, type: BIGINT, nullable: operands.some((o) => o.nullable) };
}

/** The opposite of a condition; twice the opposite is the condition. */
export function negation(condition: TypedExpression): TypedExpression {
  return call('not', [condition], BIGINT);
}

/** `condition IS NULL`, which is never NULL itself. */
export function isNull(operand: TypedExpression): TypedExpression {
  return call('is null', [operand], BIGINT, { nullable: false });
}

export function isConstant(expression: TypedExpression): expression is ConstantExpression {
  return expression.kind === 'constant';
}

/** NULL, written or computed when the statement was resolved. */
export function isNullConstant(expression: TypedExpression): boolean {
  if (expression.kind !== 'constant' || expression.slot !== undefined) return false;
  return expression.value === null;
}
