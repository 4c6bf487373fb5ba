// Is there a whole record behind a damaged one? Tells bytes that rotted from a torn end.
//
// A primary syncs what is no verdict before it begins the next record that is none (the decider's
// `prepare` with its verdict), so at most one such record is ever unsynced. A power cut tears that
// one, and verdicts alone stand behind it; or it tears the verdict on what was prepared before, and
// one such record may, with a verdict of its own. (An `abort` that nobody waits for may slip in.)
// Where more stands behind, the disk has damaged what it had promised to keep.

import { readSync } from 'node:fs';
import { decodeFrame, FRAME_HEADER_BYTES, FrameError } from '#shared/log/log-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { LSN } from '#shared/log/lsn.ts';

/** A window of the file that is searched at a time, and the longest record it finds, in bytes. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** A record's body is a MessagePack array of 5 to 8 fields. */
const BODY_FIRST = { min: 0x95, max: 0x98 };

/** A verdict, an `abort` that slips in, a `prepare` and its verdict: the first may be torn. */
const BEHIND_MAX = 3n;

/** What is known of a damaged record. */
export interface DamagedRecord {
  readonly lsn: LSN;
  /** Is the record before it a `prepare`? */
  readonly mayBeVerdict: boolean;
}

/** The LSN of a whole record in the file that shows that the damaged one was on disk; or null. */
export function findLaterFrame(
  descriptor: number,
  range: { readonly from: number; readonly to: number },
  damaged: DamagedRecord,
): LSN | null {
  let seen = damaged.lsn;
  let others = 0;
  for (const { lsn, payload } of recordsIn(descriptor, range)) {
    if (lsn <= seen) continue;
    seen = lsn;
    if (payload.kind !== 'commit' && payload.kind !== 'abort') others += 1;
    if (others > 1 || lsn > damaged.lsn + BEHIND_MAX) return lsn;
    if (others > 0 && lsn > damaged.lsn + 1n && !damaged.mayBeVerdict) return lsn;
  }
  return null;
}

/** Every whole record between the two offsets, some of them twice. */
function* recordsIn(
  descriptor: number,
  range: { readonly from: number; readonly to: number },
): Generator<LogRecord, void, undefined> {
  const window = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, Math.max(0, range.to - range.from)));
  for (let at = range.from; at < range.to; at += WINDOW_BYTES / 2) {
    const wanted = Math.min(window.length, range.to - at);
    const count = readSync(descriptor, window, 0, wanted, at);
    yield* recordsAmong(window.subarray(0, count));
  }
}

function* recordsAmong(bytes: Buffer): Generator<LogRecord, void, undefined> {
  for (let at = 0; at + FRAME_HEADER_BYTES < bytes.length; at += 1) {
    const first = bytes[at + FRAME_HEADER_BYTES] ?? 0;
    if (first < BODY_FIRST.min || first > BODY_FIRST.max) continue;
    const end = at + FRAME_HEADER_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length) continue;
    const record = recordOf(bytes.subarray(at, end));
    if (record !== null) yield record;
  }
}

function recordOf(frame: Uint8Array): LogRecord | null {
  try {
    return decodeFrame(frame, null);
  } catch (error) {
    if (error instanceof FrameError) return null;
    throw error;
  }
}
