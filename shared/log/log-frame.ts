// The bytes of a log record: the same on disk, on the wire and at the follower.
//
//     0   u32  length of the body, little-endian
//     4   u32  CRC-32 of everything after it
//     8   8 B  log hash: first 8 bytes of SHA-256(log hash of the record before ‖ body)
//     16       body: MessagePack [term, lsn, timestamp, origin, kind, …payload]
//
// A reader never trusts a length, and checks the chain of hashes and LSNs as it goes.

import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { assert } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { decode, encode } from '#shared/codec.ts';
import type { LogPayload, LogRecord, RecordDraft } from './log-record.ts';
import type { LSN, Position } from './lsn.ts';
import { shortFrame } from './short-frame.ts';

export type { RecordDraft } from './log-record.ts';

/** Bytes before a frame's body. */
export const FRAME_HEADER_BYTES = 16;
/** The longest body: of SQLite's changesets, which are shorter than 2 GiB, half. */
export const RECORD_BYTES_MAX = 1024 * 1024 * 1024;
const HASH_BYTES = 8;
/** The log hash before the first record. */
const NO_HASH = new Uint8Array(HASH_BYTES);

/** The position before the first record of every log. */
export const logStart: Position = { term: 0, lsn: 0n, logHash: NO_HASH };

/** Bytes that are not the frame they should be: torn, damaged, or out of their order. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** A record's frame, and the position that it leads to. */
export interface EncodedFrame {
  readonly frame: Uint8Array;
  readonly position: Position;
}

/** One verified frame among others. */
export interface ReadFrame {
  readonly record: LogRecord;
  /** The whole frame: a view, not a copy. */
  readonly frame: Uint8Array;
}

/** Lays out the record that follows `previous`. */
export function encodeFrame(previous: Position, draft: RecordDraft): EncodedFrame {
  const lsn = previous.lsn + 1n;
  const { term } = draft;
  assert(term >= previous.term, 'a term never goes back');
  const frame = shortFrame(lsn, draft, FRAME_HEADER_BYTES) ?? anyFrame(lsn, draft);
  const bodyBytes = frame.length - FRAME_HEADER_BYTES;
  assert(bodyBytes <= RECORD_BYTES_MAX, 'a record is at most RECORD_BYTES_MAX long');
  const digest = chainHash(frame, previous.logHash);
  const logHash = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i += 1) logHash[i] = digest.charCodeAt(i);
  frame.set(logHash, 8);
  frame.writeUInt32LE(bodyBytes, 0);
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4);
  return { frame, position: { term, lsn, logHash } };
}

