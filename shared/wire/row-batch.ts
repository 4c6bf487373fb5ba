// The rows of a batch, however it came.

import { decode } from '#shared/codec.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { RowBatch } from './message.ts';

/** Decodes what a leaf has passed on unread. */
export function rowsOfBatch(batch: RowBatch): readonly Row[] {
  if ('rows' in batch) return batch.rows;
  return (decode(batch.encoded) as { readonly rows: readonly Row[] }).rows;
}
