// Nodes are taken in once, keep their ids, and are known to be alive or not.

import test, { type ExecutionContext } from 'ava';
import { join } from 'node:path';
import { Membership, masterNodeId } from '#aggregator/cluster/membership.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import { realClock } from '#shared/clock.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

async function open(t: ExecutionContext<unknown>, path = join(temporaryDirectory(t), 'm.sqlite')) {
  const store = SqliteMetadataStore.open(path);
  const membership = await Membership.open(store, realClock, quietLogger().logger);
  const close = async () => {
    membership.close();
    await store.close();
  };
  t.teardown(close);
  return { path, membership, close };
}

function leafAt(port: number, nodeId = 0) {
  return { kind: 'leaf' as const, nodeId, address: { host: '127.0.0.1', port } };
}

test('membership: nodes get ids of their own, kept over a restart', async (t) => {
  const first = await open(t);
  t.is(await first.membership.register(leafAt(1)), masterNodeId + 1);
  t.is(await first.membership.register(leafAt(2)), masterNodeId + 2);
  await first.close();
  const again = await open(t, first.path);
  t.deepEqual(
    again.membership.nodes().map(({ id, address }) => [id, address.port]),
    [
      [2, 1],
      [3, 2],
    ],
  );
  t.false(again.membership.isAlive(2));
  t.is(await again.membership.register(leafAt(7, 2)), 2);
  t.true(again.membership.isAlive(2));
  t.is(again.membership.nodes()[0]?.address.port, 7);
  await again.membership.remove(3);
  t.is(await again.membership.register(leafAt(8)), 4);
});

test('membership: an id that nobody has, an address that another has: refused', async (t) => {
  const { membership } = await open(t);
  await t.throwsAsync(membership.register(leafAt(1, 9)), { message: /node 9 is unknown/ });
  t.throws(() => membership.heartbeat(9), { message: /node 9 is unknown/ });
  await membership.register(leafAt(1));
  await t.throwsAsync(membership.register(leafAt(1)), { message: /registered at 127.0.0.1:1/ });
  const other = await membership.register(leafAt(2));
  await t.throwsAsync(membership.register(leafAt(1, other)), { message: /registered at/ });
});

test('membership: who watches is told of nodes and of life', async (t) => {
  const { membership } = await open(t);
  const nodes: number[][] = [];
  const alive: number[][] = [];
  membership.nodes$.subscribe((now) => nodes.push(now.map(({ id }) => id)));
  membership.alive$.subscribe((now) => alive.push([...now]));
  await membership.register(leafAt(1));
  t.deepEqual(nodes.at(-1), [2]);
  t.deepEqual(alive.at(-1), [2]);
});
