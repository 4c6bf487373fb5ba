// The lines of a file that can be read once, kept as long as they are few, to be read again.

import { RepeatableBatches } from '#aggregator/executor/repeatable-batches.ts';
import type { Field } from './split-line.ts';

export type LineBatch = readonly (readonly Field[])[];

export type KeptLines = RepeatableBatches<LineBatch>;

/** Bytes of lines that are kept. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;
/** What a line and a field cost besides their bytes, about. */
const LINE_BYTES = 64;
const FIELD_BYTES = 96;

export function keepLines(lines: AsyncIterable<LineBatch>): KeptLines {
  return new RepeatableBatches(lines, { max: KEPT_BYTES_MAX, sizeOf: bytesOf });
}

function bytesOf(batch: LineBatch): number {
  let bytes = 0;
  for (const line of batch) {
    bytes += LINE_BYTES;
    for (const field of line) bytes += FIELD_BYTES + (field?.length ?? 0);
  }
  return bytes;
}
