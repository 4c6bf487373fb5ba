// The frames of rows, prepares and verdicts, laid out by hand: the general way of MessagePack looks
// at each value and copies the whole, which costs as much as their hash.

import type { RecordDraft } from './log-record.ts';
import type { LSN } from './lsn.ts';

/** What MessagePack keeps in one byte. */
const NUMBER_MAX = 0x7f;
const SHORT_TEXT_BYTES_MAX = 31;
const SHORT_ARRAY_MAX = 15;
const NEGATIVE_MIN = -32;

const ARRAY = 0x90;
const SHORT_TEXT = 0xa0;
const TEXT = 0xd9;
const UINT64 = 0xcf;
/** Fields that every record has: term, LSN, timestamp, origin, kind. */
const FIELDS = 5;
/** What those take beside the texts' own bytes, at the most. */
const FIXED_BYTES = 1 + 1 + 9 + 9 + 2 + 1;

/**
 * The body of the record of `lsn` behind `headerBytes` that are left open: the same bytes as
 * MessagePack's. Null for what is rare, and for what is not laid out so.
 */
export function shortFrame(lsn: LSN, draft: RecordDraft, headerBytes: number): Buffer | null {
  const { term, timestamp, origin, payload } = draft;
  if (payload.kind === 'definition' || payload.kind === 'term') return null;
  const { kind } = payload;
  const id = kind === 'rows' ? null : payload.transactionId;
  const participants = kind === 'prepare' ? payload.participants : null;
  const changeset = kind === 'rows' || kind === 'prepare' ? payload.changeset : null;
  const originBytes = Buffer.byteLength(origin);
  const idBytes = id === null ? 0 : Buffer.byteLength(id);
  const isPlain = term >= 0 && term <= NUMBER_MAX && timestamp >= 0n;
  if (!isPlain || originBytes > 0xff || idBytes > 0xff) return null;
  if (participants !== null && !areShort(participants)) return null;
  const length =
    headerBytes +
    FIXED_BYTES -
    (originBytes > SHORT_TEXT_BYTES_MAX ? 0 : 1) +
    originBytes +
    kind.length +
    (id === null ? 0 : textBytes(idBytes)) +
    (participants === null ? 0 : 1 + participants.length) +
    (changeset === null ? 0 : lengthBytes(changeset.length) + changeset.length);
  const frame = Buffer.allocUnsafeSlow(length);
  const fields = FIELDS + (id === null ? 0 : 1) + (participants === null ? 0 : 1);
  let at = headerBytes;
  frame[at++] = ARRAY + fields + (changeset === null ? 0 : 1);
  frame[at++] = term;
  frame[at++] = UINT64;
  at = frame.writeBigUInt64BE(lsn, at);
  frame[at++] = UINT64;
  at = frame.writeBigUInt64BE(timestamp, at);
  at = writeText(frame, at, { text: origin, bytes: originBytes });
  at = writeText(frame, at, { text: kind, bytes: kind.length });
  if (id !== null) at = writeText(frame, at, { text: id, bytes: idBytes });
  if (participants !== null) {
    frame[at++] = ARRAY + participants.length;
    for (const ordinal of participants) frame[at++] = ordinal & 0xff;
  }
  if (changeset !== null) frame.set(changeset, writeLength(frame, at, changeset.length));
  return frame;
}

function areShort(participants: readonly number[]): boolean {
  if (participants.length > SHORT_ARRAY_MAX) return false;
  return participants.every((ordinal) => ordinal >= NEGATIVE_MIN && ordinal <= NUMBER_MAX);
}

function textBytes(bytes: number): number {
  return bytes > SHORT_TEXT_BYTES_MAX ? 2 + bytes : 1 + bytes;
}

/** Answers where it ends. */
function writeText(
  frame: Buffer,
  from: number,
  { text, bytes }: { readonly text: string; readonly bytes: number },
): number {
  let at = from;
  if (bytes > SHORT_TEXT_BYTES_MAX) {
    frame[at++] = TEXT;
    frame[at++] = bytes;
  } else {
    frame[at++] = SHORT_TEXT + bytes;
  }
  frame.write(text, at, bytes, 'utf8');
  return at + bytes;
}

/** What stands before that many bytes. */
function lengthBytes(bytes: number): number {
  if (bytes <= 0xff) return 2;
  return bytes <= 0xffff ? 3 : 5;
}

/** Answers where the bytes begin. */
function writeLength(frame: Buffer, at: number, bytes: number): number {
  if (bytes <= 0xff) {
    frame[at] = 0xc4;
    return frame.writeUInt8(bytes, at + 1);
  }
  if (bytes <= 0xffff) {
    frame[at] = 0xc5;
    return frame.writeUInt16BE(bytes, at + 1);
  }
  frame[at] = 0xc6;
  return frame.writeUInt32BE(bytes, at + 1);
}
