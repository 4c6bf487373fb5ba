// The fields of one packet's payload, in order; anything malformed is error 1835, never a crash.

import { databaseError } from '#shared/error.ts';

/** A length-encoded integer, or null for the byte 0xFB that stands for NULL. */
const NULL_LENGTH = 0xfb;

export class PayloadReader {
  readonly #payload: Buffer;
  #at: number;

  constructor(payload: Buffer, at = 0) {
    this.#payload = payload;
    this.#at = at;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#payload.length - this.#at;
  }

  get position(): number {
    return this.#at;
  }

  uint8(): number {
    return this.#payload.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#payload.readUInt16LE(this.#take(2));
  }

  uint32(): number {
    return this.#payload.readUInt32LE(this.#take(4));
  }

  int8(): number {
    return this.#payload.readInt8(this.#take(1));
  }

  int16(): number {
    return this.#payload.readInt16LE(this.#take(2));
  }

  int32(): number {
    return this.#payload.readInt32LE(this.#take(4));
  }

  int64(): bigint {
    return this.#payload.readBigInt64LE(this.#take(8));
  }

  uint64(): bigint {
    return this.#payload.readBigUInt64LE(this.#take(8));
  }

  float32(): number {
    return this.#payload.readFloatLE(this.#take(4));
  }

  float64(): number {
    return this.#payload.readDoubleLE(this.#take(8));
  }

  skip(count: number): void {
    this.#take(count);
  }

  bytes(count: number): Buffer {
    const at = this.#take(count);
    return this.#payload.subarray(at, at + count);
  }

  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  /** UTF-8 up to the next zero byte; up to the end where there is none. */
  zeroText(): string {
    const zero = this.#payload.indexOf(0, this.#at);
    const end = zero < 0 ? this.#payload.length : zero;
    const text = this.#payload.toString('utf8', this.#at, end);
    this.#at = zero < 0 ? end : end + 1;
    return text;
  }

  /** A length-encoded integer. Those above 2^53 are malformed here: no packet is that long. */
  lengthEncoded(): number {
    const first = this.uint8();
    if (first < NULL_LENGTH) return first;
    if (first === 0xfc) return this.uint16();
    if (first === 0xfd) return this.#payload.readUIntLE(this.#take(3), 3);
    if (first !== 0xfe) throw databaseError('malformedPacket', {});
    const value = this.uint64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw databaseError('malformedPacket', {});
    return Number(value);
  }

  lengthEncodedBytes(): Buffer {
    return this.bytes(this.lengthEncoded());
  }

  #take(count: number): number {
    if (count > this.remaining) throw databaseError('malformedPacket', {});
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
