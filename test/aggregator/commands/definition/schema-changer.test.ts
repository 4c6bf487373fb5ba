// A definition reaches every partition or none, whatever refuses it or goes away in the middle.

import test from 'ava';
import { SchemaChanger } from '#aggregator/commands/definition/schema-changer.ts';
import type { SchemaChange } from '#aggregator/commands/definition/schema-change.ts';
import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import { Catalog } from '#aggregator/metadata/catalog.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import { createLogger } from '#shared/logger.ts';
import type { LeafService } from '#shared/wire/message.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { join } from 'node:path';

/** One leaf with all partitions, which takes definitions as a real one does: each version once. */
class FakeLeaf {
  readonly versions = new Map<number, number>();
  readonly ran: { ordinal: number; sql: string }[] = [];
  refuses: { ordinal: number; sql: string } | null = null;
  away = 0;

  async call(name: string, request: unknown): Promise<unknown> {
    if (name !== 'define') throw new Error(`unexpected call ${name}`);
    if (this.away > 0) {
      this.away -= 1;
      throw databaseError('leafUnreachable', { leaf: 'x:1', reason: 'cut' });
    }
    const { key, change } = request as { key: { ordinal: number }; change: DefinitionChange };
    const { ordinal } = key;
    if ((this.versions.get(ordinal) ?? 0) >= change.version) return {};
    const { refuses } = this;
    if (refuses?.ordinal === ordinal && change.sqlite.includes(refuses.sql)) {
      throw databaseError('duplicateEntry', { value: '1', key: 't.k' });
    }
    for (const sql of change.sqlite) this.ran.push({ ordinal, sql });
    this.versions.set(ordinal, change.version);
    return {};
  }
}

/** Time passes only by sleeping. */
function simulatedClock(): Clock {
  let now = 0;
  return {
    ...realClock,
    monotonicMs: () => now,
    async sleep(ms) {
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const shop: DatabaseDefinition = {
  name: 'shop',
  role: 'primary',
  state: 'online',
  durability: 'sync',
  collation: 'utf8mb4_general_ci',
  partitionCount: 3,
  placements: [0, 1, 2, -1].map((ordinal) => ({ ordinal, leafId: 1, replicaLeafIds: [] })),
  catalogVersion: 0,
  tables: {},
  nextTableId: 1,
  primaryUri: '',
};

async function world(path: string) {
  const leaf = new FakeLeaf();
  const clock = simulatedClock();
  const store = SqliteMetadataStore.open(path);
  const catalog = await Catalog.open(store, clock);
  const leaves: LeafDirectory = {
    nodes: () => [{ id: 1, kind: 'leaf', address: { host: 'x', port: 1 } }],
    leaf: () => leaf as unknown as LeafService,
    isOnline: () => true,
    isLeaving: () => false,
  };
  const logger = createLogger('error');
  const changer = new SchemaChanger({ catalog, store, leaves, clock, logger });
  return { leaf, store, catalog, changer };
}

const change: SchemaChange = {
  put: [],
  drop: [],
  statements: (place) => [`do ${place}`],
  undo: (place) => [`undo ${place}`],
};

test('schema change: every partition gets its part, and the catalog moves on', async (t) => {
  const { leaf, catalog, changer } = await world(join(temporaryDirectory(t), 'm.sqlite'));
  await catalog.put(shop);
  await changer.change('shop', () => change);
  t.is(catalog.database('shop').catalogVersion, 1);
  t.deepEqual([...leaf.versions.values()], [1, 1, 1, 1]);
  t.deepEqual(leaf.ran.map(({ sql }) => sql).sort(), [
    'do first',
    'do other',
    'do other',
    'do reference',
  ]);
});

test('schema change: refused by one partition: the others take it back', async (t) => {
  const { leaf, catalog, changer } = await world(join(temporaryDirectory(t), 'm.sqlite'));
  await catalog.put(shop);
  leaf.refuses = { ordinal: 2, sql: 'do other' };
  const error = await t.throwsAsync<DatabaseError>(changer.change('shop', () => change));
  t.is(error?.errno, 1062);
  t.deepEqual(
    leaf.ran.filter(({ ordinal }) => ordinal === 1).map(({ sql }) => sql),
    ['do other', 'undo other'],
  );
  t.deepEqual(
    leaf.ran.filter(({ ordinal }) => ordinal === 2),
    [],
  );
  t.deepEqual(new Set(leaf.versions.values()), new Set([2]));
  t.is(catalog.database('shop').catalogVersion, 2);
});

test('schema change: a leaf goes away in the middle and comes back: completed', async (t) => {
  const { leaf, catalog, changer } = await world(join(temporaryDirectory(t), 'm.sqlite'));
  await catalog.put(shop);
  leaf.away = 3;
  await changer.change('shop', () => change);
  t.is(catalog.database('shop').catalogVersion, 1);
  t.is(leaf.ran.length, 4);
});

test('schema change: cut off by a crash: the next start completes it', async (t) => {
  const path = join(temporaryDirectory(t), 'm.sqlite');
  const before = await world(path);
  await before.catalog.put(shop);
  before.leaf.away = 1_000_000;
  const error = await t.throwsAsync<DatabaseError>(before.changer.change('shop', () => change));
  t.regex(error?.message ?? '', /completed by itself/);
  before.changer.stop();
  await before.store.close();
  const after = await world(path);
  await after.changer.resume();
  await after.changer.change('shop', () => null);
  t.is(after.catalog.database('shop').catalogVersion, 1);
  t.is(after.leaf.ran.length, 4);
});

test('schema change: behind the fence every partition refuses the old version', async (t) => {
  const { leaf, catalog, changer } = await world(join(temporaryDirectory(t), 'm.sqlite'));
  await catalog.put(shop);
  await changer.changeFenced('shop', async (database) => {
    t.is(database.catalogVersion, 1);
    t.deepEqual(new Set(leaf.versions.values()), new Set([1]));
    t.is(catalog.database('shop').catalogVersion, 0, 'the catalog has not moved yet');
    return change;
  });
  t.is(catalog.database('shop').catalogVersion, 2);
  await t.throwsAsync(
    changer.changeFenced('shop', async () => {
      throw databaseError('invalidUseOfNull', {});
    }),
  );
  t.is(catalog.database('shop').catalogVersion, 3, 'the fence is open again');
});

test('schema change: behind the fence it can be ended, and nothing has changed', async (t) => {
  const { leaf, catalog, changer } = await world(join(temporaryDirectory(t), 'm.sqlite'));
  await catalog.put(shop);
  const killed = new AbortController();
  const ended = changer.changeFenced(
    'shop',
    async (_database, breather) => {
      killed.abort();
      await breather.pause();
      return change;
    },
    killed.signal,
  );
  const error = await t.throwsAsync(ended, { instanceOf: DatabaseError });
  t.true(error.is('queryInterrupted'));
  t.is(catalog.database('shop').catalogVersion, 1, 'the fence is open again');
  t.deepEqual(Object.keys(catalog.database('shop').tables), Object.keys(shop.tables));
  const ran = leaf.ran.length;
  await changer.changeFenced('shop', async () => change, new AbortController().signal);
  t.true(leaf.ran.length > ran);
  t.is(catalog.database('shop').catalogVersion, 3);
});
