// One value by which rows are equal as UNION DISTINCT sees them.

import type { ResultColumn } from '#aggregator/statement-result.ts';
import { sortKey } from './deparse/emitter.ts';
import { callOf, chained, joined, sql, text, type Fragment } from './deparse/fragment.ts';

/**
 * The query's rows c0, c1, …, and behind them, with `columns` of theirs, a text that two rows have
 * in common exactly where they are equal.
 */
export function withRowKey(query: Fragment, columns: readonly ResultColumn[] | null): Fragment {
  if (columns === null) return sql`SELECT * FROM (${query})`;
  const keys = columns.map(({ type }, i) => callOf('quote', sortKey(text(`"q"."c${i}"`), type)));
  const parts = keys.flatMap((key, i) => (i === 0 ? [key] : [text("','"), key]));
  return joined([text('SELECT "q".*,'), chained(parts, ' || '), sql`FROM (${query}) AS "q"`], ' ');
}
