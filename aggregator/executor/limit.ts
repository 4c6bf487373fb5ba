// LIMIT: passes over some rows, hands on some, and then ends its source.

import type { Row } from '#shared/sql/column-type.ts';
import type { RowBatches } from './execution.ts';

export async function* limitRows(
  source: RowBatches,
  bounds: { readonly offset: number; readonly count: number },
): RowBatches {
  let skip = bounds.offset;
  let left = bounds.count;
  if (left === 0) return;
  for await (const batch of source) {
    const rows: readonly Row[] = batch.slice(skip, skip + left);
    skip = Math.max(0, skip - batch.length);
    left -= rows.length;
    if (rows.length > 0) yield rows;
    if (left === 0) return;
  }
}
