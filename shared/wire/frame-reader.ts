// Cuts a stream of bytes into frames: a length of four bytes, big-endian, then the payload.

/** Bytes of the length before each payload. */
export const frameHeaderBytes = 4;

/** Thrown on a frame longer than the limit: the connection is of no use any more. */
export class FrameTooLargeError extends Error {
  override readonly name = 'FrameTooLargeError';
}

/** Collects chunks and gives whole payloads; keeps at most one incomplete frame. */
export class FrameReader {
  #sizeBytesMax: number;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** From the next frame on, payloads up to this size are taken. */
  set sizeBytesMax(bytes: number) {
    this.#sizeBytesMax = bytes;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
  }

  /** The next payload, or null until more bytes come. Throws FrameTooLargeError. */
  take(): Uint8Array | null {
    if (this.#bufferedBytes < frameHeaderBytes) return null;
    const first = this.#first(frameHeaderBytes);
    const view = new DataView(first.buffer, first.byteOffset, frameHeaderBytes);
    const length = view.getUint32(0);
    if (length > this.#sizeBytesMax) {
      throw new FrameTooLargeError(`a frame of ${length} bytes, of ${this.#sizeBytesMax} at most`);
    }
    if (this.#bufferedBytes < frameHeaderBytes + length) return null;
    const whole = this.#first(frameHeaderBytes + length);
    const rest = whole.subarray(frameHeaderBytes + length);
    this.#chunks[0] = rest;
    if (rest.length === 0) this.#chunks.shift();
    this.#bufferedBytes -= frameHeaderBytes + length;
    return whole.subarray(frameHeaderBytes, frameHeaderBytes + length);
  }

  /** The first chunk, after it was joined with those behind it to hold `bytes`. */
  #first(bytes: number): Uint8Array {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= bytes) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

/** The header that goes before a payload of `length` bytes. */
export function frameHeader(length: number): Uint8Array {
  const header = new Uint8Array(frameHeaderBytes);
  new DataView(header.buffer).setUint32(0, length);
  return header;
}
