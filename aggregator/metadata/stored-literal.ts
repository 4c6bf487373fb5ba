// Stored values as literals of SQLite, for statements that a log record carries as text.

import type { StoredValue } from '#shared/sql/column-type.ts';

/** The literal that reads back as the value where a STRICT table's column takes it. */
export function storedLiteral(value: StoredValue): string {
  if (value === null) return 'NULL';
  // STRICT columns take 5 as 5.0 where they are REAL, so an integral number needs no point.
  if (typeof value === 'bigint' || typeof value === 'number') return value.toString();
  if (typeof value === 'string') {
    if (value.includes('\0')) return `CAST(x'${Buffer.from(value).toString('hex')}' AS TEXT)`;
    return `'${value.replaceAll("'", "''")}'`;
  }
  return `x'${Buffer.from(value).toString('hex')}'`;
}
