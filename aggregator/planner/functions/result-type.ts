// MySQL's rules for the type of a result: of arithmetic, of CASE, of UNION.

import type { Collation, ColumnType } from '#shared/sql/column-type.ts';
import { isUint64 } from '#shared/sql/unsigned-integer.ts';
import { doubleResult } from './shown-digits.ts';
import {
  BIGINT,
  NULL_TYPE,
  UNSIGNED_BIGINT,
  datetime,
  decimalType,
  time,
  varbinary,
  varchar,
} from './build.ts';

type Kind = ColumnType['kind'];

const EXACT_KINDS: readonly Kind[] = ['integer', 'bit', 'year', 'decimal'];

/** INTEGER in SQLite, and an integer for arithmetic. */
export function isIntegerLike(type: ColumnType): boolean {
  return type.kind === 'integer' || type.kind === 'bit' || type.kind === 'year';
}

/** A number whose value is exact. */
export function isExact(type: ColumnType): boolean {
  return EXACT_KINDS.includes(type.kind);
}

export function isReal(type: ColumnType): boolean {
  return type.kind === 'double' || type.kind === 'float';
}

export function isNumber(type: ColumnType): boolean {
  return isExact(type) || isReal(type);
}

export function isMoment(type: ColumnType): boolean {
  return type.kind === 'date' || type.kind === 'datetime' || type.kind === 'timestamp';
}

export function isTemporal(type: ColumnType): boolean {
  return isMoment(type) || type.kind === 'time';
}

export function isUnsigned(type: ColumnType): boolean {
  return type.kind === 'bit' || type.kind === 'year' || ('unsigned' in type && type.unsigned);
}

/** Digits of the fraction of a second. */
export function fspOf(type: ColumnType): number {
  return 'fsp' in type ? type.fsp : 0;
}

/** Digits before and after the point that a number of the type can have. */
export function digitsOf(type: ColumnType): { readonly whole: number; readonly scale: number } {
  switch (type.kind) {
    case 'integer':
      return {
        whole: { 8: 3, 16: 5, 24: 8, 32: 10, 64: type.unsigned ? 20 : 19 }[type.bits],
        scale: 0,
      };
    case 'decimal':
      return { whole: type.precision - type.scale, scale: type.scale };
    case 'bit':
      return { whole: Math.ceil(type.length * 0.302), scale: 0 };
    case 'year':
      return { whole: 4, scale: 0 };
    case 'date':
      return { whole: 8, scale: 0 };
    case 'datetime':
    case 'timestamp':
      return { whole: 14, scale: type.fsp };
    case 'time':
      return { whole: 7, scale: type.fsp };
    default:
      return { whole: 35, scale: 30 };
  }
}

/** How many characters a value of the type can have when it is printed. */
export function displayLength(type: ColumnType): number {
  switch (type.kind) {
    case 'null':
      return 0;
    case 'integer':
      return { 8: 4, 16: 6, 24: 9, 32: 11, 64: 20 }[type.bits];
    case 'decimal':
      return type.precision + 3;
    case 'float':
      return 12;
    case 'double':
      return type.decimals === undefined ? 24 : 310 + type.decimals;
    case 'bit':
      return Math.ceil(type.length / 8);
    case 'year':
      return 4;
    case 'string':
      return type.form === 'char' || type.form === 'varchar'
        ? type.length
        : Number.MAX_SAFE_INTEGER;
    case 'binary':
      return type.form === 'binary' || type.form === 'varbinary'
        ? type.length
        : Number.MAX_SAFE_INTEGER;
    case 'enum':
      return Math.max(0, ...type.members.map((member) => member.length));
    case 'set':
      return type.members.join(',').length;
    case 'json':
      return Number.MAX_SAFE_INTEGER;
    case 'date':
      return 10;
    case 'datetime':
    case 'timestamp':
      return type.fsp === 0 ? 19 : 20 + type.fsp;
    case 'time':
      return type.fsp === 0 ? 10 : 11 + type.fsp;
  }
}

/** True when a value of one type is stored in SQLite just as one of the other. */
export function sameStoredForm(left: ColumnType, right: ColumnType): boolean {
  if (left.kind === 'decimal' && right.kind === 'decimal') {
    if (left.precision > 18 && right.precision > 18) return left.scale === right.scale;
    return left.scale === right.scale && left.precision <= 18 === right.precision <= 18;
  }
  if (left.kind === 'integer' && right.kind === 'integer') return true;
  if (left.kind === 'string' && right.kind === 'string') return true;
  if (left.kind === 'binary' && right.kind === 'binary') return true;
  if (isReal(left) && isReal(right)) return true;
  return JSON.stringify(left) === JSON.stringify(right);
}

/** The type that values of all these types are brought to: CASE, COALESCE, UNION. */
export function mergeTypes(types: readonly ColumnType[], collation: Collation): ColumnType {
  const [first, ...others] = types.filter((type) => type.kind !== 'null');
  if (first === undefined) return NULL_TYPE;
  let merged: ColumnType = first;
  for (const type of others) merged = mergeTwo(merged, type, collation);
  return merged;
}

function mergeTwo(left: ColumnType, right: ColumnType, collation: Collation): ColumnType {
  if (JSON.stringify(left) === JSON.stringify(right) && !isList(left)) return left;
  if (isNumber(left) && isNumber(right)) return mergeNumbers(left, right);
  if (isMoment(left) && isMoment(right)) return mergeMoments(left, right);
  if (left.kind === 'time' && right.kind === 'time') return time(Math.max(left.fsp, right.fsp));
  if (isTemporal(left) && isTemporal(right)) return datetime(Math.max(fspOf(left), fspOf(right)));
  const length = Math.max(displayLength(left), displayLength(right));
  if (left.kind === 'binary' || right.kind === 'binary') return varbinary(length);
  return varchar(length, collation);
}

/** Members of two ENUMs are different numbers, so what is merged is their text. */
function isList(type: ColumnType): boolean {
  return type.kind === 'enum' || type.kind === 'set';
}

function mergeMoments(left: ColumnType, right: ColumnType): ColumnType {
  const fsp = Math.max(fspOf(left), fspOf(right));
  if (left.kind === 'timestamp' && right.kind === 'timestamp') return { kind: 'timestamp', fsp };
  return datetime(fsp);
}

/** The number type that holds the values of both. */
function mergeNumbers(left: ColumnType, right: ColumnType): ColumnType {
  if (left.kind === 'float' && right.kind === 'float') return left;
  if (isReal(left) || isReal(right)) return doubleResult('+', left, right);
  if (left.kind === 'decimal' || right.kind === 'decimal') {
    const [a, b] = [digitsOf(left), digitsOf(right)];
    const scale = Math.max(a.scale, b.scale);
    return decimalType(Math.max(a.whole, b.whole) + scale, scale);
  }
  if (left.kind === 'integer' && right.kind === 'integer') return mergeIntegers(left, right);
  return BIGINT;
}

type IntegerType = Extract<ColumnType, { kind: 'integer' }>;

function mergeIntegers(left: IntegerType, right: IntegerType): ColumnType {
  if (left.unsigned !== right.unsigned) {
    return isUint64(left) || isUint64(right) ? decimalType(20, 0) : BIGINT;
  }
  const bits = left.bits > right.bits ? left.bits : right.bits;
  if (bits === 64) return left.unsigned ? UNSIGNED_BIGINT : BIGINT;
  return { kind: 'integer', bits, unsigned: left.unsigned };
}
