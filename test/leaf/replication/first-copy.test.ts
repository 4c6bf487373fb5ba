// The first copy of a long log: pages rather than records, or records where no pages can be copied.

import test from 'ava';
import { key, leafPair, type TestLeaf } from '#test/support/leaf-world.ts';
import { writeOf } from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';
import type { ExecutionContext } from 'ava';

/** A primary with a log of some megabytes, and a secondary without anything. */
async function world(t: ExecutionContext) {
  const { network, primary, secondary } = await leafPair(t);
  const text = `INSERT INTO account (id, balance) WITH RECURSIVE n(i) AS
    (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 60000) SELECT i, 1 FROM n`;
  await primary.handler.call('write', { key, ...writeOf(text) });
  const kinds = new Set<string>();
  network.wire = (item) => {
    kinds.add(item.kind);
    return item;
  };
  return { primary, secondary, kinds };
}

async function followsWhole(t: ExecutionContext, primary: TestLeaf, secondary: TestLeaf) {
  await secondary.follow(primary);
  await until('the copy to be whole', async () => {
    const { state, tail } = await secondary.status();
    return state === 'replicating' && tail.lsn === (await primary.status()).tail.lsn;
  });
  t.deepEqual(await secondary.rows(), await primary.rows());
}

test('first copy: who has nothing gets pages, and no long log', async (t) => {
  const { primary, secondary, kinds } = await world(t);
  await followsWhole(t, primary, secondary);
  t.true(kinds.has('snapshot end'));
  t.is(secondary.partition.log.firstLsn, primary.partition.log.tail.lsn + 1n);
  await primary.insert(900_000_000);
  await until('the next row', async () => (await secondary.rows()).length === 60_001);
});

test('first copy: where no pages can be copied, the records come', async (t) => {
  const { primary, secondary, kinds } = await world(t);
  primary.partition.snapshot = () => Promise.reject(new Error('no room'));
  await followsWhole(t, primary, secondary);
  t.false(kinds.has('snapshot'));
  t.is(secondary.partition.log.firstLsn, 1n);
});

test('first copy: what came as pages may be torn until somebody has found it whole', async (t) => {
  const { primary, secondary } = await world(t);
  await followsWhole(t, primary, secondary);
  t.true((await secondary.status()).maybeTorn);
  await secondary.stop();
  await secondary.start();
  await until('the link to go on', async () => (await secondary.link()).state === 'streaming');
  t.true((await secondary.status()).maybeTorn, 'the partition itself remembers it');
  await secondary.handler.call('markWhole', { key });
  await secondary.handler.call('markWhole', { key });
  t.false((await secondary.status()).maybeTorn);
});

test('first copy: what a promotion was forced upon is nobody else’s any more', async (t) => {
  const { primary, secondary } = await world(t);
  await followsWhole(t, primary, secondary);
  await secondary.handler.call('promote', { key, anyway: true });
  t.like(await secondary.status(), { maybeTorn: false, role: 'primary', state: 'online' });
});
