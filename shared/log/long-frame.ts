// The frame of a long record, which nobody holds as one: its bytes are those of log-frame.ts, laid
// out, hashed and checked piece by piece.
//
// Of a long body everything but the changes stands in its head, which ends where they begin.

import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { assert } from '#shared/assert.ts';
import { decodeBody, encodeBody, FRAME_HEADER_BYTES, FrameError } from './log-frame.ts';
import { combineCrc32 } from './crc32-combine.ts';
import type { RecordDraft } from './log-frame.ts';
import type { LogRecord } from './log-record.ts';
import type { LSN, Position } from './lsn.ts';

/** A record with a longer body goes through its log, the network and a worker in pieces. */
export const LONG_BODY_BYTES = 1024 * 1024;
/** Bytes of one piece. */
export const PIECE_BYTES = 256 * 1024;
/** A head is never longer. */
export const HEAD_BYTES_MAX = 64 * 1024;

const HASH_BYTES = 8;
const NO_BYTES = new Uint8Array(0);
/** MessagePack: bytes whose length is the one number that follows, of one byte or of four. */
const SHORT_BYTES = 0xc4;
const LONG_BYTES = 0xc6;
/** Of such a mark and the length of four bytes. */
const LONG_MARK_BYTES = 5;

/** Is a whole frame of so many bytes that of a long record? */
export function isLongFrame(bytes: number): boolean {
  return bytes > FRAME_HEADER_BYTES + LONG_BODY_BYTES;
}

/** A head as it was found: the record without its changes, which begin at `changesAt`. */
export interface FrameHead {
  readonly record: Omit<LogRecord, 'logHash'>;
  /** From the beginning of the body. */
  readonly changesAt: number;
}

/** The head of the record of `lsn`, whose changes are left out and come to so many bytes. */
export function encodeHead(lsn: LSN, draft: RecordDraft, changesBytes: number): Uint8Array {
  const body = encodeBody(lsn, draft);
  const isEmpty = body.at(-2) === SHORT_BYTES && body.at(-1) === 0;
  assert(isEmpty, 'the changes are left out, and they come last');
  const head = Buffer.alloc(body.length - 2 + LONG_MARK_BYTES);
  head.set(body.subarray(0, -2));
  head.writeUInt8(LONG_BYTES, body.length - 2);
  head.writeUInt32BE(changesBytes, body.length - 1);
  return head;
}

/** The head of a long body from its first bytes. Throws FrameError when they have none. */
export function decodeHead(first: Uint8Array, bodyBytes: number): FrameHead {
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  const last = Math.min(first.length, HEAD_BYTES_MAX) - LONG_MARK_BYTES;
  for (let at = 1; at <= last; at += 1) {
    // Only the changes reach exactly to the end.
    const changesAt = at + LONG_MARK_BYTES;
    if (first[at] !== LONG_BYTES || view.getUint32(at + 1) !== bodyBytes - changesAt) continue;
    const body = Buffer.concat([first.subarray(0, at), Uint8Array.of(SHORT_BYTES, 0)]);
    const record = decodeBody(body, NO_BYTES);
    if (hasChanges(record)) return { record, changesAt };
  }
  throw new FrameError('a long record has no head');
}

function hasChanges({ payload: { kind } }: Pick<LogRecord, 'payload'>): boolean {
  return kind === 'rows' || kind === 'prepare';
}

/** What the pieces of a body lead to, as they come. */
export class BodyDigest {
  readonly #hash: Hash;
  #crc = 0;
  #length = 0;

  /** `previous`: the log hash of the record before. */
  constructor(previous: Uint8Array) {
    this.#hash = createHash('sha256').update(previous);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    this.#hash.update(piece);
    this.#crc = crc32(piece, this.#crc);
    this.#length += piece.length;
  }

  /**
   * The frame's header, and the log hash in it. Ends the digest. Throws FrameError when it is not
   * the one that is `expected`; null: any.
   */
  end(expected: Uint8Array | null): { readonly header: Uint8Array; readonly logHash: Uint8Array } {
    const logHash = new Uint8Array(this.#hash.digest().subarray(0, HASH_BYTES));
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    header.writeUInt32LE(this.#length, 0);
    header.writeUInt32LE(combineCrc32(crc32(logHash), this.#crc, this.#length), 4);
    header.set(logHash, FRAME_HEADER_BYTES - HASH_BYTES);
    if (expected !== null && !header.equals(expected)) {
      throw new FrameError('a long record fails its CRC, or belongs to another history');
    }
    return { header, logHash };
  }
}

/** Checks the CRC of a whole frame, whose pieces come one after another. */
export class FrameCheck {
  #expected = 0;
  #crc = 0;
  #isFirst = true;

  /** The first piece has the whole header. */
  add(piece: Uint8Array): void {
    const from = this.#isFirst ? FRAME_HEADER_BYTES - HASH_BYTES : 0;
    if (this.#isFirst) {
      const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
      this.#expected = view.getUint32(4, true);
      this.#isFirst = false;
    }
    this.#crc = crc32(piece.subarray(from), this.#crc);
  }

  /** Throws FrameError. */
  end(): void {
    if (this.#crc !== this.#expected) throw new FrameError('a frame fails its CRC');
  }
}

/** What the record says of its place must be what follows `previous`. Throws FrameError. */
export function checkPlace(record: Omit<LogRecord, 'logHash'>, previous: Position): void {
  if (record.lsn !== previous.lsn + 1n) {
    throw new FrameError(`record ${record.lsn} stands after record ${previous.lsn}`);
  }
  if (record.term < previous.term) throw new FrameError(`the term goes back at ${record.lsn}`);
}
