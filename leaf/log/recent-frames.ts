// The newest frames in memory, so that followers at the tail never touch the disk.

import type { LSN } from '#shared/log/lsn.ts';

/** Bytes of frames kept for each log; twice as many before the older half goes. */
const RECENT_BYTES_MAX = 1024 * 1024;

/** A run of whole frames to read: up to record `last`, or about `bytesMax` bytes. */
export interface RunLimits {
  readonly last: LSN;
  readonly bytesMax: number;
}

/** A queue of the newest frames of one log, without a gap. */
export class RecentFrames {
  #frames: Uint8Array[] = [];
  /** LSN of the first frame in the queue. */
  #first = 0n;
  #sizeBytes = 0;

  push(lsn: LSN, frame: Uint8Array): void {
    if (this.#frames.length === 0) this.#first = lsn;
    this.#frames.push(frame);
    this.#sizeBytes += frame.length;
    // Cutting the front moves the whole queue, so it waits until half of it can go.
    if (this.#sizeBytes > 2 * RECENT_BYTES_MAX) this.#cut();
  }

  has(lsn: LSN): boolean {
    return this.#frames.length > 0 && lsn >= this.#first;
  }

  /** The frames after `lsn`, or null when they are not all here. */
  read(lsn: LSN, limits: RunLimits): Uint8Array | null {
    if (this.#frames.length === 0 || lsn + 1n < this.#first) return null;
    const chosen: Uint8Array[] = [];
    let sizeBytes = 0;
    const start = Number(lsn + 1n - this.#first);
    const end = Math.min(Number(limits.last - this.#first) + 1, this.#frames.length);
    for (const frame of this.#frames.slice(start, end)) {
      if (chosen.length > 0 && sizeBytes + frame.length > limits.bytesMax) break;
      chosen.push(frame);
      sizeBytes += frame.length;
    }
    const [only] = chosen;
    return chosen.length === 1 && only !== undefined ? only : Buffer.concat(chosen);
  }

  clear(): void {
    this.#frames = [];
    this.#sizeBytes = 0;
  }

  #cut(): void {
    let count = 0;
    while (this.#sizeBytes > RECENT_BYTES_MAX) {
      this.#sizeBytes -= this.#frames[count]?.length ?? 0;
      count += 1;
    }
    this.#frames = this.#frames.slice(count);
    this.#first += BigInt(count);
  }
}
