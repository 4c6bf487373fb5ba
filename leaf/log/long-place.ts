// Where the changes of a long record stand: it is read in pieces, never as one.

import { closeSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import {
  FRAME_HEADER_BYTES,
  FrameError,
  frameLogHash,
  recordPosition,
} from '#shared/log/log-frame.ts';
import {
  BodyDigest,
  checkPlace,
  decodeHead,
  FrameCheck,
  HEAD_BYTES_MAX,
  isLongFrame,
  PIECE_BYTES,
  type FrameHead,
} from '#shared/log/long-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { toSegmentDamage } from './log-damage.ts';
import type { Segment } from './segment.ts';

/** Bytes of a segment: a whole frame, or what stands in it. */
export interface LogPlace {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

/** A long record: everything but its changes, and where those are. */
export interface LongRecord {
  readonly record: LogRecord;
  readonly changes: LogPlace;
}

/**
 * Record `lsn` where it is a long one: its whole frame, and its position; the segment has its
 * index. A definition goes as one, however long it is, and so does what has no head any more: who
 * reads it says why.
 */
export function findLong(
  { path, index }: Segment,
  lsn: LSN,
): { readonly frame: LogPlace; readonly position: Position } | null {
  const entry = index?.findLast((noted) => noted.lsn === lsn);
  if (entry === undefined || !isLongFrame(entry.bytes)) return null;
  const frame = { path, offset: entry.offset, bytes: entry.bytes };
  const position = readLongPosition(frame);
  return position === null ? null : { frame, position };
}

/** The bytes at a place, in their order. Throws FrameError where the file ends before. */
async function* readPieces(place: LogPlace): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await open(place.path, 'r');
  try {
    for (let done = 0; done < place.bytes;) {
      const bytes = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, place.bytes - done));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, place.offset + done);
      if (bytesRead === 0) throw new FrameError('it is cut off');
      yield bytes.subarray(0, bytesRead);
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/**
 * The pieces of a whole frame, of which the last comes only when its CRC was right. Throws
 * SegmentDamage.
 */
export async function* readLongFrame(frame: LogPlace, lsn: LSN): AsyncGenerator<Uint8Array> {
  const check = new FrameCheck();
  let held: Uint8Array | null = null;
  try {
    for await (const piece of readPieces(frame)) {
      check.add(piece);
      if (held !== null) yield held;
      held = piece;
    }
    check.end();
  } catch (error) {
    throw toSegmentDamage(error, { path: frame.path, offset: frame.offset, lsn });
  }
  if (held !== null) yield held;
}

/** The position of a whole frame by its head alone; null where it has none. */
function readLongPosition({ path, offset, bytes }: LogPlace): Position | null {
  const descriptor = openSync(path, 'r');
  try {
    const first = Buffer.alloc(FRAME_HEADER_BYTES + HEAD_BYTES_MAX);
    readSync(descriptor, first, 0, first.length, offset);
    const body = first.subarray(FRAME_HEADER_BYTES);
    const { record } = decodeHead(body, bytes - FRAME_HEADER_BYTES);
    return recordPosition({ ...record, logHash: frameLogHash(first) });
  } catch (error) {
    if (error instanceof FrameError) return null;
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** The record of a whole frame that follows `previous`, verified. Throws SegmentDamage. */
export async function readLongRecord(frame: LogPlace, previous: Position): Promise<LongRecord> {
  const { path, offset, bytes } = frame;
  try {
    const digest = new BodyDigest(previous.logHash);
    let header: Uint8Array | null = null;
    let head: FrameHead | null = null;
    for await (const piece of readPieces(frame)) {
      const body: Uint8Array = header === null ? piece.subarray(FRAME_HEADER_BYTES) : piece;
      head ??= decodeHead(body, bytes - FRAME_HEADER_BYTES);
      header ??= piece.slice(0, FRAME_HEADER_BYTES);
      digest.add(body);
    }
    if (head === null || header === null) throw new FrameError('a frame is cut off');
    checkPlace(head.record, previous);
    const { logHash } = digest.end(header);
    const at = FRAME_HEADER_BYTES + head.changesAt;
    const changes = { path, offset: offset + at, bytes: bytes - at };
    return { record: { ...head.record, logHash }, changes };
  } catch (error) {
    throw toSegmentDamage(error, { path, offset, lsn: previous.lsn + 1n });
  }
}
