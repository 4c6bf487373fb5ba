// A leaf's partitions: made, found again, dropped whole, with the reference tables beside them.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { keyToDirectory, PartitionSet } from '#leaf/partition-set.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { DatabaseError } from '#shared/error.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import {
  accountTable,
  createAccount,
  insertOf,
  rowsOf,
  tagOf,
  testEnvironment,
  writeOf,
} from '#test/support/test-partition.ts';

const identity = { role: 'primary', durability: 'sync', origin: 'test' } as const;
const listener = { opened: async () => undefined, closing: async () => undefined };
const account = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };

function openSet(directory: string): PartitionSet {
  return new PartitionSet(directory, testEnvironment(), listener);
}

test('partition set: what it made is there after a restart; what it dropped is not', async (t) => {
  const directory = temporaryDirectory(t);
  const set = openSet(directory);
  await set.open();
  const a = { database: 'Shöp/.x', ordinal: 0 };
  const b = { ...a, ordinal: 1 };
  await set.create(a!, identity);
  await set.create(a!, identity);
  await set.create(b!, identity);
  await set.drop(b!);
  await set.drop(b!);
  t.throws(() => set.find(b!), { instanceOf: DatabaseError });
  await set.close();
  t.deepEqual(readdirSync(directory), [keyToDirectory(a)]);
  mkdirSync(join(directory, 'half_0.new'));
  mkdirSync(join(directory, 'gone_0.dropped'));
  const again = openSet(directory);
  await again.open();
  t.deepEqual(
    again.list(null).map(({ key }) => key),
    [a],
  );
  t.is(again.list('other').length, 0);
  t.false(existsSync(join(directory, 'half_0.new')));
  t.false(existsSync(join(directory, 'gone_0.dropped')));
  await again.close();
});

test('partition set: one that is damaged is named, and the others go on', async (t) => {
  const directory = temporaryDirectory(t);
  const set = openSet(directory);
  await set.open();
  const good = { database: 'good', ordinal: 0 };
  const bad = { database: 'bad', ordinal: 0 };
  for (const key of [good, bad]) {
    await set.create(key, identity);
    await set.find(key).define(account);
    await set.find(key).write(insertOf(1, 1));
  }
  await set.close();
  const segment = join(directory, 'bad_0', 'log', '0000000001.log');
  const bytes = readFileSync(segment);
  bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
  writeFileSync(segment, bytes);
  const again = openSet(directory);
  await again.open();
  t.deepEqual(await rowsOf(again.find(good)), [[1, 1]]);
  const error = await t.throwsAsync(rowsOf(again.find(bad)));
  t.true(error instanceof DatabaseError && error.is('partitionUnrecoverable'));
  t.regex(error?.message ?? '', /bad_0.*0000000001\.log/);
  t.is(again.find(bad).status().state, 'unrecoverable');
  await again.drop(bad);
  await again.close();
});

test('reference tables: are seen from every partition, and come and go', async (t) => {
  const set = openSet(temporaryDirectory(t));
  await set.open();
  const key = { database: 'd', ordinal: 0 };
  const reference = { ...key, ordinal: REFERENCE_ORDINAL };
  await set.create(key, identity);
  const partition = set.find(key);
  await partition.define(account);
  await partition.write(insertOf(1, 1));
  const joined = 'SELECT a.id, r.balance FROM account a JOIN ref.account r ON r.id = a.id';
  await t.throwsAsync(rowsOf(partition, joined));
  await set.create(reference!, identity);
  await set.find(reference!).define(account);
  await set.find(reference!).write(insertOf(1, 77));
  t.deepEqual(await rowsOf(partition, joined), [[1, 77]]);
  const copy = 'INSERT INTO account SELECT id + 1, balance FROM ref.account';
  await partition.write(writeOf(copy));
  const tag = tagOf('t', 1);
  await partition.write(writeOf('DELETE FROM account WHERE id = 2', [], tag));
  const own = { transaction: { ...tag, joined: true } };
  t.deepEqual(await rowsOf(partition, joined, own), [[1, 77]]);
  // The reference partition takes writes while others hold it attached, and amid a transaction.
  await set.find(reference!).write(writeOf('UPDATE account SET balance = 78'));
  await partition.commit('t');
  t.deepEqual(await rowsOf(partition, joined), [[1, 78]]);
  await set.drop(reference!);
  await t.throwsAsync(rowsOf(partition, joined));
  t.deepEqual(await rowsOf(partition), [[1, 1]]);
  await set.close();
});

test('partition set: what an older database of the name has left is replaced', async (t) => {
  const directory = temporaryDirectory(t);
  const set = openSet(directory);
  await set.open();
  const key = { database: 'shop', ordinal: 0 };
  await set.create(key, { ...identity, incarnation: 3 });
  await set.find(key).define(account);
  const old = set.find(key);
  // Said again, by an aggregator that got no answer.
  await set.create(key, { ...identity, incarnation: 3 });
  t.is(set.find(key), old);
  await set.create(key, { ...identity, role: 'secondary', incarnation: 4 });
  t.is(set.find(key).role, 'secondary');
  t.is(set.find(key).schema().tables.length, 0);
  // The old one's drop comes late, when this leaf is back.
  t.false(await set.drop(key, { incarnation: 3 }));
  t.is(set.find(key).role, 'secondary');
  t.true(await set.drop(key, { incarnation: 4 }));
  t.throws(() => set.find(key), { instanceOf: DatabaseError });
  await set.close();
});
