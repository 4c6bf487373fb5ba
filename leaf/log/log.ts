// Append; read after an LSN; wait for more.
//
// Invariant: hardened <= tail. Followers are given what is `sendable`, the hardened records only,
// so that no follower is ever ahead of what this copy keeps, whatever its durability.

import { mkdirSync, openSync, unlinkSync } from 'node:fs';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { decodeFrame, encodeFrame, readFrames } from '#shared/log/log-frame.ts';
import { recordPosition, samePosition } from '#shared/log/log-frame.ts';
import type { EncodedFrame, ReadFrame, RecordDraft } from '#shared/log/log-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { Containment } from '#shared/wire/message.ts';
import { LeftBehind } from './left-behind.ts';
import { SegmentDamage } from './log-damage.ts';
import type { LogOptions, OpenOptions } from './log-options.ts';
import { nextNumber, openSegments, segmentPath, type OpenedSegments } from './open-segments.ts';
import { frameEnd, indexedBytesAfter, readSegmentRun } from './read-segment.ts';
import { RecentFrames, type RunLimits } from './recent-frames.ts';
import { createSegment, noteInIndex, syncDirectory, type Segment } from './segment.ts';
import { noFailpoint, type Failpoint } from '#leaf/partition/failpoint.ts';
import type { ClosedSegment } from './log-retention.ts';
import { TailFile } from './tail-file.ts';
import { Waiters } from './waiters.ts';
import { writeError } from './write-error.ts';
import { joined } from './joined.ts';

/** Bytes of frames read at a time by a replay. */
const REPLAY_BATCH_BYTES = 4 * 1024 * 1024;

/** A longer batch of another copy's is not kept in memory: who follows here reads the file. */
const BATCH_KEPT_BYTES_MAX = 64 * 1024;

/** The log of one partition: a directory of segments, the newest open for appending. */
export class Log {
  readonly directory: string;
  /** Older files that are no part of the log any more. */
  readonly leftBehind: LeftBehind;
  /** Why older segments were left behind at the opening; '' when none were. */
  readonly leftBehindReason: string;
  #options: LogOptions;
  /** Oldest first; never empty. */
  #segments: Segment[];
  #file: TailFile;
  #failpoint: Failpoint;
  #tail: Position;
  #tailTimestamp: bigint;
  #hardened: Position;
  #recent = new RecentFrames();
  #syncing: Promise<void> | null = null;
  #closed = false;
  #waiters = new Waiters();

  private constructor(directory: string, opened: OpenedSegments, options: LogOptions) {
    this.directory = directory;
    this.#options = options;
    this.#failpoint = options.failpoint ?? noFailpoint;
    this.#segments = opened.segments;
    const { path } = must(opened.segments.at(-1));
    const journal = options.durability === 'sync' ? (options.journal ?? null) : null;
    this.#file = new TailFile(opened.descriptor, path, journal);
    this.leftBehind = new LeftBehind(directory, opened.leftBehind);
    this.leftBehindReason = opened.leftBehindReason;
    this.#tail = opened.tail;
    this.#tailTimestamp = opened.tailTimestamp;
    this.#hardened = opened.tail;
  }

  /** Makes the directory and a first segment that continues from `start`. */
  static create(
    directory: string,
    start: { readonly position: Position; readonly timestamp: bigint },
    options: LogOptions,
  ): Log {
    mkdirSync(directory, { recursive: true });
    const path = segmentPath(directory, 1);
    const { segment, descriptor } = createSegment(path, start, () => undefined);
    const { position: tail, timestamp: tailTimestamp } = start;
    const none = { leftBehind: [], leftBehindReason: '' };
    const opened = { segments: [segment], descriptor, tail, tailTimestamp, ...none };
    return new Log(directory, opened, options);
  }

