// Append; read after an LSN; wait for more.
//
// Followers are given what is `sendable`, the hardened records only, so that no follower is ever
// ahead of what this copy keeps, whatever its durability.
//
// Who appends asks for `room` first, and waits for it: one segment is followed by the next off the
// event loop, and nobody writes meanwhile.

import { openSync } from 'node:fs';
import { mkdir, unlink } from 'node:fs/promises';
import { assert, must } from '#shared/assert.ts';
import type { DatabaseError } from '#shared/error.ts';
import { encodeFrame, FRAME_HEADER_BYTES, recordPosition } from '#shared/log/log-frame.ts';
import type { EncodedFrame, ReadFrame, RecordDraft } from '#shared/log/log-frame.ts';
import type { FrameHead } from '#shared/log/long-frame.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { Hardening } from './hardening.ts';
import { LeftBehind } from './left-behind.ts';
import { LogReader } from './log-reader.ts';
import type { LogOptions, OpenOptions } from './log-options.ts';
import { nextNumber, openSegments, segmentPath, type OpenedSegments } from './open-segments.ts';
import { frameEnd } from './read-segment.ts';
import { LongAppend } from './long-append.ts';
import type { LongRecord } from './long-place.ts';
import { closedSegments, firstLsn, type SegmentList } from './segment-list.ts';
import { RecentFrames } from './recent-frames.ts';
import { createSegment, noteInIndex, type Segment, type SegmentStart } from './segment.ts';
import { syncDirectory } from './sync-files.ts';
import { noFailpoint, type Failpoint } from '#leaf/partition/failpoint.ts';
import type { ClosedSegment } from './log-retention.ts';
import { TailFile } from './tail-file.ts';
import { writeError } from './write-error.ts';
import { joined } from './joined.ts';

/** A longer batch of another copy's is not kept in memory: who follows here reads the file. */
const BATCH_KEPT_BYTES_MAX = 64 * 1024;

/** The log of one partition: a directory of segments, the newest open for appending. */
export class Log {
  readonly directory: string;
  /** What reads it. */
  readonly reader: LogReader;
  /** Older files that are no part of the log any more. */
  readonly leftBehind: LeftBehind;
  /** Why older segments were left behind at the opening; '' when none were. */
  readonly leftBehindReason: string;
  isClosed = false;
  #options: LogOptions;
  /** Oldest first; never empty. */
  #segments: Segment[];
  #file: TailFile;
  #failpoint: Failpoint;
  #tail: Position;
  #tailTimestamp: bigint;
  readonly #hardening: Hardening;
  readonly #recent = new RecentFrames();
  #long: LongAppend | null = null;
  /** The next segment is being begun. */
  #rolling: Promise<void> | null = null;

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
    this.#hardening = new Hardening(this, options.durability, () => this.#file.sync());
    this.reader = new LogReader(() => this.#list, this.#recent, options.onDamage);
  }

  /** Makes the directory and a first segment that continues from `start`. */
  static async create(directory: string, start: SegmentStart, options: LogOptions): Promise<Log> {
    await mkdir(directory, { recursive: true });
    const path = segmentPath(directory, 1);
    const { segment, descriptor } = await createSegment(path, start, () => undefined);
    const { position: tail, timestamp: tailTimestamp } = start;
    const none = { leftBehind: [], leftBehindReason: '' };
    const opened = { segments: [segment], descriptor, tail, tailTimestamp, ...none };
    return new Log(directory, opened, options);
  }

  /**
   * Opens the segments and cuts a torn tail. Throws LogDamage when the log is damaged where the
   * SQLite file, which holds the records up to `applied`, still needs it, or ends before that;
   * with durability `async` or `mayEndEarly` the latter is no damage: the caller resets the log.
   */
  static async open(directory: string, applied: LSN, options: OpenOptions): Promise<Log> {
    const { lost = null, strict = false, mayEndEarly = false } = options;
    const sync = options.durability === 'sync';
    const needs = { applied, sync, mayEndEarly, strict: sync && strict, lost };
    return new Log(directory, await openSegments(directory, needs), options);
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
    return this.#hardening.position;
  }

  /** The newest record that a follower may have. */
  get sendable(): Position {
    return this.#hardening.position;
  }

