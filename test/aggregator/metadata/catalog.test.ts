// The catalog in its store: an entry for each table, and no half of a version for who follows.

import test, { type ExecutionContext } from 'ava';
import { join } from 'node:path';
import { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { MetadataChange } from '#aggregator/metadata/metadata-store.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import { realClock } from '#shared/clock.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { accountTable } from '#test/support/test-partition.ts';

function storeOf(t: ExecutionContext): SqliteMetadataStore {
  const store = SqliteMetadataStore.open(join(temporaryDirectory(t), 'metadata.sqlite'));
  t.teardown(() => store.close());
  return store;
}

function tablesOf(count: number): Record<string, TableDefinition> {
  const tables = Array.from({ length: count }, (_, index) => ({
    ...accountTable,
    id: index + 1,
    name: `table ${index}`,
  }));
  return Object.fromEntries(tables.map((table) => [table.name, table]));
}

function databaseOf(version: number, tables: Record<string, TableDefinition>): DatabaseDefinition {
  return {
    name: 'shop',
    role: 'primary',
    state: 'online',
    durability: 'sync',
    collation: 'utf8mb4_general_ci',
    partitionCount: 1,
    placements: [],
    catalogVersion: version,
    tables,
    nextTableId: 100,
    primaryUri: '',
  };
}

test('a definition writes its own table and the head, and is read again', async (t) => {
  const store = storeOf(t);
  const catalog = await Catalog.open(store, realClock);
  const tables = tablesOf(50);
  await catalog.put(databaseOf(50, tables));
  const changes: MetadataChange[] = [];
  (await store.watch('')).subscribe((change) => changes.push(change));
  const fresh = { ...accountTable, id: 51, name: 'fresh' };
  const { 'table 7': gone, ...kept } = tables;
  const next = databaseOf(51, { ...kept, fresh });
  await catalog.put(next);
  const keys = changes.map((change) => (change.kind === 'put' ? change.entry.key : change.key));
  t.deepEqual(keys, ['database/shop/fresh', 'database/shop', 'database/shop/table-20-7']);
  t.is(changes.at(-1)?.kind, 'delete');
  t.is(gone?.id, 8);
  const again = await Catalog.open(store, realClock);
  t.deepEqual(again.databases(), [next]);
  changes.length = 0;
  // The same tables, as they come from a leaf or a store: nothing of them is written.
  await again.put(structuredClone(databaseOf(52, next.tables as typeof tables)));
  t.is(changes.length, 1);
});

test('who follows sees whole versions, in whatever order the entries come', async (t) => {
  const store = storeOf(t);
  const master = await Catalog.open(store, realClock);
  const follower = await Catalog.open(store, realClock);
  await follower.followStore();
  const seen: string[] = [];
  (await store.watch('')).subscribe(() => {
    const found = follower.find('shop');
    seen.push(found === null ? '-' : `${found.catalogVersion}:${Object.keys(found.tables).length}`);
  });
  await master.put(databaseOf(1, tablesOf(2)));
  await master.put(databaseOf(2, tablesOf(1)));
  const [changed] = Object.values(tablesOf(1));
  await master.put(databaseOf(3, { 'table 0': { ...accountTable, ...changed, comment: 'new' } }));
  t.is(follower.database('shop').tables['table 0']?.comment, 'new');
  t.deepEqual(follower.databases(), master.databases());
  t.deepEqual(seen, ['-', '-', '1:2', '2:1', '2:1', '2:1', '3:1']);
  await master.remove('shop');
  t.is(follower.find('shop'), null);
  t.deepEqual(await store.list(''), []);
});

test('a follower that reads the head first waits for its tables', async (t) => {
  const [source, copy] = [storeOf(t), storeOf(t)];
  const master = await Catalog.open(source, realClock);
  const follower = await Catalog.open(copy, realClock);
  await follower.followStore();
  await master.put(databaseOf(1, tablesOf(1)));
  const [head, table] = await source.list('');
  await copy.put(head?.key ?? '', head?.value);
  t.is(follower.find('shop'), null);
  // The copy's revisions are its own here: only the one that the head names will do.
  await copy.put(table?.key ?? '', 'of another version');
  await copy.put(head?.key ?? '', { ...(head?.value as object), tables: { 'table 0': 4 } });
  t.is(follower.find('shop'), null);
  await copy.put(table?.key ?? '', table?.value);
  t.deepEqual(follower.databases(), master.databases());
});

test('changes of one database at the same time are written one after another', async (t) => {
  const store = storeOf(t);
  const catalog = await Catalog.open(store, realClock);
  const follower = await Catalog.open(store, realClock);
  await follower.followStore();
  const versions = Array.from({ length: 10 }, (_, index) => index + 1);
  await Promise.all(versions.map((version) => catalog.put(databaseOf(version, tablesOf(version)))));
  t.deepEqual(follower.databases(), [databaseOf(10, tablesOf(10))]);
  t.deepEqual((await Catalog.open(store, realClock)).databases(), follower.databases());
});