  /**
   * Opens the segments and cuts a torn tail. Throws LogDamage when the log is damaged where the
   * SQLite file, which holds the records up to `applied`, still needs it, or ends before that;
   * with durability `async` the latter is no damage, but records lost in a power cut: the caller
   * resets the log.
   */
  static open(directory: string, applied: LSN, options: OpenOptions): Log {
    const sync = options.durability === 'sync';
    const strict = sync && options.strict === true;
    const opened = openSegments(directory, { applied, mustReachApplied: sync, strict });
    return new Log(directory, opened, options);
  }

  /** The newest record, on disk or not yet. */
  get tail(): Position {
    return this.#tail;
  }

  /** Hybrid timestamp of the newest record. */
  get tailTimestamp(): bigint {
    return this.#tailTimestamp;
  }

  /** The newest record that is on disk. */
  get hardened(): Position {
    return this.#hardened;
  }

  /** The newest record that a follower may have. */
  get sendable(): Position {
    return this.#hardened;
  }

  /** The first LSN that the log still holds, or will hold next. */
  get firstLsn(): LSN {
    return must(this.#segments[0]).previous.lsn + 1n;
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /**
   * The bytes of the records after `lsn`, up to the tail: what is kept for a follower there.
   * Exact to the size of an index step.
   */
  bytesAfter(lsn: LSN): number {
    let bytes = 0;
    for (const segment of this.#segments) {
      if (segment.previous.lsn >= lsn) bytes += segment.sizeBytes;
      else if (this.#lastLsn(segment) > lsn) bytes += indexedBytesAfter(segment, lsn);
    }
    return bytes;
  }

  /** Closed segments, oldest first. */
  closedSegments(): ClosedSegment[] {
    return this.#segments.slice(0, -1).map(({ path, sizeBytes }, index) => {
      const { previous: last, previousTimestamp } = must(this.#segments[index + 1]);
      return { path, last, lastTimestamp: previousTimestamp, sizeBytes };
    });
  }

  /** Appends one record to the page cache. Throws diskFull, and nothing was appended. */
  append(draft: RecordDraft): EncodedFrame {
    const encoded = encodeFrame(this.#tail, draft);
    this.#write([encoded.frame]);
    this.#advance(encoded.frame, encoded.position);
    this.#tailTimestamp = draft.timestamp;
    this.#waiters.wakeAll();
    return encoded;
  }

  /** Appends frames of another copy, byte for byte; the caller has verified that they follow. */
  appendVerified(frames: readonly ReadFrame[]): void {
    if (frames.length === 0) return;
    const isKept = this.#write(frames.map(({ frame }) => frame)) <= BATCH_KEPT_BYTES_MAX;
    for (const { record, frame } of frames) {
      this.#advance(frame, recordPosition(record), isKept);
      this.#tailTimestamp = record.timestamp;
    }
    if (!isKept) this.#recent.clear();
    this.#waiters.wakeAll();
  }

  /** Makes what is appended durable, off the event loop. With durability `async`: at once. */
  async sync(): Promise<void> {
    if (this.#options.durability === 'async') return;
    await this.harden();
  }

  /** fdatasync up to the present tail, whatever the durability. Who comes meanwhile waits on. */
  async harden(): Promise<void> {
    const target = this.#tail.lsn;
    while (this.#hardened.lsn < target) {
      this.#throwFailure();
      this.#syncing ??= this.#datasync();
      await this.#syncing;
    }
  }

  async #datasync(): Promise<void> {
    const reached = this.#tail;
    try {
      await this.#file.sync();
      const ours = reached.lsn <= this.#tail.lsn;
      if (ours && reached.lsn > this.#hardened.lsn) this.#hardened = reached;
    } finally {
      this.#syncing = null;
      this.#waiters.wakeAll();
    }
  }

  /** Is this position part of this log's history? */
  contains(position: Position): Containment {
    if (position.lsn > this.#tail.lsn) return 'ahead';
    if (position.lsn < this.firstLsn - 1n) return 'dropped';
    const ours = this.positionAt(position.lsn);
    return position.lsn === 0n || samePosition(ours, position) ? 'same' : 'different';
  }

  /** The position of a record that the log holds (or of the one just before its first). */
  positionAt(lsn: LSN): Position {
    if (lsn === this.#tail.lsn) return this.#tail;
    const segment = must(this.#segments.findLast(({ previous }) => previous.lsn <= lsn));
    if (segment.previous.lsn === lsn) return segment.previous;
    const only = { last: lsn, bytesMax: 1 };
    const recent = this.#recent.read(lsn - 1n, only);
    const [frame = recent] = recent === null ? this.#readRun(segment, lsn, only) : [];
    return recordPosition(decodeFrame(must(frame), null));
  }

  /**
   * Whole frames after `lsn`, up to the last sendable one or about `bytesMax` bytes (at least
   * one frame); empty when there is none. `lsn` is at least firstLsn - 1.
   */
  read(lsn: LSN, bytesMax: number, last = this.sendable.lsn): Uint8Array {
    if (lsn >= last) return new Uint8Array(0);
    const recent = this.#recent.read(lsn, { last, bytesMax });
    if (recent !== null) return recent;
    const segment = must(this.#segments.findLast(({ previous }) => previous.lsn <= lsn));
    const end = this.#lastLsn(segment) < last ? this.#lastLsn(segment) : last;
    const run = this.#readRun(segment, lsn + 1n, { last: end, bytesMax });
    return run.length === 1 ? must(run[0]) : Buffer.concat(run);
  }

  /** Resolves when a record after `lsn` is sendable or the signal fires; rejects when it closes. */
  async waitAfter(lsn: LSN, signal: AbortSignal): Promise<void> {
    while (this.sendable.lsn <= lsn && !signal.aborted) {
      if (this.#closed) {
        const state = 'its log is closed';
        throw databaseError('partitionNotOnline', { partition: this.directory, state });
      }
      // With durability `async` nobody else makes the record durable soon.
      const asked = this.#options.durability === 'async' && this.#tail.lsn > lsn;
      await (asked ? this.harden() : this.#waiters.wait(signal));
    }
  }

  /** The verified records after `from`, up to the tail, sendable or not: for recovery. */
  *records(from: Position): Generator<LogRecord, void, undefined> {
    let position = from;
    while (position.lsn < this.#tail.lsn) {
      const bytes = this.read(position.lsn, REPLAY_BATCH_BYTES, this.#tail.lsn);
      for (const { record } of readFrames(bytes, position)) {
        position = recordPosition(record);
        yield record;
      }
    }
  }

  /** Forgets every record, and goes on from `position`: a snapshot has taken their place. */
  reset(position: Position, timestamp: bigint): void {
    const old = [...this.#segments];
    this.#beginSegment(position, timestamp);
    for (const segment of old) unlinkSync(segment.path);
    syncDirectory(this.directory);
    this.#segments = this.#segments.slice(-1);
    this.#tail = position;
    this.#tailTimestamp = timestamp;
    this.#hardened = position;
    this.#recent.clear();
    this.#waiters.wakeAll();
  }

  /** Cuts the records after `lsn`, durably; the SQLite file no longer has them. */
  truncateAfter(lsn: LSN): void {
    const position = this.positionAt(lsn);
    while (this.#segments.length > 1 && must(this.#segments.at(-1)).previous.lsn >= lsn) {
      const gone = must(this.#segments.pop());
      unlinkSync(gone.path);
      const { path } = must(this.#segments.at(-1));
      this.#file.replace(openSync(path, 'r+'), path);
    }
    const segment = must(this.#segments.at(-1));
    const kept = lsn === segment.previous.lsn ? segment.firstOffset : frameEnd(segment, lsn);
    this.#file.truncate(kept);
    syncDirectory(this.directory);
    segment.sizeBytes = kept;
    segment.index = null;
    this.#tail = position;
    this.#hardened = position;
    this.#recent.clear();
    this.#waiters.wakeAll();
  }

  /** Closes the newest segment, so that it can be dropped: the next record begins another. */
  async closeSegment(): Promise<void> {
    await this.harden();
    if (must(this.#segments.at(-1)).previous.lsn < this.#tail.lsn) this.#rollOver();
  }

  /** Drops the oldest closed segments. */
  dropSegments(count: number): void {
    if (count === 0) return;
    this.#failpoint('before-trim');
    for (const segment of this.#segments.splice(0, count)) {
      unlinkSync(segment.path);
      this.#failpoint('amid-trim');
    }
    syncDirectory(this.directory);
    this.#failpoint('after-trim');
  }

  /** The log begins after this closed segment from now on: it is damaged. */
  leaveBehind(path: string): void {
    const at = this.#segments.findIndex((segment) => segment.path === path);
    if (at < 0 || at === this.#segments.length - 1) return;
    this.leftBehind.add(this.#segments.splice(0, at + 1).map((segment) => segment.path));
    this.#waiters.wakeAll();
  }

  /** Makes all of it durable and lets the files go. Waiters are woken. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      if (this.#file.failure === null) await this.harden();
    } finally {
      this.#closed = true;
      this.#file.close();
      this.#waiters.wakeAll();
    }
  }

  /** Lets the file go as it is: it could not be opened whole. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  #lastLsn(segment: Segment): LSN {
    const next = this.#segments[this.#segments.indexOf(segment) + 1];
    return next === undefined ? this.#tail.lsn : next.previous.lsn;
  }

  #readRun(segment: Segment, first: LSN, limits: RunLimits): Uint8Array[] {
    try {
      return readSegmentRun(segment, first, limits);
    } catch (error) {
      if (error instanceof SegmentDamage) this.#options.onDamage?.(error.fault);
      throw error;
    }
  }

  /** Answers how many bytes they are. */
  #write(frames: readonly Uint8Array[]): number {
    this.#throwFailure();
    const bytes = joined(frames);
    try {
      if (must(this.#segments.at(-1)).sizeBytes > this.#options.segmentBytesMax) this.#rollOver();
      const { sizeBytes } = must(this.#segments.at(-1));
      if (this.#failpoint !== noFailpoint) this.#tear(bytes, sizeBytes);
      this.#file.write(bytes, sizeBytes);
      return bytes.length;
    } catch (error) {
      throw writeError(must(this.#segments.at(-1)).path, error);
    }
  }

  /** Half of it is written, where a test wants the process to end there. */
  #tear(bytes: Uint8Array, position: number): void {
    this.#file.write(bytes.subarray(0, bytes.length >>> 1), position);
    this.#failpoint('amid-append');
  }

  #advance(frame: Uint8Array, position: Position, isKept = true): void {
    const segment = must(this.#segments.at(-1));
    noteInIndex((segment.index ??= []), { lsn: position.lsn, offset: segment.sizeBytes });
    segment.sizeBytes += frame.length;
    if (isKept) this.#recent.push(position.lsn, frame);
    this.#tail = position;
  }

  #rollOver(): void {
    this.#file.syncNow();
    this.#hardened = this.#tail;
    this.#failpoint('before-roll');
    this.#beginSegment(this.#tail, this.#tailTimestamp);
    this.#failpoint('after-roll');
  }

  #beginSegment(position: Position, timestamp: bigint): void {
    const path = segmentPath(this.directory, nextNumber(this.directory));
    const amid = (): void => this.#failpoint('amid-roll');
    const { segment, descriptor } = createSegment(path, { position, timestamp }, amid);
    this.#file.replace(descriptor, path);
    this.#segments.push(segment);
  }

  #throwFailure(): void {
    const { failure } = this.#file;
    if (failure === null) return;
    throw writeError(must(this.#segments.at(-1)).path, failure);
  }
}
