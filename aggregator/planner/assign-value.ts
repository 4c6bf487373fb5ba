// A value on its way into a column: constants are stored now, the rest is converted by SQLite.

import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';
import { databaseError } from '#shared/error.ts';
import { constant } from './functions/build.ts';
import { convert } from './functions/convert.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

/** MySQL's conversion on assignment, in the session's mode: store-value.ts. */
export type StoreConstant = (column: ColumnDefinition, value: SourceValue) => StoredValue;

/** The expression whose value the column holds after the assignment. */
export function assignedValue(
  column: ColumnDefinition,
  value: TypedExpression,
  context: { readonly scope: ResolveScope; readonly store: StoreConstant },
): TypedExpression {
  if (value.kind === 'constant') {
    return constant(context.store(column, { type: value.type, value: value.value }), column.type);
  }
  return convert(value, roomyType(column.type), context.scope);
}

/**
 * A type like the column's that cuts nothing off: what does not fit is then refused by the
 * table's own checks (1264, 1406) instead of being made to fit.
 */
function roomyType(type: ColumnType): ColumnType {
  switch (type.kind) {
    case 'integer':
      return { ...type, bits: 64, unsigned: false };
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
