// Bytes from a socket to packets: framing, the joining of parts, and the limit on their size.
//
//   uint24 length | uint8 sequence id | payload. A part of 16777215 bytes is not the last one.

import { databaseError } from '#shared/error.ts';

const HEADER_BYTES = 4;
const PART_BYTES_MAX = 0xff_ffff;
const EMPTY = Buffer.alloc(0);

export interface Packet {
  /** The sequence id of the packet's last part: the answer starts at the next one. */
  readonly sequence: number;
  readonly payload: Buffer;
}

export class PacketReader {
  /** The largest payload that is taken; a larger one is error 1153, before it is received. */
  payloadBytesMax: number;
  #buffer: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** False while the buffer is a chunk of the socket's, whose tail is not ours to fill. */
  #owned = false;
  #parts: Buffer[] = [];
  #partsBytes = 0;

  constructor(payloadBytesMax: number) {
    this.payloadBytesMax = payloadBytesMax;
  }

  /** Bytes that are here and not yet read. */
  get pendingBytes(): number {
    return this.#end - this.#start + this.#partsBytes;
  }

  /** Takes what the socket gave. Payloads read before stay as they are. */
  push(chunk: Buffer, count = chunk.length): void {
    if (this.#start === this.#end) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#end = count;
      this.#owned = false;
      return;
    }
    if (!this.#owned || this.#buffer.length - this.#end < count) this.#grow(count);
    chunk.copy(this.#buffer, this.#end, 0, count);
    this.#end += count;
  }

  /** The last chunk is about to hold other bytes: what is not read yet is copied. */
  own(): void {
    if (this.#owned) return;
    if (this.#start < this.#end) return this.#grow(0);
    this.#buffer = EMPTY;
    this.#start = 0;
    this.#end = 0;
  }

  /** The next whole packet, or null while it is not all here. Throws packetTooLarge. */
  next(): Packet | null {
    for (;;) {
      const available = this.#end - this.#start;
      if (available < HEADER_BYTES) return null;
      const length = this.#lengthAt(this.#start);
      if (this.#partsBytes + length > this.payloadBytesMax) {
        throw databaseError('packetTooLarge', {});
      }
      if (available < HEADER_BYTES + length) return null;
      const sequence = this.#buffer[this.#start + 3] ?? 0;
      const begin = this.#start + HEADER_BYTES;
      const part = this.#buffer.subarray(begin, begin + length);
      this.#start = begin + length;
      if (length === PART_BYTES_MAX) this.#keep(part);
      else return { sequence, payload: this.#join(part) };
    }
  }

  /** Everything not yet read, when the socket goes to someone else. */
  takeRest(): Buffer {
    const rest = this.#buffer.subarray(this.#start, this.#end);
    this.#buffer = EMPTY;
    this.#start = 0;
    this.#end = 0;
    return rest;
  }

  #lengthAt(at: number): number {
    const buffer = this.#buffer;
    return (buffer[at] ?? 0) | ((buffer[at + 1] ?? 0) << 8) | ((buffer[at + 2] ?? 0) << 16);
  }

  #keep(part: Buffer): void {
    this.#parts.push(part);
    this.#partsBytes += part.length;
  }

  #join(last: Buffer): Buffer {
    if (this.#parts.length === 0) return last;
    const payload = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#partsBytes = 0;
    return payload;
  }

  /** A new buffer, so that payloads handed out keep their bytes; doubled each time. */
  #grow(more: number): void {
    const held = this.#end - this.#start;
    const size = Math.max(2 * held, held + more);
    const buffer = Buffer.allocUnsafeSlow(size);
    this.#buffer.copy(buffer, 0, this.#start, this.#end);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = held;
    this.#owned = true;
  }
}