/** A frame whose header is still open. */
function anyFrame(lsn: LSN, draft: RecordDraft): Buffer {
  const body = encodeBody(lsn, draft);
  const frame = Buffer.allocUnsafeSlow(FRAME_HEADER_BYTES + body.length);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * The length of the whole frame whose first bytes these are, or null when even the header is
 * not there yet. Throws FrameError when no frame can be so long.
 */
export function frameLength(bytes: Uint8Array, offset = 0): number | null {
  if (bytes.length - offset < FRAME_HEADER_BYTES) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
  if (length === 0 || length > RECORD_BYTES_MAX) throw new FrameError('impossible frame length');
  return FRAME_HEADER_BYTES + length;
}

/** The log hash that stands in a frame's header. */
export function frameLogHash(frame: Uint8Array): Uint8Array {
  return new Uint8Array(frame.subarray(8, FRAME_HEADER_BYTES));
}

/**
 * The record of one frame, which must be whole. Checks the CRC and the form; with `previous` also
 * that it follows it: LSN without a gap, term not going back, log hash. Throws FrameError.
 */
export function decodeFrame(frame: Uint8Array, previous: Position | null): LogRecord {
  if (frameLength(frame) !== frame.length) throw new FrameError('a frame is cut off');
  checkFrame(frame);
  const logHash = frameLogHash(frame);
  const body = frame.subarray(FRAME_HEADER_BYTES);
  const record = decodeBody(body, logHash);
  if (previous === null) return record;
  if (record.lsn !== previous.lsn + 1n) {
    throw new FrameError(`record ${record.lsn} stands after record ${previous.lsn}`);
  }
  if (record.term < previous.term) throw new FrameError(`the term goes back at ${record.lsn}`);
  if (!isChained(frame, previous.logHash, logHash)) {
    throw new FrameError(`the log hash of record ${record.lsn} belongs to another history`);
  }
  return record;
}

/**
 * The frames that stand one after another in `bytes`, verified from `previous` on. Throws
 * FrameError at the first that is not whole and right.
 */
export function* readFrames(bytes: Uint8Array, previous: Position): Generator<ReadFrame> {
  const run = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let position = previous;
  for (let offset = 0; offset < bytes.length;) {
    const length = frameLength(bytes, offset);
    if (length === null || offset + length > bytes.length) {
      throw new FrameError('a run of frames is cut off');
    }
    const frame = bytes.subarray(offset, offset + length);
    const record =
      readShort(run, offset, offset + length, position) ?? decodeFrame(frame, position);
    yield { record, frame };
    position = recordPosition(record);
    offset += length;
  }
}

/** How the body of a record begins, and its kind `rows`, in MessagePack. */
const SIX_FIELDS = 0x96;
const FOUR_LETTERS = 0xa4;
const ROWS = 0x726f7773;
const UINT64 = 0xcf;
const NUMBER_MAX = 0x7f;
const SHORT_TEXT = 0xa0;
const SHORT_TEXT_BYTES_MAX = 0x1f;
const TEXT = 0xd9;

/**
 * The same as `decodeFrame` for the one layout that nearly all records have: rows, a term below
 * 128, an origin below 256 bytes. Null where it is another, or where anything is wrong: the long
 * way says what.
 */
function readShort(run: Buffer, start: number, end: number, previous: Position): LogRecord | null {
  const body = start + FRAME_HEADER_BYTES;
  const term = run[body + 1] ?? 0;
  if (end - body < 32 || run[body] !== SIX_FIELDS || term > NUMBER_MAX) return null;
  if (run[body + 2] !== UINT64 || run[body + 11] !== UINT64) return null;
  const code = run[body + 20] ?? 0;
  const origin = code === TEXT ? body + 22 : body + 21;
  const originBytes = code === TEXT ? (run[body + 21] ?? 0) : code - SHORT_TEXT;
  if (originBytes < 0 || (code !== TEXT && originBytes > SHORT_TEXT_BYTES_MAX)) return null;
  const kind = origin + originBytes;
  if (end - kind < 7 || run[kind] !== FOUR_LETTERS || run.readUInt32BE(kind + 1) !== ROWS) {
    return null;
  }
  const changes = bytesFrom(run, kind + 5);
  if (changes === null || changes.at + changes.length !== end) return null;
  const lsn = run.readBigUInt64BE(body + 3);
  if (lsn !== previous.lsn + 1n || term < previous.term) return null;
  const checked = run.subarray(start + 8, end);
  if (crc32(checked) !== run.readUInt32LE(start + 4)) return null;
  const logHash = chainedHash(checked, previous.logHash);
  if (logHash === null) return null;
  const changeset = new Uint8Array(run.buffer, run.byteOffset + changes.at, changes.length);
  return {
    term,
    lsn,
    timestamp: run.readBigUInt64BE(body + 12),
    origin: run.toString('utf8', origin, kind),
    payload: { kind: 'rows', changeset },
    logHash,
  };
}

/** Where the bytes of a MessagePack value are that begins here; null where it is no such value. */
function bytesFrom(run: Buffer, at: number): { at: number; length: number } | null {
  switch (run[at]) {
    case 0xc4:
      return { at: at + 2, length: run[at + 1] ?? 0 };
    case 0xc5:
      return at + 3 > run.length ? null : { at: at + 3, length: run.readUInt16BE(at + 1) };
    case 0xc6:
      return at + 5 > run.length ? null : { at: at + 5, length: run.readUInt32BE(at + 1) };
    default:
      return null;
  }
}

/** The log hash that stands before a body, where it follows `previous`; else null. */
function chainedHash(checked: Buffer, previous: Uint8Array): Uint8Array | null {
  const logHash = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i += 1) logHash[i] = checked[i] ?? 0;
  checked.set(previous, 0);
  const digest = hash('sha256', checked, 'latin1');
  checked.set(logHash, 0);
  for (let i = 0; i < HASH_BYTES; i += 1) if (digest.charCodeAt(i) !== logHash[i]) return null;
  return logHash;
}

/** How many whole frames stand one after another in `bytes`. */
export function countFrames(bytes: Uint8Array): number {
  let count = 0;
  for (let offset = 0; offset < bytes.length; count += 1) {
    const length = frameLength(bytes, offset);
    if (length === null) throw new FrameError('a run of frames is cut off');
    offset += length;
  }
  return count;
}

