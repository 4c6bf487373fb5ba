// Two joined transports within one process, for tests: what one sends, the other gets.

import { must } from '#shared/assert.ts';
import { FrameQueue } from '#shared/wire/frame-queue.ts';
import { receiveBufferBytesMax, type Transport } from '#shared/wire/transport.ts';

class MemoryTransport implements Transport {
  readonly peer: string;
  #other: MemoryTransport | null = null;
  #queue = new FrameQueue();
  #closeReason: string | null = null;
  #waitingSenders: (() => void)[] = [];

  constructor(peer: string) {
    this.peer = peer;
  }

  join(other: MemoryTransport): void {
    this.#other = other;
  }

  get closeReason(): string | null {
    return this.#closeReason;
  }

  send(frame: Uint8Array): void {
    if (this.#closeReason !== null) return;
    must(this.#other).#queue.push(new Uint8Array(frame));
  }

  writable(): Promise<void> {
    const other = must(this.#other);
    if (this.#closeReason !== null || other.#queue.bytes < receiveBufferBytesMax) {
      return Promise.resolve();
    }
    return new Promise((resolve) => other.#waitingSenders.push(resolve));
  }

  async next(): Promise<Uint8Array | null> {
    const frame = await this.#queue.take();
    if (this.#queue.bytes < receiveBufferBytesMax) this.#releaseSenders();
    return frame;
  }

  async receive(take: (frame: Uint8Array) => void): Promise<void> {
    for (;;) {
      const frame = await this.next();
      if (frame === null) return;
      try {
        take(frame);
      } catch (error) {
        return this.close(error instanceof Error ? error.message : String(error));
      }
    }
  }

  kept(frame: Uint8Array): Uint8Array {
    return frame;
  }

  close(reason: string): void {
    if (this.#closeReason !== null) return;
    this.#closeReason = reason;
    this.#queue.end();
    this.#releaseSenders();
    must(this.#other).close(`closed by the other end: ${reason}`);
  }

  #releaseSenders(): void {
    const senders = this.#waitingSenders;
    this.#waitingSenders = [];
    for (const release of senders) release();
  }
}

/** Both ends of a connection inside this process, named as the peers would see each other. */
export function memoryTransportPair(names = ['memory:1', 'memory:2']): [Transport, Transport] {
  const one = new MemoryTransport(names[1] ?? 'memory:2');
  const two = new MemoryTransport(names[0] ?? 'memory:1');
  one.join(two);
  two.join(one);
  return [one, two];
}
