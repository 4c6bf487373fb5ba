// Following: the secondary is the primary at some LSN, whatever is cut, restarted or damaged.

import test from 'ava';
import { stat } from 'node:fs/promises';
import { linkFilePath } from '#leaf/replication/link-file.ts';
import { key, leafPair, Network, TestLeaf } from '#test/support/leaf-world.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { insertOf, tagOf, writeOf } from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

async function equal(primary: TestLeaf, secondary: TestLeaf): Promise<void> {
  await until(
    'the secondary to have what the primary has',
    async () => {
      const [a, b] = [await primary.status(), await secondary.status()];
      const isEqual = a.tail.lsn === b.tail.lsn && a.replay.lsn === b.replay.lsn;
      return isEqual && b.state !== 'provisioning';
    },
    20_000,
  );
}

/** Fills the log, and then forgets its beginning, so that only a snapshot helps. */
async function trim(primary: TestLeaf, from: number): Promise<void> {
  const { log } = primary.partition;
  const first = log.firstLsn;
  for (let round = 0; log.firstLsn === first; round++) {
    const text = `INSERT INTO account (id, balance) WITH RECURSIVE n(i) AS
      (SELECT ${from + round * 1000} UNION ALL SELECT i + 1 FROM n LIMIT 1000)
      SELECT i, 1 FROM n`;
    await primary.handler.call('write', { key, ...writeOf(text) });
    await primary.partition.maintain();
  }
}

const tight = {
  segmentBytesMax: 4096,
  retention: { keptBytesMin: 0, logSizeBytesMax: 0, ageMsMax: 1000 },
};

test('link: follows from the first record, and goes on as the primary writes', async (t) => {
  const { primary, secondary } = await leafPair(t);
  await primary.insert(1, 2);
  t.is((await secondary.status()).state, 'provisioning');
  await secondary.follow(primary);
  await equal(primary, secondary);
  t.is((await secondary.status()).state, 'replicating');
  t.deepEqual(await secondary.rows(), [1, 2]);
  await primary.insert(3);
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1, 2, 3]);
  const status = await secondary.status();
  t.deepEqual(status.replay, (await primary.status()).replay);
  t.is(status.link?.state, 'streaming');
  await until('the lag to be zero', async () => (await secondary.link()).lagMs === 0);
  const confirmed = await until('the acknowledgement', async () => {
    const [follower] = (await primary.status()).followers;
    return follower !== undefined && follower.confirmed === status.tail.lsn ? follower : null;
  });
  t.is(confirmed.id, 'cluster2/shop_0');
  t.is(confirmed.address, 'test:2');
  t.is(confirmed.state, 'replicate');
  t.true(confirmed.connected);
});

test('link: writes at a secondary are refused', async (t) => {
  const { primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await equal(primary, secondary);
  await t.throwsAsync(secondary.insert(7));
});

test('link: goes on by itself when either end was restarted', async (t) => {
  const { primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await primary.insert(1);
  await equal(primary, secondary);
  const { mode } = await stat(linkFilePath(secondary.partition));
  t.is(mode & 0o777, 0o600);
  await secondary.stop();
  await primary.insert(2);
  await secondary.start();
  await equal(primary, secondary);
  await primary.stop();
  await primary.start();
  await primary.insert(3);
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1, 2, 3]);
});

test('link: a cut connection, at any item, applies every record once', async (t) => {
  const { network, primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  let items = 0;
  network.wire = (item) => (++items % 3 === 0 ? 'cut' : item);
  for (let id = 1; id <= 20; id++) await primary.insert(id);
  network.wire = (item) => item;
  network.cut();
  await equal(primary, secondary);
  t.is((await secondary.rows()).length, 20);
});

test('link: a trimmed log means a snapshot, and a cut one goes on where it was', async (t) => {
  const { network, primary, secondary } = await leafPair(t, { primary: tight });
  await trim(primary, 1);
  for (let batch = 1; batch <= 8; batch++) {
    const text = `INSERT INTO account (id, balance) WITH RECURSIVE n(i) AS
      (SELECT ${batch * 1_000_000} UNION ALL SELECT i + 1 FROM n LIMIT 20000)
      SELECT i, abs(random() % 1000000) FROM n`;
    await primary.handler.call('write', { key, ...writeOf(text) });
  }
  const offsets: number[] = [];
  const ids: string[] = [];
  network.wire = (item) => {
    if (item.kind === 'snapshot') ids.push(item.id);
    if (item.kind !== 'snapshot chunk') return item;
    offsets.push(item.offset);
    return offsets.length === 3 ? 'cut' : item;
  };
  await secondary.follow(primary);
  await until('the snapshot to be cut', () => offsets.length >= 3);
  await equal(primary, secondary);
  t.is(new Set(ids).size, 1);
  t.is(ids.length, 2);
  t.is(offsets.filter((offset) => offset === 0).length, 1);
  t.deepEqual(await secondary.rows(), await primary.rows());
  await primary.insert(900_000_000);
  await equal(primary, secondary);
  const [a, b] = [primary, secondary].map((leaf) => leaf.handler.call('checksum', { key }));
  t.deepEqual(await a, await b);
});

test('link: a secondary that was away too long takes a new snapshot', async (t) => {
  const { primary, secondary } = await leafPair(t, { primary: tight });
  await secondary.follow(primary);
  await primary.insert(900_000_000);
  await equal(primary, secondary);
  await secondary.stop();
  await trim(primary, 1);
  await secondary.start();
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), await primary.rows());
});

