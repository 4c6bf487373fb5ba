// A value on its way into a column: constants are stored now, the rest is converted by SQLite.

import { isStrict } from '#aggregator/sql-mode.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';
import { isUint64 } from '#shared/sql/unsigned-integer.ts';
import { databaseError } from '#shared/error.ts';
import { typeText } from '#shared/sql/type-text.ts';
import {
  call,
  constant,
  integerConstant,
  isNullConstant,
  textConstant,
} from './functions/build.ts';
import { convert, localised, timeZoneOf } from './functions/convert.ts';
import { mayExceedInt64 } from './functions/integer-range.ts';
import { isIntegerLike, isNumber, sameStoredForm } from './functions/result-type.ts';
import { zeroOf } from './zero-of.ts';
import { slotConstant } from './slot-constant.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

/** MySQL's conversion on assignment, in the session's mode: store-value.ts. */
export type StoreConstant = (column: ColumnDefinition, value: SourceValue) => StoredValue;

/** The expression whose value the column holds after the assignment. */
export function assignedValue(
  column: ColumnDefinition,
  value: TypedExpression,
  context: {
    readonly scope: ResolveScope;
    readonly store: StoreConstant;
    /** UPDATE IGNORE: what does not fit is made to fit, and NULL becomes the type's zero. */
    readonly bends?: boolean;
  },
): TypedExpression {
  if (context.bends === true) return bentValue(column, value, context);
  if (value.kind === 'constant') {
    if (value.slot !== undefined) {
      return slotConstant(value.slot.stored(column, value.type), column.type);
    }
    return constant(context.store(column, { type: value.type, value: value.value }), column.type);
  }
  const { scope } = context;
  const roomy = roomyType(column.type);
  return losesNothing(value, roomy)
    ? convert(value, roomy, scope)
    : storedValue(column, value, scope);
}

function bentValue(
  column: ColumnDefinition,
  value: TypedExpression,
  { scope, store }: { readonly scope: ResolveScope; readonly store: StoreConstant },
): TypedExpression {
  const { type, nullable } = column;
  const zero = constant(nullable ? null : zeroOf(type), type);
  if (isNullConstant(value)) return zero;
  if (value.kind === 'constant') {
    return constant(store(column, { type: value.type, value: value.value }), type);
  }
  const stored = storedValue(column, value, scope);
  return nullable ? stored : call('coalesce', [stored, zero], type, { nullable: false });
}

/**
 * The value that a recursion goes on with in a column: what does not fit is refused here, for no
 * table checks it.
 */
export function recursiveValue(
  column: ColumnDefinition,
  value: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const { type } = column;
  if (value.type.kind === 'null' || typeText(value.type) === typeText(type)) {
    return convert(value, type, scope);
  }
  const isWide = type.kind === 'integer' && type.bits === 64 && !type.unsigned;
  const isPlain = (isWide || type.kind === 'double') && losesNothing(value, type);
  return isPlain ? convert(value, type, scope) : storedValue(column, value, scope);
}

/** True where the conversion itself refuses nothing, so that the table's checks see it all. */
function losesNothing(value: TypedExpression, to: ColumnType): boolean {
  const from = value.type;
  if (from.kind === 'null') return true;
  if (mayExceedInt64(value) && !isUint64(to)) return false;
  if (sameStoredForm(from, to)) return true;
  if (to.kind === 'integer') return isIntegerLike(from);
  if (to.kind === 'decimal') return isIntegerLike(from) || from.kind === 'decimal';
  return to.kind === 'double' && isNumber(from);
}

/** MySQL's conversion on assignment, row by row: 1292, 1366 and their like in strict mode. */
function storedValue(
  column: ColumnDefinition,
  value: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const source = localised(value, scope);
  const parts = [
    source,
    textConstant(typeText(source.type)),
    textConstant(typeText(column.type)),
    textConstant(column.name),
    integerConstant(isStrict(scope.sqlMode) ? 1 : 0),
    textConstant(timeZoneOf(scope)),
  ];
  return call('tl_store', parts, column.type, { nullable: true });
}

/**
 * A type like the column's that cuts nothing off: what does not fit is then refused by the
 * table's own checks (1264, 1406) instead of being made to fit.
 */
function roomyType(type: ColumnType): ColumnType {
  switch (type.kind) {
    case 'integer':
      return { ...type, bits: 64, unsigned: isUint64(type) };
    case 'decimal':
      return { ...type, precision: type.precision <= 18 ? 18 : 65, unsigned: false };
    case 'string':
      return { ...type, form: 'longtext', length: 4_294_967_295 };
    case 'binary':
      return { ...type, form: 'longblob', length: 4_294_967_295 };
    default:
      return type;
  }
}

/** What DEFAULT, or leaving a column out of an UPDATE's SET, means for it. */
export function defaultValue(column: ColumnDefinition): TypedExpression {
  const { default: written, type, nullable } = column;
  switch (written.kind) {
    case 'value':
      return constant(written.value, type);
    case 'currentTimestamp':
      return currentTimestamp(type);
    case 'none':
      if (nullable) return constant(null, type);
      throw databaseError('noDefault', { column: column.name });
    case 'expression':
      throw databaseError('unsupported', { what: 'DEFAULT of a column with an expression' });
  }
}

/** The statement's moment as a value of the column. */
export function currentTimestamp(type: ColumnType): TypedExpression {
  const fsp = type.kind === 'timestamp' || type.kind === 'datetime' ? type.fsp : 0;
  const name = type.kind === 'timestamp' ? 'utcNow' : 'now';
  return { kind: 'context', name, fsp, type, nullable: false };
}
