// A value that a client wrote, as its column stores it: MySQL's conversion on assignment.

import { databaseError } from '#shared/error.ts';
import type { StoredValue } from './column-type.ts';
import type { PresentValue, SourceValue } from './source-value.ts';
import type { StoreColumn, StoreColumnOf, StoreContext } from './store-context.ts';
import { storeBit, storeDecimal, storeDouble, storeInteger, storeYear } from './store-number.ts';
import { storeBinary, storeEnum, storeJson, storeSet, storeString } from './store-string.ts';
import { storeDate, storeDateTime, storeTime, storeTimestamp } from './store-temporal.ts';

export type { SourceValue } from './source-value.ts';
export type { StoreColumn, StoreContext } from './store-context.ts';

/**
 * The value as the column stores it. In strict mode what does not fit is an error (1048, 1264,
 * 1265, 1292, 1366, 1406, 3140), else the nearest value that fits, and a warning.
 */
export function storeValue(
  column: StoreColumn,
  source: SourceValue,
  context: StoreContext,
): StoredValue {
  if (source.value === null) {
    if (!column.nullable) throw databaseError('columnNotNull', { column: column.name });
    return null;
  }
  return storePresent(column, source as PresentValue, context);
}

function storePresent(
  column: StoreColumn,
  source: PresentValue,
  context: StoreContext,
): StoredValue {
  switch (column.type.kind) {
    case 'null':
      return null;
    case 'integer':
      return storeInteger(column as StoreColumnOf<'integer'>, source, context);
    case 'decimal':
      return storeDecimal(column as StoreColumnOf<'decimal'>, source, context);
    case 'float':
    case 'double':
      return storeDouble(column as StoreColumnOf<'float' | 'double'>, source, context);
    case 'bit':
      return storeBit(column as StoreColumnOf<'bit'>, source, context);
    case 'year':
      return storeYear(column, source, context);
    case 'string':
      return storeString(column as StoreColumnOf<'string'>, source, context);
    case 'binary':
      return storeBinary(column as StoreColumnOf<'binary'>, source, context);
    case 'enum':
      return storeEnum(column as StoreColumnOf<'enum'>, source, context);
    case 'set':
      return storeSet(column as StoreColumnOf<'set'>, source, context);
    case 'json':
      return storeJson(source);
    case 'date':
      return storeDate(column, source, context);
    case 'datetime':
      return storeDateTime(column as StoreColumnOf<'datetime'>, source, context);
    case 'timestamp':
      return storeTimestamp(column as StoreColumnOf<'timestamp'>, source, context);
    case 'time':
      return storeTime(column as StoreColumnOf<'time'>, source, context);
  }
}
