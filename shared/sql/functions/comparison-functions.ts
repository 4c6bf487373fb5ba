// SQLite functions by which strings compare as MySQL compares them.

import { collationKey } from '#shared/sql/collation.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { strict, type SqlFunction } from './sql-function.ts';

export const comparisonFunctions: readonly SqlFunction[] = [
  /** tl_ci(text): its key under utf8mb4_general_ci. Stands in indexes: frozen. */
  strict('tl_ci', (text: StoredValue) => collationKey(String(text), 'utf8mb4_general_ci')),
];
