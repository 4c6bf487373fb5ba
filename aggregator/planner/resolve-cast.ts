// CAST, CONVERT and COLLATE.

import type { CastType } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
import { resolveCharacterSet, resolveCollation } from '#shared/sql/collation.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { typeText } from '#shared/sql/type-text.ts';
import {
  BIGINT,
  DATE,
  DOUBLE,
  JSON_TYPE,
  UNSIGNED_BIGINT,
  call,
  datetime,
  decimalType,
  isConstant,
  nullConstant,
  nullableCall,
  textConstant,
  time,
  varbinary,
  varchar,
  type StringType,
} from './functions/build.ts';
import { collationOf } from './functions/collation-rule.ts';
import { asText, castConstant, convert, localised, wholeSeconds } from './functions/convert.ts';
import { asJsonDocument } from './functions/json-argument.ts';
import { wholly } from './functions/strict-write.ts';
import { unrounded } from './functions/shown-digits.ts';
import { mayExceedInt64 } from './functions/integer-range.ts';
import { displayLength, isUnsigned } from './functions/result-type.ts';
import { toJson } from './resolve-comparison.ts';
import { connectionCollation } from './resolve-literal.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

/** CAST(operand AS target). */
export function resolveCast(
  operand: TypedExpression,
  target: CastType,
  scope: ResolveScope,
): TypedExpression {
  if (target.kind === 'json') {
    return operand.type.kind === 'string' ? asJsonDocument(operand, scope) : toJson(operand);
  }
  const type = targetType(operand, target, scope);
  if (operand.type.kind === 'null') return nullConstant(type);
  const exact = target.kind === 'char' || target.kind === 'binary' ? operand : unrounded(operand);
  const source = wholly(wholeSeconds(localised(exact, scope), type, scope), type, scope);
  if (isConstant(source)) return castConstant(source, type, scope);
  if (source.type.kind === 'integer' && isInteger(target) && !changesSign(source, type)) {
    return convert(source, type, scope);
  }
  const types = [typeText(source.type), typeText(type), 'UTC'];
  return nullableCall('tl_cast', [source, ...types.map((text) => textConstant(text))], type);
}

function isInteger(target: CastType): boolean {
  return target.kind === 'signed' || target.kind === 'unsigned';
}

/** A negative number AS UNSIGNED is another number, as is one above 2^63-1 AS SIGNED. */
function changesSign(from: TypedExpression, to: ColumnType): boolean {
  if (!isUnsigned(to)) return mayExceedInt64(from);
  return !isUnsigned(from.type);
}

function targetType(operand: TypedExpression, target: CastType, scope: ResolveScope): ColumnType {
  switch (target.kind) {
    case 'signed':
      return BIGINT;
    case 'unsigned':
      return UNSIGNED_BIGINT;
    case 'date':
      return DATE;
    case 'year':
      return { kind: 'year' };
    case 'json':
      return JSON_TYPE;
    case 'float':
      return { kind: 'float', unsigned: false };
    case 'double':
      return DOUBLE;
    case 'datetime':
      return datetime(target.fsp);
    case 'time':
      return time(target.fsp);
    case 'decimal':
      return decimalType(target.precision, target.scale);
    case 'binary':
      return target.length === null
        ? varbinary(displayLength(operand.type) * 4)
        : { kind: 'binary', form: 'binary', length: target.length };
    case 'char':
      return charTarget(operand, target, scope);
  }
}

function charTarget(
  operand: TypedExpression,
  target: Extract<CastType, { kind: 'char' }>,
  scope: ResolveScope,
): ColumnType {
  const length = target.length ?? displayLength(operand.type);
  const named =
    target.collation === null
      ? target.charset === null
        ? connectionCollation(scope)
        : resolveCharacterSet(target.charset).collation
      : resolveCollation(target.collation).collation;
  return named === 'binary' ? varbinary(length) : varchar(length, named);
}

/** CONVERT(operand USING charset). */
export function resolveConvertUsing(
  operand: TypedExpression,
  charset: string,
  scope: ResolveScope,
): TypedExpression {
  const target: CastType = { kind: 'char', length: null, charset, collation: null };
  return resolveCast(operand, target, scope);
}

/** operand COLLATE name. Error 1253 for bytes. */
export function resolveCollate(
  operand: TypedExpression,
  name: string,
  scope: ResolveScope,
): TypedExpression {
  const { collation } = resolveCollation(name);
  const source = asText(operand, scope);
  if (source.type.kind === 'binary') {
    if (collation === 'binary') return source;
    throw databaseError('collationCharset', { collation: name, charset: 'binary' });
  }
  if (collation === 'binary')
    throw databaseError('collationCharset', { collation: name, charset: 'utf8mb4' });
  const length = displayLength(source.type);
  const type: StringType =
    source.type.kind === 'string' ? { ...source.type, collation } : varchar(length, collation);
  return call('collate', [source], type);
}

/** BINARY operand: its bytes. */
export function resolveBinary(operand: TypedExpression, scope: ResolveScope): TypedExpression {
  if (operand.type.kind === 'binary') return operand;
  const source = asText(operand, scope);
  if (collationOf(source.type) === 'binary' || source.type.kind !== 'string') return source;
  return resolveCast(source, { kind: 'binary', length: null }, scope);
}