test('link: paused past the limit it is let go, told why, and begins anew by itself', async (t) => {
  const { network, primary, secondary } = await leafPair(t, { primary: tight });
  await secondary.follow(primary);
  await primary.insert(900_000_000);
  await equal(primary, secondary);
  await secondary.handler.call('pauseLink', { key });
  await trim(primary, 1);
  const [follower] = (await primary.status()).followers;
  t.regex(follower?.letGo ?? '', /more than the 0 bytes/);
  const told: string[] = [];
  network.wire = (item) => {
    if (item.kind === 'snapshot') told.push(item.reason);
    return item;
  };
  await secondary.follow(primary);
  await equal(primary, secondary);
  t.deepEqual(told, [follower?.letGo]);
  t.is((await primary.status()).followers[0]?.letGo, '');
  t.deepEqual(await secondary.rows(), await primary.rows());
});

test('link: a damaged batch is refused whole, and the link stops and says so', async (t) => {
  const { network, primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await primary.insert(1);
  await equal(primary, secondary);
  network.wire = (item) => {
    if (item.kind !== 'records') return item;
    const frames = Uint8Array.from(item.frames);
    frames[frames.length - 1] = (frames.at(-1) ?? 0) ^ 1;
    return { ...item, frames };
  };
  await primary.insert(2);
  await until('the link to fail', async () => (await secondary.link()).state === 'failed');
  t.regex((await secondary.link()).lastError, /CRC/);
  t.deepEqual(await secondary.rows(), [1]);
  network.wire = (item) => item;
  await secondary.follow(primary);
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1, 2]);
});

test('link: another history is told, and nothing of it is applied', async (t) => {
  const { primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await primary.insert(1);
  await equal(primary, secondary);
  await secondary.handler.call('promote', { key, anyway: false });
  await secondary.insert(2);
  const directory = temporaryDirectory(t);
  const network = new Network();
  network.add(primary);
  const third = await TestLeaf.start(network, { port: 3, directory });
  network.add(secondary);
  t.teardown(() => third.stop());
  await third.create('secondary');
  await third.follow(secondary);
  await equal(secondary, third);
  await third.follow(primary);
  await until('the divergence', async () => (await third.link()).state === 'diverged');
  t.deepEqual(await third.rows(), [1, 2]);
});

test('link: what is prepared at the primary is not visible until its verdict', async (t) => {
  const { primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await primary.insert(1);
  const { handler } = primary;
  await handler.call('write', { key, ...insertOf(2, 2, tagOf('t1', 1)) });
  await handler.call('prepare', { key, transactionId: 't1', participants: [0, 1] });
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1]);
  t.is((await secondary.status()).inDoubt?.transactionId, 't1');
  await secondary.stop();
  await secondary.start();
  t.deepEqual(await secondary.rows(), [1]);
  await handler.call('decide', { key, transactionId: 't1', verdict: 'commit' });
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1, 2]);
  await handler.call('write', { key, ...insertOf(3, 3, tagOf('t2', 2)) });
  await handler.call('prepare', { key, transactionId: 't2', participants: [0, 1] });
  await handler.call('decide', { key, transactionId: 't2', verdict: 'abort' });
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1, 2]);
});

test('link: pauses, stays paused over a restart, and goes on', async (t) => {
  const { primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await primary.insert(1);
  await equal(primary, secondary);
  await secondary.handler.call('pauseLink', { key });
  t.is((await secondary.status()).state, 'replication paused');
  await primary.insert(2);
  await secondary.stop();
  await secondary.start();
  t.is((await secondary.link()).state, 'paused');
  t.deepEqual(await secondary.rows(), [1]);
  await until('the primary to see it gone', async () => {
    return (await primary.status()).followers.every(({ connected }) => !connected);
  });
  t.true(((await primary.status()).followers[0]?.bytesKept ?? 0) > 0);
  await secondary.follow(primary);
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1, 2]);
});

test('link: a secondary can be followed itself', async (t) => {
  const { directory, network, primary, secondary } = await leafPair(t);
  const third = await TestLeaf.start(network, { port: 3, directory });
  t.teardown(() => third.stop());
  await third.create('secondary');
  await secondary.follow(primary);
  await third.follow(secondary);
  for (let id = 1; id <= 10; id++) await primary.insert(id);
  await equal(primary, third);
  t.deepEqual(await third.rows(), await primary.rows());
  t.deepEqual((await third.status()).tail, (await primary.status()).tail);
});

