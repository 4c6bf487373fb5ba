// Append; read after an LSN; wait for more.
//
// Invariant: hardened <= tail. Followers are given what is `sendable`: with durability `sync` the
// hardened records only, so that no follower is ever ahead of what this copy keeps.

import { mkdirSync, openSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { must } from '#shared/assert.ts';
import type { Durability } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import { countFrames, decodeFrame, encodeFrame, readFrames } from '#shared/log/log-frame.ts';
import { recordPosition, samePosition } from '#shared/log/log-frame.ts';
import type { EncodedFrame, ReadFrame, RecordDraft } from '#shared/log/log-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { Containment } from '#shared/wire/message.ts';
import { nextNumber, openSegments, segmentPath, type OpenedSegments } from './open-segments.ts';
import { frameEnd, indexedBytesAfter, readSegmentRun } from './read-segment.ts';
import { RecentFrames } from './recent-frames.ts';
import { createSegment, noteInIndex, syncDirectory, type Segment } from './segment.ts';
import { noFailpoint, type Failpoint } from '#leaf/partition/failpoint.ts';
import type { ClosedSegment } from './log-retention.ts';
import { TailFile } from './tail-file.ts';

/** Bytes of frames read at a time by a replay. */
const REPLAY_BATCH_BYTES = 4 * 1024 * 1024;

export interface LogOptions {
  readonly durability: Durability;
  /** A segment longer than this is closed, and the next begun. */
  readonly segmentBytesMax: number;
}

/** The log of one partition: a directory of segments, the newest open for appending. */
export class Log {
  readonly directory: string;
  #options: LogOptions;
  /** Oldest first; never empty. */
  #segments: Segment[];
  #descriptor: number;
  #tail: Position;
  #tailTimestamp: bigint;
  #hardened: Position;
  #recent = new RecentFrames();
  #syncing: Promise<void> | null = null;
  #failure: unknown = null;
  #closed = false;
  /** Descriptors of closed segments that a sync under way still uses. */
  #replaced: number[] = [];
  #waiters = new Set<() => void>();

  private constructor(directory: string, opened: OpenedSegments, options: LogOptions) {
    this.directory = directory;
    this.#options = options;
    this.#segments = opened.segments;
    this.#descriptor = opened.descriptor;
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
    const { segment, descriptor } = createSegment(path, start.position, start.timestamp);
    const tail = start.position;
    const opened = { segments: [segment], descriptor, tail, tailTimestamp: start.timestamp };
    return new Log(directory, opened, options);
  }

  /**
   * Opens the segments and cuts a torn tail. Throws LogDamage when the log is damaged elsewhere,
   * or ends before `mustReach`, which the SQLite file has already applied; with durability
   * `async` the latter is no damage, but records lost in a power cut: the caller resets the log.
   */
  static open(directory: string, mustReach: LSN, options: LogOptions): Log {
    const opened = openSegments(directory, options.durability === 'sync' ? mustReach : 0n);
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
    return this.#options.durability === 'sync' ? this.#hardened : this.#tail;
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

  /** Closed segments, oldest first, for retention. */
  closedSegments(): ClosedSegment[] {
    return this.#segments.slice(0, -1).map((segment, index) => {
      const next = must(this.#segments[index + 1]);
      const { sizeBytes } = segment;
      return { lastLsn: next.previous.lsn, lastTimestamp: next.previousTimestamp, sizeBytes };
    });
  }

  /** Appends one record to the page cache. Throws diskFull, and nothing was appended. */
  append(draft: RecordDraft): EncodedFrame {
    const encoded = encodeFrame(this.#tail, draft);
    this.#write([encoded.frame]);
    this.#advance(encoded.frame, encoded.position);
    this.#tailTimestamp = draft.timestamp;
    this.#progressed();
    return encoded;
  }

  /** Appends frames of another copy, byte for byte; the caller has verified that they follow. */
  appendVerified(frames: readonly ReadFrame[]): void {
    if (frames.length === 0) return;
    this.#write(frames.map(({ frame }) => frame));
    for (const { record, frame } of frames) {
      this.#advance(frame, recordPosition(record));
      this.#tailTimestamp = record.timestamp;
    }
    this.#progressed();
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
      await datasync(this.#descriptor);
      if (reached.lsn > this.#hardened.lsn) this.#hardened = reached;
    } catch (error) {
      // What the disk has of it is unknown from here on: only a reopening can tell.
      this.#failure = error;
      throw error;
    } finally {
      this.#syncing = null;
      for (const descriptor of this.#replaced.splice(0)) closeSync(descriptor);
      this.#progressed();
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
    const [frame = recent] = recent === null ? readSegmentRun(segment, lsn, only) : [];
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
    const run = readSegmentRun(segment, lsn + 1n, { last: end, bytesMax });
    return run.length === 1 ? must(run[0]) : Buffer.concat(run);
  }

  /** Batches of frames after `lsn`, for ever: waits at the end for more, until the signal. */
  async *follow(
    lsn: LSN,
    options: { readonly batchBytesMax: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let after = lsn;
    while (!options.signal.aborted) {
      if (after + 1n < this.firstLsn) {
        throw databaseError('internal', { reason: 'the log no longer holds the next record' });
      }
      const frames = this.read(after, options.batchBytesMax);
      if (frames.length === 0) {
        await this.waitAfter(after, options.signal);
        continue;
      }
      after += BigInt(countFrames(frames));
      yield frames;
    }
  }

  /** Resolves when a record after `lsn` is sendable or the signal fires; rejects when it closes. */
  async waitAfter(lsn: LSN, signal: AbortSignal): Promise<void> {
    while (this.sendable.lsn <= lsn && !signal.aborted) {
      if (this.#closed) {
        const state = 'its log is closed';
        throw databaseError('partitionNotOnline', { partition: this.directory, state });
      }
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#waiters.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#waiters.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
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
    this.#progressed();
  }

  /** Cuts the records after `lsn`, durably; the SQLite file no longer has them. */
  truncateAfter(lsn: LSN): void {
    const position = this.positionAt(lsn);
    while (this.#segments.length > 1 && must(this.#segments.at(-1)).previous.lsn >= lsn) {
      closeSync(this.#descriptor);
      const gone = must(this.#segments.pop());
      unlinkSync(gone.path);
      this.#descriptor = openSync(must(this.#segments.at(-1)).path, 'r+');
    }
    const segment = must(this.#segments.at(-1));
    const kept = lsn === segment.previous.lsn ? segment.firstOffset : frameEnd(segment, lsn);
    ftruncateSync(this.#descriptor, kept);
    fdatasyncSync(this.#descriptor);
    syncDirectory(this.directory);
    segment.sizeBytes = kept;
    segment.index = null;
    this.#tail = position;
    this.#hardened = position;
    this.#recent.clear();
    this.#progressed();
  }

  /** Closes the newest segment, so that it can be dropped: the next record begins another. */
  async closeSegment(): Promise<void> {
    await this.harden();
    if (must(this.#segments.at(-1)).previous.lsn < this.#tail.lsn) this.#rollOver();
  }

  /** Drops the oldest closed segments. */
  dropSegments(count: number): void {
    for (const segment of this.#segments.splice(0, count)) unlinkSync(segment.path);
    if (count > 0) syncDirectory(this.directory);
  }

  /** Makes all of it durable and lets the files go. Waiters are woken. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      if (this.#failure === null) await this.harden();
    } finally {
      this.#closed = true;
      closeSync(this.#descriptor);
      this.#progressed();
    }
  }

  #lastLsn(segment: Segment): LSN {
    const next = this.#segments[this.#segments.indexOf(segment) + 1];
    return next === undefined ? this.#tail.lsn : next.previous.lsn;
  }

  #write(frames: readonly Uint8Array[]): void {
    this.#throwFailure();
    if (must(this.#segments.at(-1)).sizeBytes > this.#options.segmentBytesMax) this.#rollOver();
    const segment = must(this.#segments.at(-1));
    const bytes = frames.length === 1 ? must(frames[0]) : Buffer.concat(frames);
    try {
      writeWhole(this.#descriptor, bytes, segment.sizeBytes);
    } catch (error) {
      this.#cutBack(segment.sizeBytes);
      throw databaseError('diskFull', { path: segment.path }, error);
    }
  }

  #cutBack(sizeBytes: number): void {
    try {
      ftruncateSync(this.#descriptor, sizeBytes);
    } catch (error) {
      this.#failure = error;
    }
  }

  #advance(frame: Uint8Array, position: Position): void {
    const segment = must(this.#segments.at(-1));
    noteInIndex((segment.index ??= []), { lsn: position.lsn, offset: segment.sizeBytes });
    segment.sizeBytes += frame.length;
    this.#recent.push(position.lsn, frame);
    this.#tail = position;
  }

  #rollOver(): void {
    fdatasyncSync(this.#descriptor);
    this.#hardened = this.#tail;
    this.#beginSegment(this.#tail, this.#tailTimestamp);
  }

  #beginSegment(previous: Position, timestamp: bigint): void {
    const path = segmentPath(this.directory, nextNumber(this.directory));
    const { segment, descriptor } = createSegment(path, previous, timestamp);
    // A sync under way still uses the old descriptor.
    if (this.#syncing === null) closeSync(this.#descriptor);
    else this.#replaced.push(this.#descriptor);
    this.#descriptor = descriptor;
    this.#segments.push(segment);
  }

  #throwFailure(): void {
    if (this.#failure === null) return;
    const reason = 'its log could not be written to disk; restart the leaf';
    const parameters = { partition: this.directory, reason };
    throw databaseError('partitionUnrecoverable', parameters, this.#failure);
  }

  #progressed(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
