// The bytes of one log file, and its torn end.
//
//     0   8 B  'TWINLOG1'
//     8   u32  length of the header's body      12  u32  CRC-32 of the body
//     16       body: MessagePack [term, lsn, log hash, timestamp] of the record before the first
//     …        frames (log-frame.ts), one after another
//
// Invariant: a segment that is not the newest is whole and on disk.

import { closeSync, fstatSync, fsync, open, openSync, readSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { must } from '#shared/assert.ts';
import { decode, encode } from '#shared/codec.ts';
import { checkFrame, decodeFrame, FrameError, recordPosition } from '#shared/log/log-frame.ts';
import { isLongFrame } from '#shared/log/long-frame.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { FrameWalker } from './frame-walker.ts';
import { SegmentDamage, toSegmentDamage } from './log-damage.ts';
import { syncDirectory } from './sync-files.ts';
import { writeWhole } from './write-whole.ts';

const openFile = promisify(open);
const syncFile = promisify(fsync);

const MAGIC = Buffer.from('TWINLOG1', 'latin1');
const HEADER_PREFIX_BYTES = 16;
const HEADER_BODY_BYTES_MAX = 1024;
/** A place is noted in the index for so many bytes of frames. */
const INDEX_STEP_BYTES = 64 * 1024;
/** A scan gives way to others behind so many bytes, or so many frames: a millisecond or two. */
const TURN_BYTES = 1024 * 1024;
const TURN_FRAMES = 1024;

/** A place in a segment: the frame of record `lsn` begins at `offset`, and has so many bytes. */
export interface IndexEntry {
  readonly lsn: LSN;
  readonly offset: number;
  readonly bytes: number;
}

/** What is known of one segment file. */
export interface Segment {
  readonly path: string;
  /** The position before its first record, and that record's timestamp. */
  readonly previous: Position;
  readonly previousTimestamp: bigint;
  /** Where its first frame begins. */
  readonly firstOffset: number;
  sizeBytes: number;
  /**
   * Ascending and sparse, but with every long record; null until the first read of a segment found
   * at open.
   */
  index: IndexEntry[] | null;
}

/** How far a scan came: everything before `offset` is whole and right. */
export interface ScanResult {
  readonly tail: Position;
  readonly timestamp: bigint;
  readonly offset: number;
  /** Why it stopped before the end of the file. */
  readonly torn: FrameError | null;
  /** Where the record before the torn one is a `prepare`, or is not known. */
  readonly mayBeVerdict: boolean;
}

/** What a segment begins with: the position before its first record, and that one's timestamp. */
export interface SegmentStart {
  readonly position: Position;
  readonly timestamp: bigint;
}

/**
 * Makes a segment, durably, off the event loop, and answers it with its open descriptor. Where that
 * fails (a full disk) there is no such file afterwards. `amid` is called when the file is there,
 * and empty.
 */
export async function createSegment(
  path: string,
  start: SegmentStart,
  amid: () => void,
): Promise<{ segment: Segment; descriptor: number }> {
  const { position: previous, timestamp: previousTimestamp } = start;
  const header = encodeHeader(start);
  const descriptor = await openFile(path, 'wx+');
  try {
    amid();
    writeWhole(descriptor, header, 0);
    await syncFile(descriptor);
    await syncDirectory(dirname(path));
  } catch (error) {
    closeSync(descriptor);
    unlinkSync(path);
    throw error;
  }
  const firstOffset = header.length;
  const segment = { path, previous, previousTimestamp, firstOffset, sizeBytes: firstOffset };
  return { segment: { ...segment, index: [] }, descriptor };
}

function encodeHeader({ position, timestamp }: SegmentStart): Uint8Array {
  const body = encode([position.term, position.lsn, position.logHash, timestamp]);
  const header = Buffer.alloc(HEADER_PREFIX_BYTES + body.length);
  MAGIC.copy(header);
  header.writeUInt32LE(body.length, 8);
  header.writeUInt32LE(crc32(body), 12);
  header.set(body, HEADER_PREFIX_BYTES);
  return header;
}

/** The segment of a file, or null when its header was never written whole. */
export function readSegmentHeader(path: string): Segment | null {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(HEADER_PREFIX_BYTES + HEADER_BODY_BYTES_MAX);
    const count = readSync(descriptor, bytes, 0, bytes.length, 0);
    const header = parseHeader(bytes.subarray(0, count));
    if (header === null) return null;
    return { path, ...header, sizeBytes: fstatSync(descriptor).size, index: null };
  } finally {
    closeSync(descriptor);
  }
}

