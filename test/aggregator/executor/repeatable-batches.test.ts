// Rows that come once are all there for another attempt, or it is said that they are not.

import test from 'ava';
import { RepeatableBatches } from '#aggregator/executor/repeatable-batches.ts';

type Rows = readonly (readonly 'default'[])[];

function repeatableRows(batches: AsyncIterable<Rows>): RepeatableBatches<Rows> {
  return new RepeatableBatches(batches, { max: 10_000, sizeOf: (batch) => batch.length });
}

function rows(count: number): Rows {
  return Array.from({ length: count }, () => ['default'] as const);
}

async function take(batches: ReturnType<typeof repeatableRows>, count: number): Promise<number[]> {
  const sizes: number[] = [];
  if (count === 0) return sizes;
  for await (const batch of batches.read()) {
    sizes.push(batch.length);
    if (sizes.length === count) break;
  }
  return sizes;
}

test('repeatable batches: another attempt begins at the first row', async (t) => {
  let isClosed = false;
  async function* source(): AsyncGenerator<Rows, void, undefined> {
    try {
      yield* [rows(1), rows(2), rows(3)];
    } finally {
      isClosed = true;
    }
  }
  const batches = repeatableRows(source());
  t.deepEqual(await take(batches, 2), [1, 2]);
  t.false(isClosed);
  t.deepEqual(await take(batches, 1), [1]);
  t.true(batches.canRepeat);
  t.deepEqual(await take(batches, 4), [1, 2, 3]);
  t.deepEqual(await take(batches, 4), [1, 2, 3]);
  await batches.close();
  t.true(isClosed);
});

test('repeatable batches: too many rows are not kept, and there is no other attempt', async (t) => {
  async function* source(): AsyncGenerator<Rows, void, undefined> {
    yield* [rows(9_000), rows(2_000), rows(1)];
  }
  const batches = repeatableRows(source());
  t.deepEqual(await take(batches, 1), [9_000]);
  t.true(batches.canRepeat);
  t.deepEqual(await take(batches, 3), [9_000, 2_000, 1]);
  t.false(batches.canRepeat);
});
