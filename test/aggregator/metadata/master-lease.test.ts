// The lease of a master: one holder, no clock compared, and who cannot renew it has lost it.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MasterLease } from '#aggregator/metadata/master-lease.ts';
import type { MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import { SimulatedClock } from '#test/simulation/simulated-clock.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

/** Lets simulated time pass until the work is done. */
async function passing<T>(clock: SimulatedClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const pass = async (): Promise<void> => {
    while (!isDone) await clock.step();
  };
  const passed = pass();
  try {
    return await work;
  } finally {
    isDone = true;
    await passed;
  }
}

function storeFor(t: ExecutionContext): { store: MetadataStore; away: { is: boolean } } {
  const inner = SqliteMetadataStore.open(join(temporaryDirectory(t), 'metadata.sqlite'));
  t.teardown(() => inner.close());
  const away = { is: false };
  const reach = <T>(work: () => Promise<T>): Promise<T> => {
    return away.is ? Promise.reject(new Error('away')) : work();
  };
  const store: MetadataStore = {
    get: (key) => reach(() => inner.get(key)),
    list: (prefix) => reach(() => inner.list(prefix)),
    put: (key, value, expected) => reach(() => inner.put(key, value, expected)),
    delete: (key, expected) => reach(() => inner.delete(key, expected)),
    watch: (prefix) => inner.watch(prefix),
    close: async () => undefined,
  };
  return { store, away };
}

function worldFor(t: ExecutionContext) {
  const clock = new SimulatedClock(1);
  const { store, away } = storeFor(t);
  const { logger } = quietLogger();
  return {
    ...{ clock, store, away },
    acquire: (holder: string) => MasterLease.acquire({ store, holder, clock, logger }),
  };
}

test('lease: held by one while it lives, and free at once when it is let go', async (t) => {
  const { clock, store, acquire } = worldFor(t);
  const first = await acquire('first');
  await t.throwsAsync(passing(clock, acquire('second')), { message: /is running/ });
  await first.release();
  t.is(await store.get('master'), null);
  const second = await acquire('second');
  await second.release();
});

test('lease: one that died is taken over, and a twin learns that it lost', async (t) => {
  const { clock, store, acquire } = worldFor(t);
  await store.put('master', 'dead');
  const heir = await passing(clock, acquire('heir'));
  // Two processes on copies of one directory have one name: the later one wins.
  const twin = await acquire('heir');
  t.regex((await passing(clock, heir.lost)).message, /another master aggregator/);
  await twin.release();
});

test('lease: who cannot renew it in time has lost it', async (t) => {
  const { clock, away, acquire } = worldFor(t);
  const lease = await acquire('first');
  away.is = true;
  t.regex((await passing(clock, lease.lost)).message, /could not be renewed/);
  t.true(clock.monotonicMs() < 20_000, 'before another may take over');
});
