// Time and chance from one seed: nothing happens but what the next event does.

import type { Clock, Timer } from '#shared/clock.ts';

interface Event {
  readonly atMs: number;
  /** Events of one moment happen in the order in which they were asked for. */
  readonly order: number;
  action: (() => void) | null;
}

/**
 * Numbers that are the same for the same seed (splitmix32). Not the tests' other generator: with
 * other numbers every seed would be another world, and what a seed has shown would be lost.
 */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 <= result < 1. */
  unit(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state ^ (this.#state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 2 ** 32;
  }

  /** An integer, 0 <= result < limit. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }
}

/** Runs events in the order of their time; between two of them every promise comes to rest. */
export class SimulatedClock implements Clock {
  readonly chance: Chance;
  /** A binary heap. */
  readonly #events: Event[] = [];
  #nowMs = 0;
  #order = 0;
  readonly #epochMs = 1_700_000_000_000;

  constructor(seed: number) {
    this.chance = new Chance(seed);
  }

  now(): number {
    return this.#epochMs + Math.floor(this.#nowMs);
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(ms: number, action: () => void): Timer {
    const event: Event = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, action };
    this.#push(event);
    return {
      cancel: () => {
        event.action = null;
      },
    };
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw signal.reason;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal?.reason);
    const timer = this.after(ms, resolve);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  random(limit: number): number {
    return this.chance.below(limit);
  }

  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.chance.below(256));
  }

  /** Lets everything that can go on go on, then the next event happen; false: there is none. */
  async step(): Promise<boolean> {
    await rest();
    let event = this.#pop();
    while (event !== null && event.action === null) event = this.#pop();
    if (event === null) return false;
    this.#nowMs = event.atMs;
    event.action?.();
    return true;
  }

  /** Steps until the time has come; everything is at rest then. */
  async runUntil(atMs: number): Promise<void> {
    await rest();
    while (this.#nextMs() <= atMs) {
      if (!(await this.step())) break;
      await rest();
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  #nextMs(): number {
    while (this.#events[0] !== undefined && this.#events[0].action === null) this.#pop();
    return this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | null {
    const heap = this.#events;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Every promise that can be settled is, when this one is: no timer and no file is real here. */
export function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** One node's clock: after its crash nothing that it waits for ever comes. */
export class NodeClock implements Clock {
  readonly #clock: SimulatedClock;
  readonly #isAlive: () => boolean;

  constructor(clock: SimulatedClock, isAlive: () => boolean) {
    this.#clock = clock;
    this.#isAlive = isAlive;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(ms: number, action: () => void): Timer {
    return this.#clock.after(ms, () => {
      if (this.#isAlive()) action();
    });
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal);
    if (!this.#isAlive()) await new Promise(() => undefined);
  }

  random(limit: number): number {
    return this.#clock.random(limit);
  }

  randomBytes(count: number): Uint8Array {
    return this.#clock.randomBytes(count);
  }
}
