// The plans that are kept are bounded, and the least used go first.

import test from 'ava';
import type { KeptPlan, KeptRun } from '#aggregator/kept-plans/kept-plan.ts';
import { PlanCache } from '#aggregator/kept-plans/plan-cache.ts';

const run: KeptRun = {
  environment: { systemVariable: () => null },
  database: () => undefined,
  hasOwnReferences: () => false,
  literals: { values: [], store: () => null, computed: new Map() },
};

function planThat(holds: boolean): KeptPlan {
  return {
    statement: { kind: 'values', at: 0, rows: [], orderBy: [], limit: null },
    body: {
      kind: 'query',
      plan: {
        kind: 'query',
        planner: 'local',
        reason: '',
        columns: [],
        rows: { kind: 'virtual', database: '', name: '' },
      },
    },
    databases: [],
    variables: [],
    ownReferences: [],
    literals: [{ expected: true, read: () => holds }],
    allowed: new WeakMap(),
  };
}

test('the least used go when there are too many', (t) => {
  const cache = new PlanCache({ entriesMax: 3, bytesMax: Infinity });
  for (const key of ['a', 'b', 'c']) cache.add(key, planThat(true), 0);
  t.not(cache.find('a', run), null);
  cache.add('d', planThat(true), 0);
  t.is(cache.find('b', run), null);
  t.not(cache.find('a', run), null);
  t.is(cache.size, 3);
  t.is(cache.counters.evicted, 1);
});

test('they go when they are too large together', (t) => {
  const cache = new PlanCache({ entriesMax: 100, bytesMax: 100_000 });
  for (let i = 0; i < 50; i += 1) cache.add(`statement ${i}`, planThat(true), 10_000);
  t.true(cache.bytes <= 100_000);
  t.true(cache.size < 10);
  t.not(cache.find('statement 49', run), null);
});

test('a plan that does not hold is not used', (t) => {
  const cache = new PlanCache();
  cache.add('a', planThat(false), 0);
  t.is(cache.find('a', run), null);
  const good = planThat(true);
  cache.add('a', good, 0);
  t.is(cache.find('a', run), good);
});

test('where plans are made in vain none is made any more', (t) => {
  const cache = new PlanCache();
  for (let i = 0; i < 40; i += 1) cache.add('a', planThat(false), 0);
  t.is(cache.find('a', run), 'refused');
});
