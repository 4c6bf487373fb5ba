// Cuts a stream of bytes into frames: a length of four bytes, big-endian, then the payload.

/** Bytes of the length before each payload. */
export const frameHeaderBytes = 4;

/** The smallest buffer for what has not come whole. */
const smallestBytes = 4096;

/** Thrown on a frame longer than the limit: the connection is of no use any more. */
export class FrameTooLargeError extends Error {
  override readonly name = 'FrameTooLargeError';
}

const empty = new Uint8Array();

/** Collects chunks and gives whole payloads; keeps at most one incomplete frame. */
export class FrameReader {
  #sizeBytesMax: number;
  #buffer: Uint8Array = empty;
  #start = 0;
  #end = 0;
  /** False while the buffer is the chunk that came last, behind which is nothing of ours. */
  #owned = false;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** From the next frame on, payloads up to this size are taken. */
  set sizeBytesMax(bytes: number) {
    this.#sizeBytesMax = bytes;
  }

  /** Takes the first `count` bytes of what has come. Payloads taken before stay as they are. */
  push(chunk: Uint8Array, count = chunk.length): void {
    if (this.#start === this.#end) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#end = count;
      this.#owned = false;
      return;
    }
    if (!this.#owned || this.#buffer.length - this.#end < count) this.#grow(count);
    this.#buffer.set(count === chunk.length ? chunk : chunk.subarray(0, count), this.#end);
    this.#end += count;
  }

  /** The next payload, or null until more bytes come. Throws FrameTooLargeError. */
  take(): Uint8Array | null {
    const available = this.#end - this.#start;
    if (available < frameHeaderBytes) return null;
    const length = this.#nextLength();
    if (length > this.#sizeBytesMax) {
      throw new FrameTooLargeError(`a frame of ${length} bytes, of ${this.#sizeBytesMax} at most`);
    }
    if (available < frameHeaderBytes + length) return null;
    const begin = this.#start + frameHeaderBytes;
    this.#start = begin + length;
    return this.#buffer.subarray(begin, this.#start);
  }

  /** The last chunk is about to hold other bytes: what is not taken yet is copied. */
  own(): void {
    if (this.#owned) return;
    if (this.#start < this.#end) return this.#grow(0);
    this.#buffer = empty;
    this.#start = 0;
    this.#end = 0;
  }

  #nextLength(): number {
    const at = this.#start;
    const buffer = this.#buffer;
    const high = (buffer[at] ?? 0) * 0x100_0000;
    return (
      high + (((buffer[at + 1] ?? 0) << 16) | ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0))
    );
  }

  /** A new buffer with room for the whole of the next frame, so that payloads keep their bytes. */
  #grow(more: number): void {
    const held = this.#end - this.#start;
    const isKnown = held >= frameHeaderBytes;
    const frameBytes = isKnown ? Math.min(this.#nextLength(), this.#sizeBytesMax) : 0;
    const size = Math.max(held + more, frameHeaderBytes + frameBytes, smallestBytes);
    const buffer = Buffer.allocUnsafeSlow(size);
    buffer.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = held;
    this.#owned = true;
  }
}

/** The header that goes before a payload of `length` bytes. */
export function frameHeader(length: number): Uint8Array {
  const header = new Uint8Array(frameHeaderBytes);
  new DataView(header.buffer).setUint32(0, length);
  return header;
}