test('link: a secondary that gets a snapshot gives it on to who follows it', async (t) => {
  const { directory, network, primary, secondary } = await leafPair(t, { primary: tight });
  const third = await TestLeaf.start(network, { port: 3, directory });
  t.teardown(() => third.stop());
  await third.create('secondary');
  await secondary.follow(primary);
  await third.follow(secondary);
  await primary.insert(900_000_000);
  await equal(primary, third);
  await secondary.stop();
  await trim(primary, 1);
  await secondary.start();
  await equal(primary, secondary);
  await equal(primary, third);
  t.deepEqual(await third.rows(), await primary.rows());
});

test('link: promotion ends it, opens a term and takes writes; again changes nothing', async (t) => {
  const { primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await primary.insert(1);
  await equal(primary, secondary);
  const { position } = await secondary.handler.call('promote', { key, anyway: false });
  t.is(position.term, 2);
  t.deepEqual((await secondary.handler.call('promote', { key, anyway: false })).position, position);
  await secondary.insert(2);
  await secondary.stop();
  await secondary.start();
  t.deepEqual(await secondary.rows(), [1, 2]);
  t.is((await secondary.status()).link, null);
  t.is((await secondary.status()).role, 'primary');
});

test('link: a synchronous replica has a write before it is answered', async (t) => {
  const { primary, secondary: unused, directory, network } = await leafPair(t);
  await unused.stop();
  const replica = await TestLeaf.start(network, { port: 3, directory });
  t.teardown(() => replica.stop());
  await replica.create('replica');
  await replica.follow(primary, true);
  await primary.insert(1);
  await equal(primary, replica);
  await until('it to be in step', async () => {
    const { followers, tail } = await primary.status();
    return followers.some(({ confirmed }) => confirmed === tail.lsn);
  });
  for (let id = 2; id <= 10; id++) {
    await primary.insert(id);
    t.is((await replica.status()).tail.lsn, (await primary.status()).tail.lsn);
  }
  await replica.stop();
  await primary.insert(11);
  await replica.start();
  await equal(primary, replica);
  t.is((await replica.rows()).length, 11);
});

test('link: a follower that does not pull slows nobody', async (t) => {
  const { network, primary } = await leafPair(t);
  const leaf = await network.dial(1);
  const position = { term: 0, lsn: 0n, logHash: new Uint8Array(8) };
  const request = { key, followerId: 'slow/shop_0', address: 'a:1', position, resume: null };
  const stream = leaf.stream('subscribe', { ...request, anew: false, synchronous: false });
  const iterator = stream[Symbol.asyncIterator]();
  t.is((await iterator.next()).value?.kind, 'records from');
  for (let id = 1; id <= 50; id++) await primary.insert(id);
  const [follower] = (await primary.status()).followers;
  t.is(follower?.confirmed, 0n);
  t.true((follower?.bytesKept ?? 0) > 0);
  await iterator.return?.();
});

test('link: confirming what was never sent is refused', async (t) => {
  const { network, primary } = await leafPair(t);
  await primary.insert(1);
  const leaf = await network.dial(1);
  const request = { key, followerId: 'x/shop_0', lsn: 999n, newest: false };
  await t.throwsAsync(leaf.call('acknowledge', request), { message: /never sent/ });
});

test('link: what has come of shared transactions is told, and can be taken back', async (t) => {
  const { primary, secondary } = await leafPair(t);
  await secondary.follow(primary);
  await primary.insert(1);
  const { handler } = primary;
  for (const [id, verdict] of [
    [2, 'commit'],
    [3, 'abort'],
    [4, 'commit'],
  ] as const) {
    const transactionId = `t${id}`;
    await handler.call('write', { key, ...insertOf(id, id, tagOf(transactionId, id)) });
    await handler.call('prepare', { key, transactionId, participants: [0, 1] });
    await handler.call('decide', { key, transactionId, verdict });
  }
  await primary.insert(5);
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1, 2, 4, 5]);
  const shared = await secondary.handler.call('sharedTransactions', { key });
  t.deepEqual(
    shared.prepared.map(({ transactionId, decided }) => [transactionId, decided?.verdict]),
    [
      ['t2', 'commit'],
      ['t3', 'abort'],
      ['t4', 'commit'],
    ],
  );
  t.is(shared.fromTimestamp, 0n);
  await secondary.handler.call('pauseLink', { key });
  const lsn = (shared.prepared[2]?.lsn ?? 0n) - 1n;
  t.deepEqual(await secondary.handler.call('rewind', { key, lsn }), { done: true });
  t.deepEqual(await secondary.rows(), [1, 2]);
  t.is((await secondary.status()).tail.lsn, lsn);
  await secondary.follow(primary);
  await equal(primary, secondary);
  t.deepEqual(await secondary.rows(), [1, 2, 4, 5]);
});
