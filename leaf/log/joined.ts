// Frames as one run of bytes.

import { must } from '#shared/assert.ts';

/** Where they stand behind one another already, as they are: a view, not a copy. */
export function joined(frames: readonly Uint8Array[]): Uint8Array {
  const first = must(frames[0]);
  let end = first.byteOffset;
  for (const { buffer, byteOffset, length } of frames) {
    if (buffer !== first.buffer || byteOffset !== end) return Buffer.concat(frames);
    end += length;
  }
  return new Uint8Array(first.buffer, first.byteOffset, end - first.byteOffset);
}
