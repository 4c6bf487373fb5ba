// Reads the records of a log that is open: in memory where they are new, else in its segments.

import { must } from '#shared/assert.ts';
import { decodeFrame, readFrames, recordPosition, samePosition } from '#shared/log/log-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { Containment } from '#shared/wire/message.ts';
import { indexSegment } from './index-segment.ts';
import { SegmentDamage, type SegmentFault } from './log-damage.ts';
import { findLong, readLongFrame, readLongRecord } from './long-place.ts';
import type { LogPlace, LongRecord } from './long-place.ts';
import { readSegmentRun } from './read-segment.ts';
import type { RecentFrames, RunLimits } from './recent-frames.ts';
import { indexed, type Segment } from './segment.ts';
import { bytesAfter, firstLsn, lastLsn, segmentAfter, type SegmentList } from './segment-list.ts';

/** Bytes of frames read at a time by a replay. */
const REPLAY_BATCH_BYTES = 4 * 1024 * 1024;

export class LogReader {
  readonly #now: () => SegmentList;
  readonly #recent: RecentFrames;
  readonly #onDamage: ((fault: SegmentFault) => void) | undefined;

  /** `now`: the segments at this moment. */
  constructor(
    now: () => SegmentList,
    recent: RecentFrames,
    onDamage: ((fault: SegmentFault) => void) | undefined,
  ) {
    this.#now = now;
    this.#recent = recent;
    this.#onDamage = onDamage;
  }

  get #list(): SegmentList {
    return this.#now();
  }

  /**
   * The bytes of the records after `lsn`, up to the tail: what is kept for a follower there.
   * Exact to the size of an index step.
   */
  bytesAfter(lsn: LSN): number {
    return bytesAfter(this.#list, lsn);
  }

  /** Is this position part of this log's history? */
  contains(position: Position): Containment {
    if (position.lsn > this.#list.tail.lsn) return 'ahead';
    if (position.lsn < firstLsn(this.#list) - 1n) return 'dropped';
    const ours = this.positionAt(position.lsn);
    return position.lsn === 0n || samePosition(ours, position) ? 'same' : 'different';
  }

  /** The position of a record that the log holds (or of the one just before its first). */
  positionAt(lsn: LSN): Position {
    if (lsn === this.#list.tail.lsn) return this.#list.tail;
    const segment = segmentAfter(this.#list, lsn);
    if (segment.previous.lsn === lsn) return segment.previous;
    const only = { last: lsn, bytesMax: 1 };
    const recent = this.#recent.read(lsn - 1n, only);
    if (recent !== null) return recordPosition(decodeFrame(recent, null));
    const long = this.#noted(() => findLong(indexed(segment), lsn));
    if (long !== null) return long.position;
    const [frame] = this.#readRun(segment, lsn, only);
    return recordPosition(decodeFrame(must(frame), null));
  }

  /**
   * Whole frames after `lsn`, up to the last sendable one or about `bytesMax` bytes (at least
   * one frame); empty when there is none. `lsn` is at least firstLsn - 1.
   */
  read(lsn: LSN, bytesMax: number, last: LSN): Uint8Array {
    if (lsn >= last) return new Uint8Array(0);
    const recent = this.#recent.read(lsn, { last, bytesMax });
    if (recent !== null) return recent;
    const segment = segmentAfter(this.#list, lsn);
    const ends = lastLsn(this.#list, segment);
    const end = ends < last ? ends : last;
    const run = this.#readRun(segment, lsn + 1n, { last: end, bytesMax });
    return run.length === 1 ? must(run[0]) : Buffer.concat(run);
  }

  /**
   * The whole frame of the record after `lsn` where it is a long one: it is read by pieces, never
   * by `read`. Makes that read quick, too. Null, mostly at once: none is, up to `last`.
   */
  longAfter(lsn: LSN, last: LSN): Promise<LogPlace | null> | null {
    // What is in memory is no long one.
    if (lsn >= last || this.#recent.has(lsn + 1n)) return null;
    return this.#findLong(lsn + 1n);
  }

  /**
   * Makes `contains` and `positionAt` quick for that record: else the first look into an older
   * segment goes through all of it at once.
   */
  async prepare(lsn: LSN): Promise<void> {
    if (lsn < firstLsn(this.#list) || lsn >= this.#list.tail.lsn || this.#recent.has(lsn)) return;
    await this.#index(segmentAfter(this.#list, lsn));
  }

  async #index(segment: Segment): Promise<void> {
    segment.index ??= await this.#noting(indexSegment(segment));
  }

  async #findLong(lsn: LSN): Promise<LogPlace | null> {
    const segment = segmentAfter(this.#list, lsn - 1n);
    await this.#index(segment);
    return findLong(segment, lsn)?.frame ?? null;
  }

  /** The frame of a long record in pieces; the last of them comes once all are verified. */
  async *readLong(frame: LogPlace, lsn: LSN): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* readLongFrame(frame, lsn);
    } catch (error) {
      // What was cut off or dropped while it was read is no damage.
      if (error instanceof SegmentDamage && this.#holds(frame, lsn)) this.#onDamage?.(error.fault);
      throw error;
    }
  }

  #holds({ path, offset }: LogPlace, lsn: LSN): boolean {
    const { segments, tail } = this.#list;
    const index = segments.find((segment) => segment.path === path)?.index ?? [];
    return lsn <= tail.lsn && index.some((entry) => entry.lsn === lsn && entry.offset === offset);
  }

  /** The verified records after `from`, up to the tail, sendable or not: for recovery. */
  *records(from: Position): Generator<LogRecord, void, undefined> {
    let position = from;
    while (position.lsn < this.#list.tail.lsn) {
      const bytes = this.read(position.lsn, REPLAY_BATCH_BYTES, this.#list.tail.lsn);
      for (const { record } of readFrames(bytes, position)) {
        position = recordPosition(record);
        yield record;
      }
    }
  }

  /** As `records`, in turns; of long ones everything but the changes, and where those are. */
  async *recordsInTurns(from: Position): AsyncGenerator<LogRecord | LongRecord> {
    let position = from;
    while (position.lsn < this.#list.tail.lsn) {
      const long = await this.longAfter(position.lsn, this.#list.tail.lsn);
      if (long !== null) {
        const found = await this.#noting(readLongRecord(long, position));
        position = recordPosition(found.record);
        yield found;
        continue;
      }
      const bytes = this.read(position.lsn, REPLAY_BATCH_BYTES, this.#list.tail.lsn);
      for (const { record } of readFrames(bytes, position)) {
        position = recordPosition(record);
        yield record;
      }
    }
  }

  #readRun(segment: Segment, first: LSN, limits: RunLimits): Uint8Array[] {
    return this.#noted(() => readSegmentRun(segment, first, limits));
  }

  /** Damage of a closed segment is told. */
  #noted<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof SegmentDamage) this.#onDamage?.(error.fault);
      throw error;
    }
  }

  /** The same. */
  async #noting<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof SegmentDamage) this.#onDamage?.(error.fault);
      throw error;
    }
  }
}
