// The rows of a batch, however it came.

import { decode } from '#shared/codec.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { RowBatch } from './message.ts';

/** Decodes what a leaf has passed on unread. */
export function rowsOfBatch(batch: RowBatch): readonly Row[] {
  if ('rows' in batch) return batch.rows;
  return (decode(batch.encoded) as { readonly rows: readonly Row[] }).rows;
}

/** Where the head of the array is: behind a map of one key, `rows`. */
const ARRAY_AT = 6;

/** How many they are, read off the head of an encoded batch (the MessagePack specification). */
export function rowCountOf(batch: RowBatch): number {
  if ('rows' in batch) return batch.rows.length;
  const { buffer, byteOffset, byteLength } = batch.encoded;
  const view = new DataView(buffer, byteOffset, byteLength);
  const head = view.getUint8(ARRAY_AT);
  if (head === 0xdd) return view.getUint32(ARRAY_AT + 1);
  return head === 0xdc ? view.getUint16(ARRAY_AT + 1) : head & 0x0f;
}
