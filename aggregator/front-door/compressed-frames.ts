// The compressed protocol: the bytes of packets in zlib frames, for clients that ask for it.
//
//   uint24 length of what follows | uint8 sequence id | uint24 length before compression, or 0 when
//   it is not compressed | the bytes. Frames and packets need not begin or end together.

import { deflateSync, inflateSync } from 'node:zlib';
import { databaseError } from '#shared/error.ts';

const HEADER_BYTES = 7;
const FRAME_BYTES_MAX = 0xff_ffff;
/** Less than this is not worth compressing, as MySQL has it. */
const COMPRESSED_BYTES_MIN = 50;
/** Bytes that are compressed at once: so long nobody else is served. */
const PIECE_BYTES_MAX = 64 * 1024;

export class CompressedFrames {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #sequence = 0;

  /** Bytes that have come and are not read. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** What the next frame holds; null while it is not all here. Throws uncompressFailed. */
  read(): Buffer | null {
    if (this.#bytes < HEADER_BYTES) return null;
    const head = this.#gather(HEADER_BYTES);
    const length = head.readUIntLE(0, 3);
    if (this.#bytes < HEADER_BYTES + length) return null;
    const all = this.#gather(HEADER_BYTES + length);
    const frame = all.subarray(HEADER_BYTES, HEADER_BYTES + length);
    const rest = all.subarray(HEADER_BYTES + length);
    this.#chunks.splice(0, 1, ...(rest.length > 0 ? [rest] : []));
    this.#bytes -= HEADER_BYTES + length;
    this.#sequence = (head.readUInt8(3) + 1) & 0xff;
    const fullLength = head.readUIntLE(4, 3);
    return fullLength === 0 ? frame : inflated(frame, fullLength);
  }

  /** The bytes of an answer, in frames that follow those that were read. */
  framed(bytes: Buffer): Buffer {
    const frames: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
      const piece = bytes.subarray(at, at + PIECE_BYTES_MAX);
      const isSmall = piece.length < COMPRESSED_BYTES_MIN;
      const body = isSmall ? piece : deflateSync(piece, { level: 1 });
      frames.push(this.#header(body.length, isSmall ? 0 : piece.length), body);
    }
    return Buffer.concat(frames);
  }

  #header(length: number, fullLength: number): Buffer {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUIntLE(length, 0, 3);
    header[3] = this.#sequence;
    header.writeUIntLE(fullLength, 4, 3);
    this.#sequence = (this.#sequence + 1) & 0xff;
    return header;
  }

  /** So many bytes in one buffer, which is the first of the chunks then. */
  #gather(count: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= count) return first;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}

/** Never more than was announced, which is 16 MB at the most. */
function inflated(frame: Buffer, fullLength: number): Buffer {
  const maxOutputLength = Math.min(fullLength, FRAME_BYTES_MAX);
  try {
    const bytes = inflateSync(frame, { maxOutputLength });
    if (bytes.length === fullLength) return bytes;
  } catch {
    // Told below, as other lies about lengths are.
  }
  throw databaseError('uncompressFailed', {});
}
