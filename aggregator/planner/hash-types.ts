// When two values that MySQL calls equal have the same slot: what pruning may rely on.

import type { Collation, ColumnType } from '#shared/sql/column-type.ts';
import { isNullConstant } from './functions/build.ts';
import type { KeyChoice } from './route.ts';
import type { TypedExpression } from './typed-expression.ts';

/** True when equal values of the two types, compared by `=`, have the same slot. */
export function hashesAlike(left: ColumnType, right: ColumnType): boolean {
  if (isExactNumber(left)) return isExactNumber(right);
  switch (left.kind) {
    case 'string':
      return right.kind === 'string' && right.collation === left.collation;
    case 'float':
    case 'double':
    case 'binary':
    case 'date':
    case 'time':
      return right.kind === left.kind;
    case 'datetime':
      return right.kind === 'datetime';
    case 'timestamp':
      return right.kind === 'timestamp';
    default:
      return false;
  }
}

function isExactNumber(type: ColumnType): boolean {
  return type.kind === 'integer' || type.kind === 'decimal';
}

/**
 * The value by which a constant compared with a column of `type` is hashed: none for NULL, which
 * equals nothing; null where the constant's slot says nothing about the column's.
 */
export function hashableConstant(
  constant: TypedExpression,
  type: ColumnType,
  collation: Collation | undefined,
): readonly KeyChoice[] | null {
  if (constant.kind !== 'constant') return null;
  if (isNullConstant(constant)) return [];
  if (type.kind === 'string' && constant.type.kind === 'string') {
    const finer = collation === 'utf8mb4_bin' || collation === 'binary';
    if (collation !== undefined && collation !== type.collation && !finer) return null;
    if (type.collation === 'binary' && collation !== 'binary') return null;
    return [{ constant, type }];
  }
  return hashesAlike(type, constant.type) ? [{ constant, type: constant.type }] : null;
}
