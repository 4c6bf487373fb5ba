// What must go on for ever does: with waits that grow, end early on a hint, and end for good.

import test from 'ava';
import { realClock } from '#shared/clock.ts';
import { keepRunning } from '#shared/service.ts';
import { until } from '#test/support/wait.ts';

test('service: a failure is told, another attempt follows, and waits grow', async (t) => {
  const waits: number[] = [];
  let attempts = 0;
  const running = keepRunning({
    clock: { ...realClock, after: (_ms, action) => realClock.after(0, action) },
    backoffMinMs: 100,
    backoffMaxMs: 400,
    onFailure: (_error, waitMs) => waits.push(waitMs),
    run: async () => {
      attempts++;
      throw new TypeError('no');
    },
  });
  await until('six attempts', () => attempts > 6);
  await running.stop();
  const limits = [100, 200, 400, 400, 400, 400];
  for (const [index, limit] of limits.entries()) {
    const wait = waits[index] ?? 0;
    t.true(wait >= limit / 2 && wait <= limit + 1, `wait ${index} was ${wait} ms`);
  }
});

test('service: a healthy attempt makes the next wait short again', async (t) => {
  const waits: number[] = [];
  let attempts = 0;
  const running = keepRunning({
    clock: { ...realClock, after: (_ms, action) => realClock.after(0, action) },
    backoffMinMs: 100,
    backoffMaxMs: 10_000,
    onFailure: (_error, waitMs) => waits.push(waitMs),
    run: async (_signal, healthy) => {
      attempts++;
      if (attempts === 4) healthy();
      throw new TypeError('no');
    },
  });
  await until('five attempts', () => attempts > 5);
  await running.stop();
  t.true((waits[2] ?? 0) >= 200);
  t.true((waits[3] ?? 1000) <= 101);
});

test('service: a hint ends the wait; stop ends the attempt and the wait', async (t) => {
  let attempts = 0;
  const running = keepRunning({
    clock: realClock,
    backoffMinMs: 3_600_000,
    backoffMaxMs: 3_600_000,
    run: async () => {
      attempts++;
    },
  });
  await until('the first attempt', () => attempts === 1);
  await until('another one', () => {
    running.hurry();
    return attempts >= 2;
  });
  await running.stop();
  const ended = attempts;
  running.hurry();
  t.is(attempts, ended);
  let aborted = false;
  const stuck = keepRunning({
    clock: realClock,
    backoffMinMs: 1,
    backoffMaxMs: 1,
    run: async (signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted = true;
    },
  });
  await stuck.stop();
  t.true(aborted);
});
