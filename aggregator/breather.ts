// Lets others have the event loop amid something long, and sees whether it is still wanted.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';

/** How long a statement may have the event loop before others have it, in milliseconds. */
const SLICE_MS = 10;

/** Items between two looks at the clock. */
const ITEMS_TOGETHER = 64;

/** The slices of one statement. */
export class Breather {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #signal: AbortSignal;
  /** Null until the first question. */
  #endMs: number | null = null;

  constructor(clock: Pick<Clock, 'monotonicMs'>, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Fires when the statement is to stop. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Throws queryInterrupted when the statement is to stop. */
  check(): void {
    if (this.#signal.aborted) throw databaseError('queryInterrupted', {});
  }

  /** True when it is others' turn: then `pause` is to be waited for. Cheap. */
  get isDue(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#endMs ??= nowMs + SLICE_MS;
    return nowMs >= this.#endMs;
  }

  /** Others' turn. Rejects with queryInterrupted when the statement is to stop. */
  async pause(): Promise<void> {
    await yieldToOthers();
    this.check();
    this.#endMs = this.#clock.monotonicMs() + SLICE_MS;
  }
}

/** Calls `action` for each item in turn, with pauses; a promise only where there was one. */
export function forEachInTurn<T>(
  breather: Breather,
  items: readonly T[],
  action: (item: T, index: number) => void,
): void | Promise<void> {
  const reached = untilDue(breather, items, { action, from: 0 });
  if (reached < items.length) return goOn(breather, items, { action, from: reached });
}

interface Turns<T> {
  readonly action: (item: T, index: number) => void;
  readonly from: number;
}

/** Answers the number of the item before which it is others' turn, or how many there are. */
function untilDue<T>(breather: Breather, items: readonly T[], { action, from }: Turns<T>): number {
  for (let index = from; index < items.length; index += 1) {
    const isLook = index % ITEMS_TOGETHER === ITEMS_TOGETHER - 1 && index > from;
    if (isLook && breather.isDue) return index;
    action(items[index] as T, index);
  }
  return items.length;
}

async function goOn<T>(
  breather: Breather,
  items: readonly T[],
  { action, from }: Turns<T>,
): Promise<void> {
  for (let at = from; at < items.length;) {
    await breather.pause();
    at = untilDue(breather, items, { action, from: at });
  }
}
