// Answers of one turn leave together, a single one at once.

import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'ava';
import { SharedFlush } from '#aggregator/front-door/shared-flush.ts';

/** More than are left alone between two looks at how many come in a turn. */
const MANY = 100;

/** Makes `count` answers in a turn; which of them waited, and in which order they left. */
async function turnOf(flush: SharedFlush, count: number) {
  const waited: number[] = [];
  const left: number[] = [];
  for (let i = 0; i < count; i += 1) {
    if (flush.joins({ endTurn: () => left.push(i) })) waited.push(i);
  }
  const atOnce = left.length;
  await nextTurn();
  return { waited, left, atOnce };
}

test('answers that come alone leave at once, but for a few that look for others', async (t) => {
  const flush = new SharedFlush();
  let waited = 0;
  for (let turn = 0; turn < MANY; turn += 1) {
    const made = await turnOf(flush, 1);
    t.deepEqual(made.left, made.waited);
    waited += made.waited.length;
  }
  t.true(waited > 0);
  t.true(waited < MANY / 10);
});

test('answers of one turn leave at its end, in their order', async (t) => {
  const flush = new SharedFlush();
  const first = await turnOf(flush, 3);
  t.deepEqual(first, { waited: [0, 1, 2], left: [0, 1, 2], atOnce: 0 });
  t.deepEqual(await turnOf(flush, 2), { waited: [0, 1], left: [0, 1], atOnce: 0 });
});

test('when they come alone again, they leave at once again, and the other way round', async (t) => {
  const flush = new SharedFlush();
  await turnOf(flush, 5);
  for (let turn = 0; turn < MANY; turn += 1) await turnOf(flush, 1);
  let turns = 0;
  while ((await turnOf(flush, 2)).waited.length < 2) turns += 1;
  t.true(turns < MANY);
});

test('who is told may answer again: that leaves with the next turn', async (t) => {
  const flush = new SharedFlush();
  const left: string[] = [];
  await turnOf(flush, 2);
  const again = { endTurn: () => left.push('again') };
  flush.joins({ endTurn: () => void (flush.joins(again) && left.push('waits')) });
  await nextTurn();
  t.deepEqual(left, ['waits']);
  await nextTurn();
  t.deepEqual(left, ['waits', 'again']);
});
