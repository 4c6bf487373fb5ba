// Waiting in tests: for a condition, with a deadline, never for a time.

import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks `condition` until it holds (answers true, or something that is neither false nor null),
 * and gives its answer. An exception counts as "not yet". Fails after `deadlineMs`, saying what
 * was last seen.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T> | T,
  deadlineMs = 120_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer !== false && answer !== null && answer !== undefined) {
        return answer as Exclude<T, false | null | undefined>;
      }
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${deadlineMs} ms for ${what}; last: ${String(last)}`, {
        cause: last,
      });
    }
    await delay(25);
  }
}
