// Digests of tables: the same for the same rows in any order, another for any other row.

import test from 'ava';
import { digestTable, rowsOfBuckets } from '#leaf/partition/content.ts';
import { RowDigester } from '#leaf/partition/row-digest.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { contentBuckets } from '#shared/wire/content-message.ts';
import { accountTable } from '#test/support/test-partition.ts';

const pause = async (): Promise<void> => undefined;

function fileOf(rows: readonly Row[]): SqliteFile {
  const file = openWithFunctions(':memory:');
  file.exec('CREATE TABLE account (id PRIMARY KEY, balance) WITHOUT ROWID');
  for (const row of rows) file.run('INSERT INTO account VALUES (?, ?)', row);
  return file;
}

async function digestOf(rows: readonly Row[]): Promise<string> {
  const file = fileOf(rows);
  const { rows: count, buckets } = await digestTable(file, accountTable, pause);
  file.close();
  return `${count} ${Buffer.from(buckets).toString('hex')}`;
}

const manyRows = Array.from({ length: 2500 }, (_, id) => [BigInt(id), BigInt(id % 7)]);

test('content: the order of rows makes no difference, one value does', async (t) => {
  const all = await digestOf(manyRows);
  t.is(await digestOf(manyRows.toReversed()), all);
  for (const changed of [0, 1200, 2499]) {
    const rows = manyRows.map((row, id) => (id === changed ? [row[0] ?? null, 99n] : row));
    t.not(await digestOf(rows), all);
  }
  t.not(await digestOf(manyRows.slice(1)), all);
});

test('content: kinds of values are told apart', async (t) => {
  const kinds = [null, 0n, 1n, 1.5, '', '0', '1', new Uint8Array(), new Uint8Array([48])];
  const digests = await Promise.all(kinds.map((value) => digestOf([[1n, value]])));
  t.is(new Set(digests).size, kinds.length);
  t.not(await digestOf([['ab', 'c']]), await digestOf([['a', 'bc']]));
});

test('content: the rows of a bucket are those that its digest is of', async (t) => {
  const file = fileOf(manyRows);
  const all = Array.from({ length: contentBuckets }, (_, bucket) => bucket);
  const found = await rowsOfBuckets(file, accountTable, { buckets: all, pause });
  t.is(found.rows.length, manyRows.length);
  t.false(found.isCut);
  const [some, others] = [all.slice(0, 10), all.slice(10)];
  const counts = await Promise.all(
    [some, others].map((buckets) => rowsOfBuckets(file, accountTable, { buckets, pause })),
  );
  t.is((counts[0]?.rows.length ?? 0) + (counts[1]?.rows.length ?? 0), manyRows.length);
  t.true((counts[0]?.rows.length ?? 0) > 0);
});

test('row digest: every changed bit gives another one, and rows rarely share one', (t) => {
  const digester = new RowDigester();
  const textOf = (row: Row) => [...digester.digest(row)].join();
  const bytes = new Uint8Array(100).fill(7);
  const seen = new Set([textOf([bytes])]);
  for (let bit = 0; bit < 800; bit++) {
    const changed = new Uint8Array(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    seen.add(textOf([changed]));
  }
  t.is(seen.size, 801);
  const lanes = [new Set<number>(), new Set<number>(), new Set<number>(), new Set<number>()];
  for (let id = 0; id < 20_000; id++) {
    for (const [lane, value] of digester.digest([BigInt(id), `row ${id}`]).entries()) {
      lanes[lane]?.add(value);
    }
  }
  for (const lane of lanes) t.true(lane.size > 19_990);
  t.is(textOf(['x'.repeat(500_000)]), textOf(['x'.repeat(500_000)]));
  t.not(textOf(['é'.repeat(300_000)]), textOf([`${'é'.repeat(299_999)}e`]));
});
