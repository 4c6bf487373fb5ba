// Goes through the frames of one segment file in large pieces, never beyond what is there.

import { readSync } from 'node:fs';
import { FrameError, frameLength } from '#shared/log/log-frame.ts';

/** Bytes read at a time. */
const SCAN_BYTES = 1024 * 1024;

const CUT_OFF = 'a frame is cut off';

/** Where to walk: bytes of a file. */
export interface WalkedRange {
  /** Where the first frame begins. */
  readonly firstOffset: number;
  /** Where the last one ends. */
  readonly sizeBytes: number;
}

/** Yields whole frames, unverified, one after another. */
export class FrameWalker {
  #descriptor: number;
  #end: number;
  /** Where in the file the next byte to read is. */
  #readAt: number;
  #offset: number;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(descriptor: number, { firstOffset, sizeBytes }: WalkedRange) {
    this.#descriptor = descriptor;
    this.#readAt = firstOffset;
    this.#offset = firstOffset;
    this.#end = sizeBytes;
  }

  /** Where the next frame begins in the file. */
  get offset(): number {
    return this.#offset;
  }

  /** The next whole frame; null at the end. Throws FrameError when it is cut off. */
  next(): Uint8Array | null {
    const length = this.#nextLength();
    if (length === null) return null;
    while (length > this.#buffer.length) {
      if (!this.#readMore(length - this.#buffer.length)) throw new FrameError(CUT_OFF);
    }
    const frame = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    this.#offset += length;
    return frame;
  }

  /** The length of the next frame, past which it goes; null at the end. */
  skip(): number | null {
    const length = this.#nextLength();
    if (length === null) return null;
    this.#offset += length;
    if (this.#offset > this.#end) throw new FrameError(CUT_OFF);
    this.#buffer = this.#buffer.subarray(length);
    this.#readAt = Math.max(this.#readAt, this.#offset);
    return length;
  }

  /** Of the frame that comes next, of which little need be read for that; null at the end. */
  #nextLength(): number | null {
    for (;;) {
      const length = frameLength(this.#buffer);
      if (length !== null) return length;
      if (this.#readMore(0)) continue;
      if (this.#buffer.length === 0) return null;
      throw new FrameError(CUT_OFF);
    }
  }

  #readMore(wanted: number): boolean {
    const size = Math.min(Math.max(SCAN_BYTES, wanted), this.#end - this.#readAt);
    if (size <= 0) return false;
    const bytes = Buffer.allocUnsafe(size);
    const count = readSync(this.#descriptor, bytes, 0, size, this.#readAt);
    this.#readAt += count;
    this.#buffer = Buffer.concat([this.#buffer, bytes.subarray(0, count)]);
    return count > 0;
  }
}
