// Is there a whole record behind a damaged one? Tells bytes that rotted from a torn end.
//
// The records of a primary are written one at a time, each synced before the next is begun (a
// verdict may slip in between). So a power cut tears the last of them, or the last two, and
// nothing stands behind; where more does, the disk has damaged what it had promised to keep.

import { readSync } from 'node:fs';
import { decodeFrame, FRAME_HEADER_BYTES, FrameError } from '#shared/log/log-frame.ts';
import type { LSN } from '#shared/log/lsn.ts';

/** A window of the file that is searched at a time, and the longest record it finds, in bytes. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** A record's body is a MessagePack array of 5 to 8 fields. */
const BODY_FIRST = { min: 0x95, max: 0x98 };

/** The LSN of the first whole record beyond `beyond` in the file's bytes, or null. */
export function findLaterFrame(
  descriptor: number,
  range: { readonly from: number; readonly to: number },
  beyond: LSN,
): LSN | null {
  const window = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, Math.max(0, range.to - range.from)));
  for (let at = range.from; at < range.to; at += WINDOW_BYTES / 2) {
    const wanted = Math.min(window.length, range.to - at);
    const count = readSync(descriptor, window, 0, wanted, at);
    const found = findIn(window.subarray(0, count), beyond);
    if (found !== null) return found;
  }
  return null;
}

function findIn(bytes: Buffer, beyond: LSN): LSN | null {
  for (let at = 0; at + FRAME_HEADER_BYTES < bytes.length; at += 1) {
    const first = bytes[at + FRAME_HEADER_BYTES] ?? 0;
    if (first < BODY_FIRST.min || first > BODY_FIRST.max) continue;
    const end = at + FRAME_HEADER_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length) continue;
    const lsn = lsnOf(bytes.subarray(at, end));
    if (lsn !== null && lsn > beyond) return lsn;
  }
  return null;
}

function lsnOf(frame: Uint8Array): LSN | null {
  try {
    return decodeFrame(frame, null).lsn;
  } catch (error) {
    if (error instanceof FrameError) return null;
    throw error;
  }
}
