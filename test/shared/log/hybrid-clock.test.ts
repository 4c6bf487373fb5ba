// Hybrid timestamps rise, whatever the wall clock does.

import test from 'ava';
import { realClock } from '#shared/clock.ts';
import { HybridClock, timestampToMs } from '#shared/log/hybrid-clock.ts';

test('hybrid clock: never goes back, and never behind what was observed', (t) => {
  let now = 1000;
  const clock = new HybridClock({ ...realClock, now: () => now });
  const first = clock.next();
  t.is(timestampToMs(first), 1000);
  t.is(clock.next(), first + 1n);
  now = 900;
  t.is(clock.next(), first + 2n);
  clock.observe(5000n << 16n);
  t.is(clock.next(), (5000n << 16n) + 1n);
  now = 6000;
  t.is(timestampToMs(clock.next()), 6000);
});
