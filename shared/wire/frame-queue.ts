// Frames that have arrived and wait to be taken, one taker at a time.

/** Invariant: a taker waits only while the queue is empty and open. */
export class FrameQueue {
  #frames: Uint8Array[] = [];
  #head = 0;
  #bytes = 0;
  #taker: ((frame: Uint8Array | null) => void) | null = null;
  #ended = false;

  /** Bytes that wait to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Uint8Array): void {
    if (this.#ended) return;
    const taker = this.#taker;
    if (taker !== null) {
      this.#taker = null;
      taker(frame);
      return;
    }
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** After the frames that are here, takers get null. */
  end(): void {
    this.#ended = true;
    this.#taker?.(null);
    this.#taker = null;
  }

  take(): Promise<Uint8Array | null> {
    const frame = this.#frames[this.#head];
    if (frame === undefined) {
      if (this.#ended) return Promise.resolve(null);
      return new Promise((resolve) => (this.#taker = resolve));
    }
    this.#head++;
    this.#bytes -= frame.length;
    if (this.#head === this.#frames.length || this.#head > 1024) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    return Promise.resolve(frame);
  }
}
