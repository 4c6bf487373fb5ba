// Waiting for a condition, with a deadline.

import { realClock } from '#shared/clock.ts';

const DEADLINE_MS = 300_000;
const POLL_MS = 10;

/** Asks until the answer is true. Throws after five minutes. */
export async function waitUntil(
  what: string,
  condition: () => Promise<boolean>,
  pollMs = POLL_MS,
): Promise<void> {
  const deadline = realClock.monotonicMs() + DEADLINE_MS;
  while (!(await condition())) {
    if (realClock.monotonicMs() > deadline) throw new Error(`waited in vain for ${what}`);
    await realClock.sleep(pollMs);
  }
}
