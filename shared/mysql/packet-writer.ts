// Fields to packets in one growing buffer: an answer is collected here and written once.

import { assert } from '#shared/assert.ts';

const HEADER_BYTES = 4;
const PART_BYTES_MAX = 0xff_ffff;
const ONE_BYTE_LENGTH_MAX = 250;
const DIGIT_ZERO = 48;
/** Most answers are smaller; a connection that has larger ones gets its buffer by growing. */
const FIRST_BUFFER_BYTES = 2 * 1024;
/** A buffer that one answer has grown beyond this is not kept for the next. */
const KEPT_BUFFER_BYTES_MAX = 1024 * 1024;

/** A place in an answer that is not sent yet. */
export interface WriterMark {
  readonly end: number;
  readonly sequence: number;
  readonly generation: number;
}

export class PacketWriter {
  /** The sequence id of the next packet. */
  sequence = 0;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
  #end = 0;
  /** Where the open packet's header stands, or -1. */
  #open = -1;
  /** How often the bytes have been taken. */
  #generation = 0;

  /** Bytes of finished packets that wait to be taken. */
  get length(): number {
    return this.#open < 0 ? this.#end : this.#open;
  }

  /** True amid a packet: nothing can be taken without it. */
  get isOpen(): boolean {
    return this.#open >= 0;
  }

