// Sorting in slices: the order of a sort in one go, stable, with turns for others.

import test from 'ava';
import { Breather } from '#aggregator/breather.ts';
import { sortInTurns } from '#aggregator/sort-in-turns.ts';
import { DatabaseError } from '#shared/error.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

/** A clock by which every look takes so many milliseconds. */
function slowClock(stepMs: number) {
  let nowMs = 0;
  return { monotonicMs: () => (nowMs += stepMs) };
}

interface Item {
  readonly key: number;
  readonly place: number;
}

const byKey = (left: Item, right: Item): number => left.key - right.key;

test('sort in turns: as in one go, whatever the number of items', async (t) => {
  const random = seededRandom(5);
  for (const count of [0, 1, 2, 1023, 1024, 1025, 3000, 5 * 1024 + 1, 20_000]) {
    const items = Array.from({ length: count }, (_, place) => ({ key: random(500), place }));
    const breather = new Breather(slowClock(6), new AbortController().signal);
    t.deepEqual(await sortInTurns(breather, items, byKey), items.toSorted(byKey), `${count}`);
  }
});

test('sort in turns: others have turns, and what is to stop stops', async (t) => {
  const items = Array.from({ length: 20_000 }, (_, place) => ({ key: -place, place }));
  const abort = new AbortController();
  let turns = 0;
  const others = (): void => {
    turns += 1;
    if (turns === 10) abort.abort();
    else setImmediate(others);
  };
  setImmediate(others);
  const error = await t.throwsAsync(
    sortInTurns(new Breather(slowClock(6), abort.signal), items, byKey),
  );
  t.true(error instanceof DatabaseError && error.is('queryInterrupted'));
  t.is(turns, 10);
});
