// What a subscription brings, between its arrival and its place in the partition.
//
// While one batch is applied the next ones arrive, and those are one batch again: small
// records that come faster than a sync of the log share it, and a transaction of SQLite.

import { FrameError } from '#shared/log/log-frame.ts';
import type { Pace } from './pace.ts';

/** Bytes that are applied together; a single longer item goes alone. */
const BATCH_BYTES_MAX = 256 * 1024;
/** More bytes than these are not held back, and the stream waits while they are applied. */
const HELD_BYTES_MAX = 256 * 1024;

export interface IntakeOptions {
  /** Null: everything is applied as it comes. */
  readonly pace: Pace | null;
  /** False while somebody waits for all of it: the first copy is being made. */
  readonly mayHold: () => boolean;
  /** Applies whole frames, all or nothing. One call at a time. */
  readonly apply: (frames: Uint8Array) => Promise<void>;
  /** Applying has failed: nothing more is taken. */
  readonly onFailure: (error: unknown) => void;
}

/** Lives as long as one subscription. */
export class Intake {
  readonly #options: IntakeOptions;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #running: Promise<void> | null = null;
  /** What is held is not to wait for its turn. */
  #hurried = false;
  #hurry: () => void = () => undefined;
  #failed = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Takes an item's frames; resolves when there is room for more. */
  async take(frames: Uint8Array): Promise<void> {
    if (this.#failed) return;
    this.#held.push(frames);
    this.#heldBytes += frames.length;
    this.#running ??= this.#run();
    if (this.#heldBytes < HELD_BYTES_MAX) return;
    this.#hurry();
    while (this.#heldBytes >= HELD_BYTES_MAX) await this.#running;
  }

  /** Resolves when all that was taken is applied, or applying has failed. */
  async drain(): Promise<void> {
    this.#hurried = true;
    this.#hurry();
    while (this.#running !== null) await this.#running;
    this.#hurried = false;
  }

  /** Once all that was taken is applied: `work`, unless applying has failed. */
  async alone(work: () => Promise<void>): Promise<void> {
    await this.drain();
    if (!this.#failed) await work();
  }

  async #run(): Promise<void> {
    let applied = Promise.withResolvers<void>();
    try {
      while (this.#held.length > 0) {
        if (this.#mayHold()) await this.#turn(applied.promise);
        await this.#applyNext(this.#takeNext());
        applied.resolve();
        applied = Promise.withResolvers<void>();
      }
    } catch (error) {
      this.#failed = true;
      this.#held = [];
      this.#heldBytes = 0;
      this.#options.onFailure(error);
    } finally {
      applied.resolve();
      this.#running = null;
    }
  }

  #mayHold(): boolean {
    return !this.#hurried && this.#heldBytes < HELD_BYTES_MAX && this.#options.mayHold();
  }

  async #turn(applied: Promise<void>): Promise<void> {
    const { pace } = this.#options;
    if (pace === null || pace.isNow) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#hurry = resolve;
    await Promise.race([pace.wait(applied), promise]);
    this.#hurry = () => undefined;
  }

  #takeNext(): Uint8Array[] {
    let count = 0;
    let bytes = 0;
    for (const { length } of this.#held) {
      if (count > 0 && bytes + length > BATCH_BYTES_MAX) break;
      bytes += length;
      count += 1;
    }
    this.#heldBytes -= bytes;
    return this.#held.splice(0, count);
  }

  async #applyNext(items: readonly Uint8Array[]): Promise<void> {
    const { apply } = this.#options;
    const [only] = items;
    try {
      await apply(items.length === 1 && only !== undefined ? only : Buffer.concat(items));
    } catch (error) {
      if (items.length === 1 || !(error instanceof FrameError)) throw error;
      // Nothing of them was applied: those before the damaged one are sound.
      for (const item of items) await apply(item);
    }
  }
}
