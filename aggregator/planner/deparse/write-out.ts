// SQLite text with values in the place of its question marks.

import { storedLiteral } from '#aggregator/metadata/stored-literal.ts';
import { must } from '#shared/assert.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';

/** The text with literals for question marks; `values[i]` belongs to the i-th of them. */
export function writeOut(sql: string, values: readonly StoredValue[]): string {
  let next = 0;
  // Names and texts in quotes are passed over: a question mark there is none.
  return sql.replaceAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|\?/g, (part) =>
    part === '?' ? literalOf(must(values[next++])) : part,
  );
}

function literalOf(value: StoredValue): string {
  // Bound as a number it is a REAL, which its digits alone would not be.
  if (typeof value === 'number' && Number.isInteger(value)) return `CAST(${value} AS REAL)`;
  return storedLiteral(value);
}