function parseHeader(
  bytes: Buffer,
): Pick<Segment, 'previous' | 'previousTimestamp' | 'firstOffset'> | null {
  if (bytes.length < HEADER_PREFIX_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null;
  const length = bytes.readUInt32LE(8);
  if (length > HEADER_BODY_BYTES_MAX || bytes.length < HEADER_PREFIX_BYTES + length) return null;
  const body = bytes.subarray(HEADER_PREFIX_BYTES, HEADER_PREFIX_BYTES + length);
  if (crc32(body) !== bytes.readUInt32LE(12)) return null;
  const [term, lsn, logHash, timestamp] = decode(body) as [number, bigint, Uint8Array, bigint];
  return {
    previous: { term, lsn, logHash: new Uint8Array(logHash) },
    previousTimestamp: timestamp,
    firstOffset: HEADER_PREFIX_BYTES + length,
  };
}

/**
 * Verifies the CRC of every frame of a segment, and fills its index. The hash chain is verified by
 * who reads the records; here it would take ten times as long. Throws SegmentDamage where the
 * frames are whole and are not the records that should stand there.
 */
export function scanSegment(descriptor: number, segment: Segment): ScanResult {
  const steps = scanSteps(descriptor, segment);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** The same, in turns: others on the event loop go on. */
export async function scanInTurns(descriptor: number, segment: Segment): Promise<ScanResult> {
  const steps = scanSteps(descriptor, segment);
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) await yieldToOthers();
  return step.value;
}

/** Yields where others may have a turn. */
function* scanSteps(
  descriptor: number,
  segment: Segment,
): Generator<undefined, ScanResult, undefined> {
  const index: IndexEntry[] = [];
  let { lsn } = segment.previous;
  let offset = segment.firstOffset;
  let torn: FrameError | null = null;
  let last: Uint8Array | null = null;
  let turn = { lsn, offset };
  const frames = new FrameWalker(descriptor, segment);
  try {
    for (let frame = frames.next(); frame !== null; frame = frames.next()) {
      checkFrame(frame);
      lsn += 1n;
      noteInIndex(index, { lsn, offset, bytes: frame.length });
      ({ offset } = frames);
      last = frame;
      if (offset - turn.offset < TURN_BYTES && lsn - turn.lsn < TURN_FRAMES) continue;
      yield;
      turn = { lsn, offset };
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    torn = error;
  }
  segment.index = index;
  const { previous, previousTimestamp } = segment;
  if (last === null) {
    return { tail: previous, timestamp: previousTimestamp, offset, torn, mayBeVerdict: true };
  }
  const record = decodeFrame(last, null);
  if (record.lsn === lsn) {
    const mayBeVerdict = record.payload.kind === 'prepare';
    const { timestamp } = record;
    return { tail: recordPosition(record), timestamp, offset, torn, mayBeVerdict };
  }
  const reason = `its last record is ${record.lsn}`;
  throw new SegmentDamage({ path: segment.path, offset, lsn, reason });
}

/** Notes the place when it is far enough from the last one noted, or that of a long record. */
export function noteInIndex(index: IndexEntry[], entry: IndexEntry): void {
  const last = index.at(-1);
  const isFar = last === undefined || entry.offset - last.offset >= INDEX_STEP_BYTES;
  if (isFar || isLongFrame(entry.bytes)) index.push(entry);
}

/** The noted place nearest before record `lsn`; the segment holds that record. */
export function findInIndex(segment: Segment, lsn: LSN): IndexEntry {
  let found = { lsn: segment.previous.lsn + 1n, offset: segment.firstOffset, bytes: 0 };
  for (const entry of must(indexed(segment).index)) {
    if (entry.lsn > lsn) break;
    found = entry;
  }
  return found;
}

/** The segment, with its index. Throws SegmentDamage. */
export function indexed(segment: Segment): Segment {
  if (segment.index !== null) return segment;
  const { path, previous, firstOffset: offset } = segment;
  const descriptor = openSync(path, 'r');
  try {
    segment.index = buildIndex(descriptor, segment);
    return segment;
  } catch (error) {
    throw toSegmentDamage(error, { path, offset, lsn: previous.lsn + 1n });
  } finally {
    closeSync(descriptor);
  }
}

function buildIndex(descriptor: number, segment: Segment): IndexEntry[] {
  const index: IndexEntry[] = [];
  const frames = new FrameWalker(descriptor, segment);
  let lsn = segment.previous.lsn + 1n;
  let offset = segment.firstOffset;
  for (let bytes = frames.skip(); bytes !== null; bytes = frames.skip()) {
    noteInIndex(index, { lsn, offset, bytes });
    lsn += 1n;
    offset += bytes;
  }
  return index;
}