  start(): void {
    assert(this.#open < 0, 'a packet is open already');
    this.#open = this.#end;
    this.#reserve(HEADER_BYTES);
    this.#end += HEADER_BYTES;
  }

  /** Whole packets that were made elsewhere, with their numbers made to follow ours. */
  append(packets: Uint8Array): void {
    assert(this.#open < 0, 'a packet is open');
    this.#reserve(packets.length);
    this.#buffer.set(packets, this.#end);
    const buffer = this.#buffer;
    const end = this.#end + packets.length;
    let at = this.#end;
    let sequence = this.sequence;
    while (at < end) {
      const length =
        byteAt(buffer, at) | (byteAt(buffer, at + 1) << 8) | (byteAt(buffer, at + 2) << 16);
      buffer[at + 3] = sequence;
      sequence = (sequence + 1) & 0xff;
      at += HEADER_BYTES + length;
    }
    assert(at === end, 'packets that are not whole');
    this.sequence = sequence;
    this.#end = end;
  }

  /** Ends the packet; 16777215 bytes or more become several parts. */
  finish(): void {
    assert(this.#open >= 0, 'no packet is open');
    const begin = this.#open;
    const length = this.#end - begin - HEADER_BYTES;
    this.#open = -1;
    if (length < PART_BYTES_MAX) this.#header(begin, length);
    else this.#split(begin, length);
  }

  /** Takes back the open packet: what it was for has failed. */
  abandon(): void {
    if (this.#open >= 0) this.#end = this.#open;
    this.#open = -1;
  }

  /** Where the answer stands, for `backTo`. */
  mark(): WriterMark {
    return { end: this.length, sequence: this.sequence, generation: this.#generation };
  }

  /** Takes back everything since the mark; the open packet alone, when bytes have left since. */
  backTo(mark: WriterMark): void {
    if (mark.generation !== this.#generation) return this.abandon();
    this.#open = -1;
    this.#end = mark.end;
    this.sequence = mark.sequence;
  }

  /** The finished packets. Valid until `reuse` or `renew`. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  /** The bytes have left: the same buffer takes the next answer. */
  reuse(): void {
    if (this.#buffer.length > KEPT_BUFFER_BYTES_MAX) return this.renew();
    this.#end = 0;
    this.#generation += 1;
  }

  /** The bytes are still held by the socket: the next answer gets a buffer of its own. */
  renew(): void {
    this.#buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
    this.#end = 0;
    this.#generation += 1;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#end] = value;
    this.#end += 1;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#end = this.#buffer.writeUInt16LE(value, this.#end);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#end = this.#buffer.writeUInt32LE(value, this.#end);
  }

  /** Signed or unsigned: the low 64 bits. */
  uint64(value: bigint): void {
    this.#reserve(8);
    this.#end = this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#end);
  }

  float32(value: number): void {
    this.#reserve(4);
    this.#end = this.#buffer.writeFloatLE(value, this.#end);
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#end = this.#buffer.writeDoubleLE(value, this.#end);
  }

  zeros(count: number): void {
    this.#reserve(count);
    this.#buffer.fill(0, this.#end, this.#end + count);
    this.#end += count;
  }

  bytesOf(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#end);
    this.#end += value.length;
  }

  /** UTF-8 with nothing before or after it. */
  text(value: string): void {
    this.#reserve(value.length * 3);
    this.#end += this.#buffer.write(value, this.#end, 'utf8');
  }

  /** UTF-8 and a zero byte. */
  zeroText(value: string): void {
    this.text(value);
    this.uint8(0);
  }

  lengthEncoded(value: number): void {
    this.#reserve(9);
    this.#end = writeLength(this.#buffer, this.#end, value);
  }

  lengthEncodedBig(value: bigint): void {
    if (value >= 0n && value <= 0xffff_ffffn) {
      this.lengthEncoded(Number(value));
    } else {
      this.uint8(0xfe);
      this.uint64(value);
    }
  }

  lengthEncodedBytes(value: Uint8Array): void {
    this.lengthEncoded(value.length);
    this.bytesOf(value);
  }

  lengthEncodedText(value: string): void {
    // Written in one pass where the length is one byte, as that of most short texts is.
    if (value.length <= ONE_BYTE_LENGTH_MAX) {
      this.#reserve(3 + value.length * 3);
      const buffer = this.#buffer;
      const at = this.#end;
      const written = buffer.write(value, at + 1, 'utf8');
      if (written <= ONE_BYTE_LENGTH_MAX) {
        buffer[at] = written;
        this.#end = at + 1 + written;
        return;
      }
    }
    const length = Buffer.byteLength(value, 'utf8');
    this.#reserve(9 + length);
    this.#end = writeLength(this.#buffer, this.#end, length);
    this.#end += this.#buffer.write(value, this.#end, 'utf8');
  }

  /** A whole number's decimal digits. */
  lengthEncodedWhole(value: number | bigint): void {
    // What fits 31 bits is written digit by digit, without a text between.
    if (typeof value !== 'number' || (value | 0) !== value || value < 0) {
      return this.lengthEncodedText(String(value));
    }
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits += 1;
    this.#reserve(1 + digits);
    const buffer = this.#buffer;
    const at = this.#end;
    buffer[at] = digits;
    let rest = value;
    for (let place = at + digits; place > at; place -= 1) {
      const tenth = (rest / 10) | 0;
      buffer[place] = DIGIT_ZERO + rest - 10 * tenth;
      rest = tenth;
    }
    this.#end = at + 1 + digits;
  }

  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#end);
    this.#buffer = grown;
  }

  #header(at: number, length: number): void {
    const buffer = this.#buffer;
    buffer[at] = length & 0xff;
    buffer[at + 1] = (length >> 8) & 0xff;
    buffer[at + 2] = length >> 16;
    buffer[at + 3] = this.sequence;
    this.sequence = (this.sequence + 1) & 0xff;
  }

  /** Moves the parts apart, last first, and gives each its header. */
  #split(begin: number, length: number): void {
    const parts = Math.floor(length / PART_BYTES_MAX) + 1;
    const moreBytes = (parts - 1) * HEADER_BYTES;
    this.#reserve(moreBytes);
    const payload = begin + HEADER_BYTES;
    for (let part = parts - 1; part > 0; part -= 1) {
      const from = payload + part * PART_BYTES_MAX;
      const to = Math.min(from + PART_BYTES_MAX, payload + length);
      this.#buffer.copyWithin(from + part * HEADER_BYTES, from, to);
    }
    this.#end += moreBytes;
    for (let part = 0; part < parts; part += 1) {
      const partLength = Math.min(PART_BYTES_MAX, length - part * PART_BYTES_MAX);
      this.#header(begin + part * (PART_BYTES_MAX + HEADER_BYTES), partLength);
    }
  }
}

function byteAt(buffer: Buffer, at: number): number {
  return buffer[at] ?? 0;
}

/** Writes a length-encoded integer; gives the position behind it. */
function writeLength(buffer: Buffer, at: number, value: number): number {
  if (value < 251) {
    buffer[at] = value;
    return at + 1;
  }
  if (value <= 0xffff) {
    buffer[at] = 0xfc;
    return buffer.writeUInt16LE(value, at + 1);
  }
  if (value <= 0xff_ffff) {
    buffer[at] = 0xfd;
    return buffer.writeUIntLE(value, at + 1, 3);
  }
  buffer[at] = 0xfe;
  return buffer.writeBigUInt64LE(BigInt(value), at + 1);
}
