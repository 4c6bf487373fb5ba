// Waiting for a condition, with a deadline.

import { realClock } from '#shared/clock.ts';

const DEADLINE_MS = 300_000;
const POLL_MS = 10;

/** Asks until the answer is true; an error counts as no. Throws after five minutes. */
export async function waitUntil(
  what: string,
  condition: () => Promise<boolean>,
  pollMs = POLL_MS,
): Promise<void> {
  const deadline = realClock.monotonicMs() + DEADLINE_MS;
  let cause: unknown = null;
  for (;;) {
    try {
      if (await condition()) return;
    } catch (error) {
      cause = error;
    }
    if (realClock.monotonicMs() > deadline) throw new Error(`waited for ${what}`, { cause });
    await realClock.sleep(pollMs);
  }
}
