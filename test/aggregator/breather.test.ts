// Long work in slices: others have their turns, and a statement that is to stop stops.

import test from 'ava';
import { Breather, forEachInTurn } from '#aggregator/breather.ts';
import { DatabaseError } from '#shared/error.ts';

/** A clock by which every look takes so many milliseconds. */
function slowClock(stepMs: number) {
  let nowMs = 0;
  return { monotonicMs: () => (nowMs += stepMs) };
}

test('breather: others have turns amid many items, and every item comes once', async (t) => {
  const breather = new Breather(slowClock(6), new AbortController().signal);
  let turns = 0;
  let going = true;
  const others = (): void => {
    turns += 1;
    if (going) setImmediate(others);
  };
  setImmediate(others);
  const items = Array.from({ length: 10_000 }, (_, n) => n);
  const seen: number[] = [];
  await forEachInTurn(breather, items, (item, index) => {
    t.is(item, index);
    seen.push(item);
  });
  going = false;
  t.deepEqual(seen, items);
  t.true(turns > 10, `${turns} turns`);
});

test('breather: what is to stop stops at the next pause', async (t) => {
  const abort = new AbortController();
  const breather = new Breather(slowClock(20), abort.signal);
  let count = 0;
  const error = await t.throwsAsync(async () =>
    forEachInTurn(
      breather,
      Array.from({ length: 10_000 }, () => 0),
      () => {
        count += 1;
        if (count === 500) abort.abort();
      },
    ),
  );
  t.true(error instanceof DatabaseError && error.is('queryInterrupted'));
  t.true(count < 1000);
});
