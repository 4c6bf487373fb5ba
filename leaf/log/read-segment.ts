// Reads runs of whole frames out of one segment, and writes a run whole.

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { must } from '#shared/assert.ts';
import { checkFrame, FrameError, frameLength } from '#shared/log/log-frame.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { RunLimits } from './recent-frames.ts';
import { findInIndex, type Segment } from './segment.ts';

/** Bytes read ahead of what the caller has asked for, so that a frame is seldom cut. */
const READ_AHEAD_BYTES = 128 * 1024;

/**
 * The frames from record `first` on, up to `last` or about `bytesMax` bytes, at least one. The
 * segment holds them all. Throws FrameError where the file is damaged.
 */
export function readSegmentRun(segment: Segment, first: LSN, limits: RunLimits): Uint8Array[] {
  const descriptor = openSync(segment.path, 'r');
  try {
    const reader = new RunReader(descriptor, segment);
    const start = findInIndex(segment, descriptor, first);
    reader.seek(start.offset, limits.bytesMax);
    for (let lsn = start.lsn; lsn < first; lsn += 1n) reader.next();
    const frames: Uint8Array[] = [];
    let sizeBytes = 0;
    for (let lsn = first; lsn <= limits.last; lsn += 1n) {
      const frame = reader.next();
      if (frames.length > 0 && sizeBytes + frame.length > limits.bytesMax) break;
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
    const start = findInIndex(segment, descriptor, lsn);
    reader.seek(start.offset, READ_AHEAD_BYTES);
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

/** Writes all the bytes at `position`; throws what the file system throws. */
export function writeWhole(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}

/** Frames one after another, read in large pieces. */
class RunReader {
  #descriptor: number;
  #segment: Segment;
  #offset = 0;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(descriptor: number, segment: Segment) {
    this.#descriptor = descriptor;
    this.#segment = segment;
  }

  seek(offset: number, bytesWanted: number): void {
    this.#offset = offset;
    this.#buffer = Buffer.alloc(0);
    this.#fill(bytesWanted + READ_AHEAD_BYTES);
  }

  next(): Uint8Array {
    let length = frameLength(this.#buffer);
    if (length === null || length > this.#buffer.length) {
      this.#fill((length ?? 0) + READ_AHEAD_BYTES);
      length = frameLength(this.#buffer);
    }
    if (length === null || length > this.#buffer.length) this.#damaged('ends too early');
    const frame = this.#buffer.subarray(0, must(length));
    try {
      checkFrame(frame);
    } catch (error) {
      if (error instanceof FrameError) this.#damaged(error.message);
      throw error;
    }
    this.#buffer = this.#buffer.subarray(frame.length);
    this.#offset += frame.length;
    return frame;
  }

  #fill(sizeBytes: number): void {
    const size = Math.min(sizeBytes, this.#segment.sizeBytes - this.#offset);
    if (size <= this.#buffer.length) return;
    const bytes = Buffer.allocUnsafe(size);
    const count = readSync(this.#descriptor, bytes, 0, size, this.#offset);
    this.#buffer = bytes.subarray(0, count);
  }

  #damaged(reason: string): never {
    const name = basename(this.#segment.path);
    throw new FrameError(`log segment ${name} at ${this.#offset}: ${reason}`);
  }
}
