// How far a link has come: what it has applied, what it knows to be missing, and how fast it goes.

import type { Clock } from '#shared/clock.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { LinkStatus, SubscribeItem } from '#shared/wire/message.ts';

/** Throughput is told over the last whole window of this many milliseconds. */
const windowMs = 1000;
/** A primary that has been silent for longer may be ahead of what we know. */
const silenceMsMax = 3000;

type Lag = Pick<LinkStatus, 'hears' | 'lagRecords' | 'lagBytes' | 'lagMs'>;

/** Counts; never decides. */
export class LinkProgress {
  readonly #clock: Clock;
  #applied: LSN;
  #tail = { term: 0, lsn: 0n };
  #tailTimestampMs = 0;
  /** As the newest heartbeat told, less what has been applied since. */
  #bytesMissing = 0;
  /** Milliseconds since 1970: the last time at which nothing was known to be missing. */
  #caughtUpAtMs = 0;
  /** By the clock that nobody sets. */
  #heardAtMs = -Infinity;
  #recordsApplied = 0;
  #window = { startedAtMs: 0, bytes: 0 };
  #bytesPerSecond = 0;

  constructor(clock: Clock, applied: LSN) {
    this.#clock = clock;
    this.#applied = applied;
  }

  get primaryTail(): { readonly term: number; readonly lsn: LSN } {
    return this.#tail;
  }

  get primaryTailTimestampMs(): number {
    return this.#tailTimestampMs;
  }

  get recordsApplied(): number {
    return this.#recordsApplied;
  }

  /** Bytes received per second, 0 when nothing came lately. */
  get bytesPerSecond(): number {
    const quietMs = this.#clock.monotonicMs() - this.#window.startedAtMs;
    if (quietMs > 2 * windowMs) return Math.round((this.#window.bytes * 1000) / quietMs);
    return this.#bytesPerSecond;
  }

  /** The primary has told of its tail. */
  heartbeat(item: SubscribeItem & { kind: 'heartbeat' }): void {
    this.#tail = { term: item.term, lsn: item.lsn };
    this.#tailTimestampMs = item.tailTimestampMs;
    this.#bytesMissing = item.lagBytes;
    this.#heardAtMs = this.#clock.monotonicMs();
    this.#noteIfCaughtUp();
  }

  received(bytes: number): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - this.#window.startedAtMs;
    if (elapsedMs >= windowMs) {
      const fresh = elapsedMs > 2 * windowMs;
      this.#bytesPerSecond = fresh ? 0 : Math.round((this.#window.bytes * 1000) / elapsedMs);
      this.#window = { startedAtMs: nowMs, bytes: 0 };
    }
    this.#window.bytes += bytes;
    this.#heardAtMs = nowMs;
  }

  /** Everything up to `lsn` is applied; `bytes` of frames led there. */
  applied(position: { readonly term: number; readonly lsn: LSN }, bytes: number): void {
    if (position.lsn > this.#applied) this.#recordsApplied += Number(position.lsn - this.#applied);
    this.#applied = position.lsn;
    this.#bytesMissing = Math.max(0, this.#bytesMissing - bytes);
    if (position.lsn > this.#tail.lsn) this.#tail = { term: position.term, lsn: position.lsn };
    this.#noteIfCaughtUp();
  }

  /** A snapshot has taken the place of everything. */
  replaced(lsn: LSN): void {
    this.#applied = lsn;
  }

  /** `streaming`: the link hears the primary. Else what it does not hear of counts as missing. */
  lag(streaming: boolean, replayTimestampMs: number): Lag {
    const missing = this.#tail.lsn > this.#applied ? Number(this.#tail.lsn - this.#applied) : 0;
    const nowMs = this.#clock.now();
    const silentMs = this.#clock.monotonicMs() - this.#heardAtMs;
    const hears = streaming && silentMs <= silenceMsMax;
    const sinceMs = Math.max(this.#caughtUpAtMs, replayTimestampMs);
    const behind = missing > 0 || !hears;
    return {
      hears,
      lagRecords: missing,
      lagBytes: missing > 0 ? this.#bytesMissing : 0,
      lagMs: behind && sinceMs > 0 ? Math.max(0, nowMs - sinceMs) : 0,
    };
  }

  #noteIfCaughtUp(): void {
    if (this.#applied >= this.#tail.lsn) this.#caughtUpAtMs = this.#clock.now();
  }
}
