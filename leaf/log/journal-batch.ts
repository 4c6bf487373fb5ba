// The bytes of a batch of the sync journal: what one sync made durable.
//
//     0   u32  length of what follows the CRC      4   u32  CRC-32 of it
//     8   u32  epoch: greater in a file that was begun later
//     12       notes, one after another:
//              u16  length of the path   u8  1: forget this path, 0: bytes   path, UTF-8
//              u48  position in the segment   u32  length of the bytes   bytes
//
// All numbers little-endian. A file is written anew from its beginning, so behind its last batch
// stand zeros, or batches of an older epoch, or the middle of one: none of them passes for a batch.

import { crc32 } from 'node:zlib';

/** Bytes that stand at a position of a segment, or (null) the word that older notes are void. */
export interface JournalNote {
  /** The segment's path, relative to the leaf's root of partitions. */
  readonly path: string;
  readonly bytes: Uint8Array | null;
  readonly position: number;
}

export interface JournalBatch {
  readonly epoch: number;
  readonly notes: readonly JournalNote[];
}

const HEADER_BYTES = 8;
const NOTE_BYTES = 2 + 1 + 6 + 4;

export function encodeBatch(epoch: number, notes: readonly JournalNote[]): Uint8Array {
  const paths = notes.map(({ path }) => Buffer.from(path));
  let length = HEADER_BYTES + 4;
  for (const [index, { bytes }] of notes.entries()) {
    length += NOTE_BYTES + (paths[index]?.length ?? 0) + (bytes?.length ?? 0);
  }
  const batch = Buffer.allocUnsafe(length);
  batch.writeUInt32LE(length - HEADER_BYTES, 0);
  let at = batch.writeUInt32LE(epoch, HEADER_BYTES);
  for (const [index, { bytes, position }] of notes.entries()) {
    const path = paths[index] ?? Buffer.alloc(0);
    at = batch.writeUInt16LE(path.length, at);
    at = batch.writeUInt8(bytes === null ? 1 : 0, at);
    at += path.copy(batch, at);
    at = batch.writeUIntLE(position, at, 6);
    at = batch.writeUInt32LE(bytes?.length ?? 0, at);
    if (bytes === null) continue;
    batch.set(bytes, at);
    at += bytes.length;
  }
  batch.writeUInt32LE(crc32(batch.subarray(HEADER_BYTES)), 4);
  return batch;
}

/** The batches from the beginning of a file on that are whole and of its first one's epoch. */
export function* readBatches(file: Buffer): Generator<JournalBatch> {
  let epoch: number | null = null;
  for (let offset = 0; offset + HEADER_BYTES + 4 <= file.length;) {
    const length = file.readUInt32LE(offset);
    const end = offset + HEADER_BYTES + length;
    if (length < 4 || end > file.length) return;
    const body = file.subarray(offset + HEADER_BYTES, end);
    if (crc32(body) !== file.readUInt32LE(offset + 4)) return;
    const batch = { epoch: body.readUInt32LE(0), notes: readNotes(body.subarray(4)) };
    epoch ??= batch.epoch;
    if (batch.epoch !== epoch) return;
    yield batch;
    offset = end;
  }
}

/** The bytes have passed their CRC: they are what was written. */
function readNotes(body: Buffer): JournalNote[] {
  const notes: JournalNote[] = [];
  for (let at = 0; at < body.length;) {
    const pathEnd = at + 3 + body.readUInt16LE(at);
    const forget = body.readUInt8(at + 2) === 1;
    const path = body.toString('utf8', at + 3, pathEnd);
    const position = body.readUIntLE(pathEnd, 6);
    const end = pathEnd + 10 + body.readUInt32LE(pathEnd + 6);
    notes.push({ path, bytes: forget ? null : body.subarray(pathEnd + 10, end), position });
    at = end;
  }
  return notes;
}
