// What a column without a default has where nothing is given for it and no error is to come of it.

import { storedOfDecimal } from '#shared/sql/decimal.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';

/** What a NOT NULL column holds where a row gives nothing for it: of an ENUM the first member. */
export function implicitValue(type: ColumnType): StoredValue {
  return type.kind === 'enum' ? 1n : zeroOf(type);
}

/** The zero of a type, in its stored form. */
export function zeroOf(type: ColumnType): StoredValue {
  switch (type.kind) {
    case 'float':
    case 'double':
      return 0;
    case 'string':
      return '';
    case 'json':
      return 'null';
    case 'binary':
      return new Uint8Array();
    case 'date':
      return '0000-00-00';
    case 'datetime':
    case 'timestamp':
      return `0000-00-00 00:00:00${type.fsp === 0 ? '' : `.${'0'.repeat(type.fsp)}`}`;
    case 'decimal':
      return storedOfDecimal({ unscaled: 0n, scale: type.scale }, type);
    default:
      return 0n;
  }
}