/** Throws FrameError when the CRC of a whole frame is wrong. */
export function checkFrame(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (crc32(frame.subarray(8)) !== view.getUint32(4, true)) {
    throw new FrameError('a frame fails its CRC');
  }
}

/** Where a log stands whose newest record is this one. */
export function recordPosition(record: LogRecord): Position {
  return { term: record.term, lsn: record.lsn, logHash: record.logHash };
}

/** True when both name the same place of the same history. */
export function samePosition(a: Position, b: Position): boolean {
  return a.lsn === b.lsn && a.term === b.term && equalBytes(a.logHash, b.logHash);
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Is this the log hash of the frame's body behind that one? The frame is as it was afterwards. */
function isChained(frame: Uint8Array, previous: Uint8Array, logHash: Uint8Array): boolean {
  const digest = chainHash(frame, previous);
  frame.set(logHash, 8);
  for (let i = 0; i < HASH_BYTES; i += 1) {
    if (digest.charCodeAt(i) !== logHash[i]) return false;
  }
  return true;
}

/**
 * The hash that the frame's body leads to, a character a byte: a string costs half of a buffer.
 * The hash before it is left where the frame's own belongs, so that both are one run of bytes.
 */
function chainHash(frame: Uint8Array, previous: Uint8Array): string {
  frame.set(previous, 8);
  return hash('sha256', frame.subarray(8), 'latin1');
}

/** The body of the record of `lsn`. */
export function encodeBody(lsn: LSN, draft: RecordDraft): Uint8Array {
  const { term, timestamp, origin, payload } = draft;
  return encode([term, lsn, timestamp, origin, payload.kind, ...payloadFields(payload)]);
}

function payloadFields(payload: LogPayload): unknown[] {
  switch (payload.kind) {
    case 'rows':
      return [payload.changeset];
    case 'definition':
      return [payload.change];
    case 'prepare':
      return [payload.transactionId, payload.participants, payload.changeset];
    case 'commit':
    case 'abort':
      return [payload.transactionId];
    case 'term':
      return [];
  }
}

/** The record of a body. Throws FrameError. */
export function decodeBody(body: Uint8Array, logHash: Uint8Array): LogRecord {
  let fields: unknown;
  try {
    fields = decode(body);
  } catch (error) {
    throw new FrameError('a record is not MessagePack', { cause: error });
  }
  if (!Array.isArray(fields)) throw new FrameError('a record is not an array');
  const [term, lsn, timestamp, origin, kind, ...rest] = fields as unknown[];
  const placed = Number.isSafeInteger(term) && typeof lsn === 'bigint' && lsn > 0n;
  if (!placed || typeof timestamp !== 'bigint' || typeof origin !== 'string') {
    throw new FrameError('a record lacks its term, LSN, timestamp or origin');
  }
  const payload = toPayload(kind, rest);
  if (payload === null) throw new FrameError(`record ${lsn as LSN} has a malformed payload`);
  return { term: term as number, lsn: lsn as LSN, timestamp, origin, payload, logHash };
}

function toPayload(kind: unknown, fields: readonly unknown[]): LogPayload | null {
  const [first, second, third] = fields;
  switch (kind) {
    case 'rows':
      return first instanceof Uint8Array ? { kind, changeset: first } : null;
    case 'definition':
      return toDefinition(first);
    case 'prepare': {
      if (typeof first !== 'string' || !(third instanceof Uint8Array)) return null;
      if (!isArrayOf<number>(second, (item) => Number.isSafeInteger(item))) return null;
      return { kind, transactionId: first, participants: second, changeset: third };
    }
    case 'commit':
    case 'abort':
      return typeof first === 'string' ? { kind, transactionId: first } : null;
    case 'term':
      return { kind };
    default:
      return null;
  }
}

function toDefinition(value: unknown): LogPayload | null {
  if (typeof value !== 'object' || value === null) return null;
  const { version, sqlite, put, drop } = value as Record<string, unknown>;
  if (typeof version !== 'number' || !Number.isSafeInteger(version)) return null;
  if (!isArrayOf<string>(sqlite, isText) || !isArrayOf<string>(drop, isText)) return null;
  if (!isArrayOf<TableDefinition>(put, isNamed)) return null;
  return { kind: 'definition', change: { version, sqlite, put, drop } };
}

function isArrayOf<T>(value: unknown, is: (item: unknown) => boolean): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isNamed(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && isText(value.name);
}
