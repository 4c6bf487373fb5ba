// What every metadata store promises: compare-and-set, order, watch, and what a restart keeps.

import test, { type ExecutionContext } from 'ava';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  updateMetadata,
  type MetadataChange,
  type MetadataStore,
} from '#aggregator/metadata/metadata-store.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import { must } from '#shared/assert.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';
import { findNatsServer, natsServerFor } from './nats-server.ts';

/** Opens a store; called again, the same store after a restart. */
type Open = () => Promise<MetadataStore>;
type MakeStore = (t: ExecutionContext<unknown>) => Promise<Open>;

const stores: Readonly<Record<string, MakeStore>> = {
  sqlite: async (t) => {
    const path = join(temporaryDirectory(t), 'metadata.sqlite');
    return async () => SqliteMetadataStore.open(path);
  },
  nats: natsServerFor,
};

for (const [name, make] of Object.entries(stores)) {
  // The store over NATS is tested where Debian's package nats-server is installed.
  const declare = name === 'nats' && findNatsServer() === null ? test.skip : test;
  const check = (title: string, body: (t: ExecutionContext, open: Open) => Promise<void>) => {
    declare(`${name} store: ${title}`, async (t) => body(t, await make(t)));
  };

  check('values come back as they were put', async (t, open) => {
    const store = await open();
    const value = { text: 'é', list: [1, 2.5, null], big: 2n ** 62n, bytes: new Uint8Array([1]) };
    t.is(await store.get('a'), null);
    const revision = must(await store.put('a', value));
    t.deepEqual(await store.get('a'), { key: 'a', value, revision });
    await store.close();
  });

  check('a put that expects another revision changes nothing', async (t, open) => {
    const store = await open();
    const first = must(await store.put('a', 1, 0));
    t.is(await store.put('a', 2, 0), null);
    const second = must(await store.put('a', 2, first));
    t.true(second > first);
    t.is(await store.put('a', 3, first), null);
    t.false(await store.delete('a', first));
    t.is((await store.get('a'))?.value, 2);
    t.true(await store.delete('a', second));
    t.is(await store.get('a'), null);
    t.not(await store.put('a', 4, 0), null);
    await store.close();
  });

  check('a list has the entries of its prefix, by key', async (t, open) => {
    const store = await open();
    for (const key of ['b/2', 'a/1', 'b/10', 'b', 'c/1']) await store.put(key, key);
    await store.delete('c/1');
    t.deepEqual(
      (await store.list('b/')).map((entry) => entry.key),
      ['b/10', 'b/2'],
    );
    t.deepEqual(await store.list('c/'), []);
    t.is((await store.list('')).length, 4);
    await store.close();
  });

  check('two that change one entry at once both happen', async (t, open) => {
    const store = await open();
    const increment = () => updateMetadata(store, 'count', (value) => Number(value ?? 0) + 1);
    await Promise.all(Array.from({ length: 20 }, increment));
    t.is((await store.get('count'))?.value, 20);
    await store.close();
  });

  check('a watcher is told of changes under its prefix, in order', async (t, open) => {
    const store = await open();
    await store.put('a/0', 0);
    const seen: MetadataChange[] = [];
    const changes = await store.watch('a/');
    changes.subscribe((change) => seen.push(change));
    await store.put('a/1', 1);
    await store.put('b/1', 1);
    await store.put('a/1', 2);
    await store.delete('a/1');
    await until('the changes to be told', () => seen.length >= 3);
    const told = seen.map((c) => (c.kind === 'put' ? [c.entry.key, c.entry.value] : [c.key]));
    t.deepEqual(told, [['a/1', 1], ['a/1', 2], ['a/1']]);
    await store.close();
  });

  check('a restart keeps everything, revisions too', async (t, open) => {
    const store = await open();
    await store.put('a', 1);
    const kept = must(await store.put('b', { deep: [1, 2] }));
    await store.close();
    const again = await open();
    t.deepEqual(await again.get('b'), { key: 'b', value: { deep: [1, 2] }, revision: kept });
    t.true(must(await again.put('c', 1)) > kept);
    await again.close();
  });
}

test('sqlite store: the file is readable by its owner alone', async (t) => {
  const path = join(temporaryDirectory(t), 'metadata.sqlite');
  const store = SqliteMetadataStore.open(path);
  await store.put('secret', 1);
  for (const file of [path, `${path}-wal`]) t.is(statSync(file).mode & 0o777, 0o600);
  await store.close();
});
