// A value that a client wrote, as its column stores it: MySQL's conversion on assignment.

import type { ColumnType, StoredValue } from './column-type.ts';

/**
 * A value with its type: what a literal, a parameter or an expression gives. The value is in the
 * stored form of the type, so that 1, 1.0, 1e0 and '1' differ.
 */
export interface SourceValue {
  readonly type: ColumnType;
  readonly value: StoredValue;
}
