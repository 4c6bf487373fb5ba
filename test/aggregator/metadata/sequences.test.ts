// AUTO_INCREMENT numbers that several aggregators take from one store.

import test, { type ExecutionContext } from 'ava';
import { join } from 'node:path';
import { sequencePrefix, StoredSequences } from '#aggregator/metadata/sequences.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

function openStore(t: ExecutionContext<unknown>): SqliteMetadataStore {
  const store = SqliteMetadataStore.open(join(temporaryDirectory(t), 'metadata.sqlite'));
  t.teardown(() => store.close());
  return store;
}

test('sequences: one aggregator counts from 1 without gaps, over its blocks too', async (t) => {
  const sequences = new StoredSequences(openStore(t));
  let expected = 1n;
  for (const count of [1, 999, 2, 5000, 1]) {
    t.is(await sequences.allocate('d', 1, count), expected);
    expected += BigInt(count);
  }
});

test('sequences: what two aggregators take never meets', async (t) => {
  const store = openStore(t);
  const [one, two] = [new StoredSequences(store), new StoredSequences(store)];
  const taken = new Set<bigint>();
  let count = 0;
  const take = async (sequences: StoredSequences, size: number) => {
    const first = await sequences.allocate('d', 1, size);
    for (let number = 0; number < size; number++) taken.add(first + BigInt(number));
    count += size;
  };
  for (let round = 0; round < 300; round++) {
    await take(one, (round % 17) + 1);
    await take(two, (round % 5) + 1);
    if (round % 50 === 0) await take(two, 1500);
  }
  t.is(taken.size, count);
});

test('sequences: numbers go on above one that a client wrote, at either aggregator', async (t) => {
  const store = openStore(t);
  const [one, two] = [new StoredSequences(store), new StoredSequences(store)];
  await one.allocate('d', 1, 1);
  await two.observe('d', 1, 70_000n);
  t.is(await two.allocate('d', 1, 1), 70_001n);
  await one.allocate('d', 1, 5000);
  t.true((await one.allocate('d', 1, 1)) > 70_001n);
});

test('sequences: what was not written is given anew, if nothing came after', async (t) => {
  const sequences = new StoredSequences(openStore(t));
  t.is(await sequences.allocate('d', 1, 5), 1n);
  sequences.giveBack('d', 1, 1n, 5);
  t.is(await sequences.allocate('d', 1, 5), 1n);
  t.is(await sequences.allocate('d', 1, 1), 6n);
  sequences.giveBack('d', 1, 1n, 5);
  t.is(await sequences.allocate('d', 1, 1), 7n);
});

test('sequences: a key that was dropped and used anew begins anew', async (t) => {
  const store = openStore(t);
  const [one, two] = [new StoredSequences(store), new StoredSequences(store)];
  await two.allocate('d', 1, 10);
  await one.allocate('d', 1, 10);
  await one.forget('d', null);
  two.drop(`${sequencePrefix}d/1`);
  t.is(await two.allocate('d', 1, 1), 1n);
  t.true((await one.allocate('d', 1, 1)) > 1n);
});
