// The messages that come most often, written and read at fixed places: a tenth of what it costs by
// the library. They are the library's own bytes for the same fields, so either end may use that.
//
//   read      95 0c | ce id | cd shape | d1 ordinal | 9n, n times d3 value     (values are BIGINTs)
//   last      94 0a | ce id | ce count | c6 length, packets
//   records   93 04 | ce id | 82 "kind" "records" "frames" | c6 length, frames      (of a log)

import type { SubscribeItem } from './message.ts';
import { codes, type PeerMessage } from './peer-message.ts';

type Read = PeerMessage & { kind: 'read' };
type Last = PeerMessage & { kind: 'last' };
type Item = PeerMessage & { kind: 'item' };

/** Messages beyond this are the library's. */
const SIZE_MAX = 16 * 1024;
const READ_HEAD_BYTES = 14;
const LAST_HEAD_BYTES = 17;
const RECORDS_HEAD_BYTES = 33;
const VALUE_BYTES = 9;
/** What four bytes can number. */
const ID_MAX = 0xffff_ffff;
/** What one byte can count. */
const VALUES_MAX = 15;

const FIXARRAY = 0x90;
const UINT16 = 0xcd;
const UINT32 = 0xce;
const INT16 = 0xd1;
const INT64 = 0xd3;
const BIN32 = 0xc6;
/** An item of records between its id and its length: its fields' names, and its kind. */
const RECORDS_NAMES = Buffer.from('\x82\xa4kind\xa7records\xa6frames\xc6', 'latin1');
const RECORDS_NAMES_AT = 7;

/** Writes messages, each of which holds until the next one is written. */
export class LaidOutWriter {
  readonly #bytes = Buffer.allocUnsafeSlow(SIZE_MAX);

  /** Null for a message that has no fixed places. */
  write(message: PeerMessage): Uint8Array | null {
    if (!('id' in message) || message.id > ID_MAX) return null;
    switch (message.kind) {
      case 'read':
        return this.#read(message);
      case 'last':
        return this.#last(message);
      case 'item':
        return this.#records(message);
      default:
        return null;
    }
  }

  /** A message of so many fields, the first of which are these. */
  #begin(code: number, id: number, fields: number): void {
    const bytes = this.#bytes;
    bytes[0] = FIXARRAY | fields;
    bytes[1] = code;
    bytes[2] = UINT32;
    bytes.writeUInt32BE(id, 3);
  }

  #read({ id, number, ordinal, parameters }: Read): Uint8Array | null {
    const bytes = this.#bytes;
    const count = parameters.length;
    if (count > VALUES_MAX) return null;
    let at = READ_HEAD_BYTES;
    for (const value of parameters) {
      if (typeof value !== 'bigint') return null;
      bytes[at] = INT64;
      at = bytes.writeBigInt64BE(value, at + 1);
    }
    this.#begin(codes.read, id, 5);
    bytes[7] = UINT16;
    bytes.writeUInt16BE(number, 8);
    bytes[10] = INT16;
    bytes.writeInt16BE(ordinal, 11);
    bytes[13] = FIXARRAY | count;
    return bytes.subarray(0, at);
  }

  #last({ id, count, packets }: Last): Uint8Array | null {
    const bytes = this.#bytes;
    const end = LAST_HEAD_BYTES + packets.length;
    if (end > SIZE_MAX) return null;
    this.#begin(codes.last, id, 4);
    bytes[7] = UINT32;
    bytes.writeUInt32BE(count, 8);
    bytes[12] = BIN32;
    bytes.writeUInt32BE(packets.length, 13);
    bytes.set(packets, LAST_HEAD_BYTES);
    return bytes.subarray(0, end);
  }

  #records({ id, item }: Item): Uint8Array | null {
    const frames = framesOf(item);
    if (frames === null) return null;
    const bytes = this.#bytes;
    const end = RECORDS_HEAD_BYTES + frames.length;
    if (end > SIZE_MAX) return null;
    this.#begin(codes.item, id, 3);
    bytes.set(RECORDS_NAMES, RECORDS_NAMES_AT);
    bytes.writeUInt32BE(frames.length, RECORDS_HEAD_BYTES - 4);
    bytes.set(frames, RECORDS_HEAD_BYTES);
    return bytes.subarray(0, end);
  }
}

/** The message, with bytes of its own; null for one that is not laid out like this. */
export function readLaidOut(frame: Uint8Array): Read | Last | Item | null {
  switch (frame[1]) {
    case codes.read:
      return readRead(frame);
    case codes.last:
      return readLast(frame);
    case codes.item:
      return readRecords(frame);
    default:
      return null;
  }
}

function readRead(frame: Uint8Array): Read | null {
  const isLaidOut = frame[0] === (FIXARRAY | 5) && frame[2] === UINT32 && frame[7] === UINT16;
  const count = (frame[13] ?? 0) ^ FIXARRAY;
  if (!isLaidOut || frame[10] !== INT16 || count > VALUES_MAX) return null;
  if (frame.length !== READ_HEAD_BYTES + count * VALUE_BYTES) return null;
  const bytes = asBuffer(frame);
  const parameters: bigint[] = [];
  for (let at = READ_HEAD_BYTES; at < frame.length; at += VALUE_BYTES) {
    if (frame[at] !== INT64) return null;
    parameters.push(bytes.readBigInt64BE(at + 1));
  }
  const ordinal = bytes.readInt16BE(11);
  if (ordinal < -1) return null;
  const id = bytes.readUInt32BE(3);
  return { kind: 'read', id, number: bytes.readUInt16BE(8), ordinal, parameters };
}

function readLast(frame: Uint8Array): Last | null {
  const isLaidOut = frame[0] === (FIXARRAY | 4) && frame[2] === UINT32 && frame[7] === UINT32;
  if (!isLaidOut || frame[12] !== BIN32 || frame.length < LAST_HEAD_BYTES) return null;
  const bytes = asBuffer(frame);
  if (frame.length !== LAST_HEAD_BYTES + bytes.readUInt32BE(13)) return null;
  // Copied, into the pool that small buffers share.
  const packets = Buffer.from(bytes.subarray(LAST_HEAD_BYTES));
  return { kind: 'last', id: bytes.readUInt32BE(3), count: bytes.readUInt32BE(8), packets };
}

function readRecords(frame: Uint8Array): Item | null {
  if (frame[0] !== (FIXARRAY | 3) || frame[2] !== UINT32) return null;
  if (frame.length < RECORDS_HEAD_BYTES) return null;
  const bytes = asBuffer(frame);
  const namesEnd = RECORDS_NAMES_AT + RECORDS_NAMES.length;
  if (bytes.compare(RECORDS_NAMES, 0, RECORDS_NAMES.length, RECORDS_NAMES_AT, namesEnd) !== 0) {
    return null;
  }
  if (frame.length !== RECORDS_HEAD_BYTES + bytes.readUInt32BE(namesEnd)) return null;
  const frames = Buffer.from(bytes.subarray(RECORDS_HEAD_BYTES));
  return { kind: 'item', id: bytes.readUInt32BE(3), item: { kind: 'records', frames } };
}

/** The frames of an item of records; null for any other. */
function framesOf(item: unknown): Uint8Array | null {
  if (typeof item !== 'object' || item === null) return null;
  const { kind, frames } = item as Partial<Extract<SubscribeItem, { kind: 'records' }>>;
  return kind === 'records' && frames instanceof Uint8Array ? frames : null;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