  /** The first LSN that the log still holds, or will hold next. */
  get firstLsn(): LSN {
    return firstLsn(this.#list);
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** Closed segments, oldest first. */
  closedSegments(): ClosedSegment[] {
    return closedSegments(this.#list);
  }

  /**
   * When it is worth to ask again whether something can be appended; null: it can, in this turn of
   * the loop. Rejects with diskFull.
   */
  room(): Promise<void> | null {
    if (this.#long !== null) return this.#long.ended;
    if (this.#rolling !== null) return this.#rolling;
    const isFull = must(this.#segments.at(-1)).sizeBytes > this.#options.segmentBytesMax;
    return isFull ? this.#roll() : null;
  }

  /** Why nobody can tell any more what the disk has; null while all is well. */
  get failure(): DatabaseError | null {
    const { failure } = this.#file;
    return failure === null ? null : writeError(must(this.#segments.at(-1)).path, failure);
  }

  /** Appends one record to the page cache. Throws diskFull, and nothing was appended. */
  append(draft: RecordDraft): EncodedFrame {
    const encoded = encodeFrame(this.#tail, draft);
    this.#write([encoded.frame]);
    this.#advance(encoded.frame.length, encoded.position);
    this.#recent.push(this.#tail.lsn, encoded.frame);
    this.#tailTimestamp = draft.timestamp;
    this.#hardening.grown();
    return encoded;
  }

  /** Appends frames of another copy, byte for byte; the caller has verified that they follow. */
  appendVerified(frames: readonly ReadFrame[]): void {
    if (frames.length === 0) return;
    const isKept = this.#write(frames.map(({ frame }) => frame)) <= BATCH_KEPT_BYTES_MAX;
    for (const { record, frame } of frames) {
      this.#advance(frame.length, recordPosition(record));
      if (isKept) this.#recent.push(record.lsn, frame);
      this.#tailTimestamp = record.timestamp;
    }
    if (!isKept) this.#recent.clear();
    this.#hardening.grown();
  }

  /**
   * Begins a record whose body has so many bytes and comes in pieces, up to `finishLong` or
   * `abandonLong`. Until then nothing else is appended: see `room`.
   */
  beginLong(bodyBytes: number): LongAppend {
    this.#mustHaveRoom();
    const { path, sizeBytes: offset } = must(this.#segments.at(-1));
    const target = {
      path,
      write: (bytes: Uint8Array, at: number) => this.#file.writeLater(bytes, at),
      cutBack: () => this.#file.cutBack(offset),
      tear: () => this.#failpoint('amid-append'),
    };
    this.#long = new LongAppend(target, { previous: this.#tail, offset, bodyBytes });
    return this.#long;
  }

  /**
   * The long record of that head is whole: it is the newest from here on. `header` as another copy
   * has it, else null. Throws diskFull, or FrameError when it is not what it should be; it is to be
   * abandoned then.
   */
  async finishLong(head: FrameHead, header: Uint8Array | null): Promise<LongRecord> {
    const { record, changesAt } = head;
    const long = must(this.#long, 'a long record was begun');
    const logHash = await long.finish(header);
    const { offset, bodyBytes } = long.place;
    const whole = { ...record, logHash };
    this.#advance(FRAME_HEADER_BYTES + bodyBytes, recordPosition(whole));
    this.#recent.clear();
    this.#tailTimestamp = record.timestamp;
    this.#long = null;
    this.#hardening.grown();
    const { path } = must(this.#segments.at(-1));
    const at = offset + FRAME_HEADER_BYTES + changesAt;
    return { record: whole, changes: { path, offset: at, bytes: bodyBytes - changesAt } };
  }

  /** Nothing of a long record that was begun stays. */
  async abandonLong(): Promise<void> {
    await this.#long?.abandon();
    this.#long = null;
  }

  /** Makes what is appended durable, off the event loop. With durability `async`: at once. */
  sync(): Promise<void> {
    return this.#options.durability === 'async' ? Promise.resolve() : this.harden();
  }

  /** fdatasync up to the present tail, whatever the durability. Who comes meanwhile waits on. */
  harden(): Promise<void> {
    return this.#hardening.harden();
  }

  /** As the reader's, up to the last sendable record. */
  read(lsn: LSN, bytesMax: number, last = this.sendable.lsn): Uint8Array {
    return this.reader.read(lsn, bytesMax, last);
  }

  /** Resolves when a record after `lsn` is sendable or the signal fires; rejects when it closes. */
  waitAfter(lsn: LSN, signal: AbortSignal): Promise<void> {
    return this.#hardening.waitAfter(lsn, signal);
  }

  /** Forgets every record, and goes on from `position`: a snapshot has taken their place. */
  async reset(position: Position, timestamp: bigint): Promise<void> {
    const old = [...this.#segments];
    await this.#beginSegment({ position, timestamp });
    for (const segment of old) await unlink(segment.path);
    await syncDirectory(this.directory);
    this.#segments = this.#segments.slice(-1);
    this.#tailTimestamp = timestamp;
    this.#goBack(position);
  }

  /** Cuts the records after `lsn`, durably; the SQLite file no longer has them. */
  async truncateAfter(lsn: LSN): Promise<void> {
    await this.harden();
    this.#mustHaveRoom();
    // First, so that nobody reads what is being cut off.
    this.#goBack(this.reader.positionAt(lsn));
    while (this.#segments.length > 1 && must(this.#segments.at(-1)).previous.lsn >= lsn) {
      const gone = must(this.#segments.pop());
      await unlink(gone.path);
      const { path } = must(this.#segments.at(-1));
      await this.#file.replace(openSync(path, 'r+'), path);
    }
    const segment = must(this.#segments.at(-1));
    const kept = lsn === segment.previous.lsn ? segment.firstOffset : frameEnd(segment, lsn);
    await this.#file.truncate(kept);
    await syncDirectory(this.directory);
    segment.sizeBytes = kept;
    segment.index = null;
  }

  #goBack(position: Position): void {
    this.#tail = position;
    this.#recent.clear();
    this.#hardening.set(position);
  }

  /** Closes the newest segment, so that it can be dropped: the next record begins another. */
  async closeSegment(): Promise<void> {
    await this.harden();
    if (this.#long !== null) return;
    if (must(this.#segments.at(-1)).previous.lsn < this.#tail.lsn) await this.#roll();
  }

  /** Drops the oldest closed segments. */
  async dropSegments(count: number): Promise<void> {
    if (count === 0) return;
    this.#failpoint('before-trim');
    for (const segment of this.#segments.splice(0, count)) {
      await unlink(segment.path);
      this.#failpoint('amid-trim');
    }
    await syncDirectory(this.directory);
    this.#failpoint('after-trim');
  }

  /** The log begins after this closed segment from now on: it is damaged. */
  leaveBehind(path: string): void {
    const at = this.#segments.findIndex((segment) => segment.path === path);
    if (at < 0 || at === this.#segments.length - 1) return;
    this.leftBehind.add(this.#segments.splice(0, at + 1).map((segment) => segment.path));
    this.#hardening.wakeAll();
  }

  /** Makes all of it durable and lets the files go. Waiters are woken. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    await this.abandonLong();
    await Promise.allSettled([this.#rolling]);
    try {
      if (this.#file.failure === null) await this.harden();
    } finally {
      this.isClosed = true;
      this.#hardening.wakeAll();
      await this.#file.close();
    }
  }

  /** Lets the file go as it is: it could not be opened whole. */
  abandon(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#file.abandon();
  }

  get #list(): SegmentList {
    return { segments: this.#segments, tail: this.#tail };
  }

  /** Answers how many bytes they are. */
  #write(frames: readonly Uint8Array[]): number {
    this.#mustHaveRoom();
    const bytes = joined(frames);
    try {
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

  #advance(bytes: number, position: Position): void {
    const segment = must(this.#segments.at(-1));
    noteInIndex((segment.index ??= []), { lsn: position.lsn, offset: segment.sizeBytes, bytes });
    segment.sizeBytes += bytes;
    this.#tail = position;
  }

  /** The newest segment is closed, and another one takes further records. */
  #roll(): Promise<void> {
    return (this.#rolling ??= this.#rollOver());
  }

  async #rollOver(): Promise<void> {
    try {
      await this.#file.syncFile();
      this.#hardening.set(this.#tail);
      this.#failpoint('before-roll');
      await this.#beginSegment({ position: this.#tail, timestamp: this.#tailTimestamp });
      this.#failpoint('after-roll');
    } catch (error) {
      throw writeError(must(this.#segments.at(-1)).path, error);
    } finally {
      this.#rolling = null;
    }
  }

  async #beginSegment(start: SegmentStart): Promise<void> {
    const path = segmentPath(this.directory, nextNumber(this.directory));
    const { segment, descriptor } = await createSegment(path, start, () => {
      this.#failpoint('amid-roll');
    });
    await this.#file.replace(descriptor, path);
    this.#segments.push(segment);
  }

  #mustHaveRoom(): void {
    assert(this.#long === null && this.#rolling === null, 'nothing is appended without room');
    const { failure } = this;
    if (failure !== null) throw failure;
  }
}
