// What a follower that has the records up to an LSN is sent from there on, one item at a time.
//
// No generator: an item that passes through several of them waits a few turns in each, and most
// items are one small record that somebody waits for.

import type { Clock } from '#shared/clock.ts';
import { countFrames } from '#shared/log/log-frame.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { CheckItem } from '#shared/wire/content-message.ts';
import type { SubscribeItem } from '#shared/wire/message.ts';
import type { Log } from '#leaf/log/log.ts';
import type { LogPlace } from '#leaf/log/long-place.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import type { ConnectedFollower } from './connected-follower.ts';
import { sendLongRecord } from './send-long-record.ts';
import { StreamWait } from './stream-wait.ts';

/** Bytes of frames in one batch; a single longer record goes alone. */
const batchBytesMax = 256 * 1024;
/** The longest time between two heartbeats of an idle log. */
const heartbeatMs = 1000;
/** Hybrid timestamps are milliseconds times 2^16. */
const hybridShift = 16n;

export interface RecordStreamOptions {
  readonly partition: Partition;
  readonly follower: ConnectedFollower;
  /** What the follower has. */
  readonly from: LSN;
  readonly clock: Clock;
  /** A snapshot to compare the follower with; null where no checks are served. */
  readonly openCheck: (() => Promise<CheckItem>) | null;
}

/** Lives as long as one subscription, whose last part it is. */
export class RecordStream {
  readonly #options: RecordStreamOptions;
  /** The partition's, when the stream began. */
  readonly #log: Log;
  readonly #wait: StreamWait;
  #sent: LSN;
  #beatAtMs = -Infinity;
  /** A long record, of which the follower has a part. */
  #parts: AsyncGenerator<SubscribeItem, void, undefined> | null = null;
  /** Goes out when the records up to it have. */
  #check: CheckItem | null = null;

  constructor(options: RecordStreamOptions) {
    const { partition, follower, from, clock } = options;
    this.#options = options;
    this.#log = partition.log;
    this.#sent = from;
    this.#wait = new StreamWait(clock, follower);
  }

  /**
   * The next item, once there is one: a heartbeat first, and one each second. Null: the stream is
   * over, since the follower is, or the log no longer holds its next record. One call at a time.
   */
  async next(): Promise<SubscribeItem | null> {
    const { follower, openCheck } = this.#options;
    for (;;) {
      if (this.#parts !== null) {
        const part = await this.#nextPart(this.#parts);
        if (part !== null) return part;
      }
      if (!this.#goesOn()) return null;
      const beat = this.#heartbeat();
      if (beat !== null) return beat;
      if (openCheck !== null && follower.checkAsked && this.#check === null) {
        follower.checkAsked = false;
        this.#check = await openCheck();
        continue;
      }
      if (this.#check !== null && this.#sent >= this.#check.position.lsn) return this.#takeCheck();
      const last = this.#check?.position.lsn ?? this.#log.sendable.lsn;
      const long = this.#longAfter(last);
      if (long !== null) {
        const place = await long;
        if (!this.#goesOn()) return null;
        if (place !== null) {
          this.#parts = sendLongRecord(this.#log, place, this.#sent + 1n);
          continue;
        }
      }
      const frames = this.#log.read(this.#sent, batchBytesMax, last);
      if (frames.length > 0) {
        this.#sent += BigInt(countFrames(frames));
        return { kind: 'records', frames };
      }
      const quietMs = this.#options.clock.monotonicMs() - this.#beatAtMs;
      await this.#wait.after(this.#log, this.#sent, heartbeatMs - quietMs);
    }
  }

  /** Nothing more is asked for. */
  async end(): Promise<void> {
    this.#wait.end();
    await this.#parts?.return();
  }

  /** False for another log, or a shorter one: the content was replaced under us. */
  #goesOn(): boolean {
    const { partition, follower } = this.#options;
    const log = this.#log;
    const isWhole = this.#sent + 1n >= log.firstLsn && this.#sent <= log.tail.lsn;
    return !follower.ended.aborted && partition.log === log && isWhole;
  }

  async #nextPart(
    parts: AsyncGenerator<SubscribeItem, void, undefined>,
  ): Promise<SubscribeItem | null> {
    const { done, value } = await parts.next();
    if (done !== true) return value;
    this.#parts = null;
    this.#sent += 1n;
    return null;
  }

  /** Null while none is due. */
  #heartbeat(): SubscribeItem | null {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#beatAtMs < heartbeatMs) return null;
    this.#beatAtMs = nowMs;
    this.#wait.beat();
    return heartbeat(this.#options.partition, this.#options.follower.confirmed);
  }

  #takeCheck(): CheckItem | null {
    const check = this.#check;
    this.#check = null;
    return check;
  }

  /** Where the next record is, up to `last`, if it is a long one; else null, at once or later. */
  #longAfter(last: LSN): Promise<LogPlace | null> | null {
    return this.#options.follower.inParts ? this.#log.reader.longAfter(this.#sent, last) : null;
  }
}

function heartbeat(partition: Partition, confirmed: LSN): SubscribeItem {
  const { log } = partition;
  const { term, lsn } = log.sendable;
  return {
    kind: 'heartbeat',
    term,
    lsn,
    tailTimestampMs: Number(log.tailTimestamp >> hybridShift),
    lagBytes: confirmed >= lsn ? 0 : log.reader.bytesAfter(confirmed),
  };
}
