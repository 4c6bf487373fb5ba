// A child aggregator's copy of the metadata: whole, in step, and right again after a cut.

import test, { type ExecutionContext } from 'ava';
import { join } from 'node:path';
import { FollowedMetadata } from '#aggregator/child/followed-metadata.ts';
import { MetadataFeed } from '#aggregator/cluster/metadata-feed.ts';
import { KillOrders } from '#aggregator/cluster/kill-orders.ts';
import { ServedUserLocks } from '#aggregator/cluster/served-user-locks.ts';
import { LocalUserLocks } from '#aggregator/cluster/user-locks.ts';
import { createMasterService } from '#aggregator/cluster/master-service.ts';
import { Membership } from '#aggregator/cluster/membership.ts';
import type { MetadataChange } from '#aggregator/metadata/metadata-store.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import { realClock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

async function startMaster(t: ExecutionContext<unknown>) {
  const store = SqliteMetadataStore.open(join(temporaryDirectory(t), 'metadata.sqlite'));
  const membership = await Membership.open(store, realClock, quietLogger().logger);
  t.teardown(async () => {
    membership.close();
    await store.close();
  });
  const feed = await MetadataFeed.open(store);
  const master = createMasterService({
    clusterId: '00112233445566ff',
    ...{ membership, store, feed },
    killOrders: new KillOrders(),
    userLocks: new ServedUserLocks(new LocalUserLocks(realClock), realClock),
    kill: async () => undefined,
    async *forward() {},
  });
  return { store, feed, master };
}

async function follow(
  metadata: FollowedMetadata,
  master: Awaited<ReturnType<typeof startMaster>>['master'],
  signal: AbortSignal,
): Promise<unknown> {
  try {
    return await metadata.follow(master, signal);
  } catch (error) {
    return error;
  }
}

/** Follows until it is cut. */
function connect(
  metadata: FollowedMetadata,
  master: Awaited<ReturnType<typeof startMaster>>['master'],
) {
  const cut = new AbortController();
  const ended = follow(metadata, master, cut.signal);
  return async () => {
    cut.abort();
    return ended;
  };
}

test('followed metadata: what was there, what comes, and what goes', async (t) => {
  const { store, feed, master } = await startMaster(t);
  await store.put('database/a', { name: 'a' });
  const metadata = new FollowedMetadata();
  const cut = connect(metadata, master);
  await metadata.complete;
  const changes: MetadataChange[] = [];
  (await metadata.watch('database/')).subscribe((change) => changes.push(change));
  await store.put('database/b', { name: 'b' });
  await store.put('account/u', 1);
  await store.delete('database/a');
  await metadata.reached(feed.revision, (ms) => realClock.sleep(ms));
  t.deepEqual(
    changes.map((change) => [change.kind, change.kind === 'put' ? change.entry.key : change.key]),
    [
      ['put', 'database/b'],
      ['delete', 'database/a'],
    ],
  );
  t.deepEqual(
    (await metadata.list('database/')).map(({ key }) => key),
    ['database/b'],
  );
  await cut();
});

test('followed metadata: after a cut it has what it missed, deletions too', async (t) => {
  const { store, master } = await startMaster(t);
  await store.put('database/a', 1);
  await store.put('database/b', 1);
  const metadata = new FollowedMetadata();
  const cut = connect(metadata, master);
  await metadata.complete;
  await cut();
  await store.delete('database/a');
  await store.put('database/b', 2);
  t.deepEqual(
    (await metadata.list('')).map(({ value }) => value),
    [1, 1],
    'it answers with what it has',
  );
  const error = await t.throwsAsync(() => metadata.get('sequence/x'));
  t.true(error instanceof DatabaseError && error.is('masterUnreachable'));
  const again = connect(metadata, master);
  await until('it has caught up', async () => (await metadata.list('database/a')).length === 0);
  t.deepEqual(
    (await metadata.list('')).map(({ value }) => value),
    [2],
  );
  await again();
});

test('followed metadata: a child writes sequences and nothing else', async (t) => {
  const { store, master } = await startMaster(t);
  const metadata = new FollowedMetadata();
  const cut = connect(metadata, master);
  await metadata.complete;
  t.is(await metadata.put('sequence/d/1', 5n, 1), null, 'of another revision');
  t.not(await metadata.put('sequence/d/1', 5n, 0), null);
  t.is((await store.get('sequence/d/1'))?.value, 5n);
  await t.throwsAsync(metadata.put('account/root', 5n));
  await t.throwsAsync(metadata.delete());
  t.is(await store.get('account/root'), null);
  await cut();
});
