// The index of a segment that was found at the opening, made off the event loop.

import { open } from 'node:fs/promises';
import { FrameError, frameLength } from '#shared/log/log-frame.ts';
import { toSegmentDamage } from './log-damage.ts';
import { noteInIndex, type IndexEntry, type Segment } from './segment.ts';

/** Bytes read at a time. */
const READ_BYTES = 1024 * 1024;

/** Of long records only the header is read. Throws SegmentDamage. */
export async function indexSegment(segment: Segment): Promise<IndexEntry[]> {
  const { path, previous, firstOffset, sizeBytes } = segment;
  const index: IndexEntry[] = [];
  let lsn = previous.lsn + 1n;
  let offset = firstOffset;
  const file = await open(path, 'r');
  try {
    while (offset < sizeBytes) {
      const bytes = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, sizeBytes - offset));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
      const start = offset;
      for (let at = 0; at < bytesRead; at = offset - start) {
        const length = frameLength(bytes.subarray(0, bytesRead), at);
        if (length === null || offset + length > sizeBytes) break;
        noteInIndex(index, { lsn, offset, bytes: length });
        lsn += 1n;
        offset += length;
      }
      if (offset === start) throw new FrameError('a frame is cut off');
    }
    return index;
  } catch (error) {
    throw toSegmentDamage(error, { path, offset, lsn });
  } finally {
    await file.close();
  }
}
