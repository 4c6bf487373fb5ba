// Reads runs of whole frames out of one segment.

import { closeSync, openSync, readSync } from 'node:fs';
import { checkFrame, FrameError, frameLength } from '#shared/log/log-frame.ts';
import { isLongFrame } from '#shared/log/long-frame.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { toSegmentDamage } from './log-damage.ts';
import type { RunLimits } from './recent-frames.ts';
import { findInIndex, type IndexEntry, type Segment } from './segment.ts';

/** Bytes read ahead of what the caller has asked for, so that a frame is seldom cut. */
const READ_AHEAD_BYTES = 128 * 1024;

/**
 * The frames from record `first` on, up to `last` or about `bytesMax` bytes, at least one. The
 * segment holds them all. Throws SegmentDamage where the file is damaged.
 */
export function readSegmentRun(segment: Segment, first: LSN, limits: RunLimits): Uint8Array[] {
  const descriptor = openSync(segment.path, 'r');
  try {
    const reader = new RunReader(descriptor, segment);
    const start = reader.seek(first, limits.bytesMax);
    for (let lsn = start.lsn; lsn < first; lsn += 1n) reader.next();
    const frames: Uint8Array[] = [];
    let sizeBytes = 0;
    for (let lsn = first; lsn <= limits.last; lsn += 1n) {
      const length = reader.nextLength();
      // A long one comes alone: who can read it in pieces does so.
      const isFull = isLongFrame(length) || sizeBytes + length > limits.bytesMax;
      if (frames.length > 0 && isFull) break;
      const frame = reader.next();
      frames.push(frame);
      sizeBytes += frame.length;
    }
    return frames;
  } finally {
    closeSync(descriptor);
  }
}

/** Where record `lsn`, which the segment holds, ends in its file. */
export function frameEnd(segment: Segment, lsn: LSN): number {
  const descriptor = openSync(segment.path, 'r');
  try {
    const reader = new RunReader(descriptor, segment);
    const start = reader.seek(lsn, READ_AHEAD_BYTES);
    let end = start.offset;
    for (let at = start.lsn; at <= lsn; at += 1n) end += reader.next().length;
    return end;
  } finally {
    closeSync(descriptor);
  }
}

/** The bytes from the noted place nearest before `lsn` to the end; the file is not touched. */
export function indexedBytesAfter(segment: Segment, lsn: LSN): number {
  const entry = segment.index?.findLast((noted) => noted.lsn <= lsn + 1n);
  return segment.sizeBytes - (entry?.offset ?? segment.firstOffset);
}

/** Frames one after another, read in large pieces. */
class RunReader {
  #descriptor: number;
  #segment: Segment;
  #offset = 0;
  #lsn: LSN = 0n;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(descriptor: number, segment: Segment) {
    this.#descriptor = descriptor;
    this.#segment = segment;
  }

  /** Goes to the noted place nearest before record `lsn`; answers it. */
  seek(lsn: LSN, bytesWanted: number): IndexEntry {
    const start = findInIndex(this.#segment, lsn);
    this.#offset = start.offset;
    this.#lsn = start.lsn;
    this.#buffer = Buffer.alloc(0);
    this.#fill(bytesWanted + READ_AHEAD_BYTES);
    return start;
  }

  /** The length of the next frame, which need not be read for that. */
  nextLength(): number {
    try {
      if (frameLength(this.#buffer) === null) this.#fill(READ_AHEAD_BYTES);
      return frameLength(this.#buffer) ?? 0;
    } catch (error) {
      throw this.#damaged(error);
    }
  }

  /** The next frame, whole and with the right CRC. */
  next(): Uint8Array {
    try {
      let length = frameLength(this.#buffer);
      if (length === null || length > this.#buffer.length) {
        this.#fill((length ?? 0) + READ_AHEAD_BYTES);
        length = frameLength(this.#buffer);
      }
      if (length === null || length > this.#buffer.length) throw new FrameError('it is cut off');
      const frame = this.#buffer.subarray(0, length);
      checkFrame(frame);
      this.#buffer = this.#buffer.subarray(length);
      this.#offset += length;
      this.#lsn += 1n;
      return frame;
    } catch (error) {
      throw this.#damaged(error);
    }
  }

  #fill(sizeBytes: number): void {
    const size = Math.min(sizeBytes, this.#segment.sizeBytes - this.#offset);
    if (size <= this.#buffer.length) return;
    const bytes = Buffer.allocUnsafe(size);
    const count = readSync(this.#descriptor, bytes, 0, size, this.#offset);
    this.#buffer = bytes.subarray(0, count);
  }

  #damaged(error: unknown): unknown {
    const { path } = this.#segment;
    return toSegmentDamage(error, { path, offset: this.#offset, lsn: this.#lsn });
  }
}
