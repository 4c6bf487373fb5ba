// The operators over rows that a test makes: order, bounds, and sources that are ended.

import test from 'ava';
import { concatenate } from '#aggregator/executor/concatenate.ts';
import type { RowBatches } from '#aggregator/executor/execution.ts';
import { limitRows } from '#aggregator/executor/limit.ts';
import { compareStored, mergeSort } from '#aggregator/executor/merge-sort.ts';
import type { Row } from '#shared/sql/column-type.ts';

/** Batches of rows, and whether the consumer ended them. */
function source(...batches: readonly (readonly Row[])[]) {
  const state = { ended: false, pulled: 0 };
  async function* rows(): RowBatches {
    try {
      for (const batch of batches) {
        state.pulled += 1;
        yield batch;
      }
    } finally {
      state.ended = true;
    }
  }
  return { state, rows: rows() };
}

async function all(rows: RowBatches): Promise<readonly Row[]> {
  const found: Row[] = [];
  for await (const batch of rows) found.push(...batch);
  return found;
}

const ascending = { descending: false, padded: false } as const;

test('concatenate: one source after the other', async (t) => {
  const [one, two] = [source([[1], [2]], [[3]]), source([[4]])];
  t.deepEqual(await all(concatenate([one.rows, two.rows])), [[1], [2], [3], [4]]);
});

test('concatenate: a failing source fails before the first row', async (t) => {
  async function* failing(): RowBatches {
    yield await Promise.reject(new Error('away'));
  }
  const one = source([[1]]);
  await t.throwsAsync(all(concatenate([one.rows, failing()])), { message: 'away' });
  t.true(one.state.ended);
});

test('concatenate: a source holds one batch until it is its turn', async (t) => {
  const [one, two] = [source([[1]], [[2]]), source([[3]], [[4]])];
  const rows = concatenate([one.rows, two.rows])[Symbol.asyncIterator]();
  await rows.next();
  t.is(two.state.pulled, 1);
  await rows.return?.();
  t.true(one.state.ended && two.state.ended);
});

test('limit: skips, counts and ends its source', async (t) => {
  const one = source([[1], [2]], [[3], [4]], [[5]]);
  t.deepEqual(await all(limitRows(one.rows, { offset: 1, count: 2 })), [[2], [3]]);
  t.true(one.state.ended);
  t.is(one.state.pulled, 2);
});

test('limit: of nothing asks for nothing', async (t) => {
  const one = source([[1]]);
  t.deepEqual(await all(limitRows(one.rows, { offset: 0, count: 0 })), []);
  t.is(one.state.pulled, 0);
});

test('merge-sort: sorted streams to one, without the key columns', async (t) => {
  const one = source(
    [
      ['a', 1, 'A'],
      ['c', 2, 'C'],
    ],
    [['e', 3, 'E']],
  );
  const two = source([['b', 4, 'B']], [], [['d', 5, 'D']]);
  const keys = [{ index: 2, ...ascending }];
  const rows = await all(mergeSort([one.rows, two.rows, source().rows], keys, 2));
  t.deepEqual(
    rows.map(([name]) => name),
    ['a', 'b', 'c', 'd', 'e'],
  );
  t.is(rows[0]?.length, 2);
});

test('merge-sort: several keys, descending, NULL as the least', async (t) => {
  const one = source([
    [2, 'x'],
    [null, 'a'],
  ]);
  const two = source([
    [2, 'y'],
    [1, 'z'],
  ]);
  const keys = [
    { index: 0, descending: true, padded: false },
    { index: 1, ...ascending },
  ];
  const rows = await all(mergeSort([one.rows, two.rows], keys, 2));
  t.deepEqual(rows, [
    [2, 'x'],
    [2, 'y'],
    [1, 'z'],
    [null, 'a'],
  ]);
});

test('merge-sort: ending early ends every source', async (t) => {
  const many = Array.from({ length: 300 }, (_, i) => [i] as const);
  const [one, two] = [source(many, many), source(many, many)];
  const rows = mergeSort([one.rows, two.rows], [{ index: 0, ...ascending }], 1);
  for await (const batch of rows) if (batch.length > 0) break;
  t.true(one.state.ended && two.state.ended);
});

test('merge-sort: texts compare by their UTF-8 bytes, numbers of two kinds by value', (t) => {
  t.true(compareStored('\u{1f600}', '\uffee') > 0);
  t.is(compareStored(2, 2n), 0);
  t.true(compareStored(9007199254740993n, 9007199254740992) > 0);
  t.true(compareStored(new Uint8Array([1]), new Uint8Array([1, 0])) < 0);
});
