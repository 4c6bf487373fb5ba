// Where two histories part: found by halves, whatever either log no longer holds.

import test from 'ava';
import type { Log } from '#leaf/log/log.ts';
import { findSharedPosition } from '#leaf/replication/shared-position.ts';
import type { Position } from '#shared/log/lsn.ts';
import type { Containment } from '#shared/wire/message.ts';
import { key, leafPair } from '#test/support/leaf-world.ts';
import { writeOf } from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

/** Two logs by their first and last LSN, the same up to `parting`. */
function shared(ours: [bigint, bigint], theirs: [bigint, bigint], parting: bigint) {
  const positionAt = (lsn: bigint): Position => ({ term: 1, lsn, logHash: new Uint8Array(8) });
  const reader = { positionAt, prepare: async () => undefined };
  const log = { firstLsn: ours[0], tail: positionAt(ours[1]), reader } as unknown;
  let asked = 0;
  const ask = async ({ lsn }: Position): Promise<Containment> => {
    asked += 1;
    if (lsn > theirs[1]) return 'ahead';
    if (lsn < theirs[0] - 1n) return 'dropped';
    return lsn <= parting ? 'same' : 'different';
  };
  return { found: findSharedPosition(log as Log, ask), asked: () => asked };
}

test('shared position: every parting of two small logs is found', async (t) => {
  for (let tail = 1n; tail <= 9n; tail++) {
    for (let theirTail = 1n; theirTail <= 9n; theirTail++) {
      for (let parting = 0n; parting <= tail && parting <= theirTail; parting++) {
        for (let first = 1n; first <= tail; first++) {
          for (let theirFirst = 1n; theirFirst <= theirTail; theirFirst++) {
            const { found } = shared([first, tail], [theirFirst, theirTail], parting);
            const isThere = parting >= first - 1n && parting >= theirFirst - 1n;
            const expected = isThere ? parting : null;
            const message = `${first}-${tail} ${theirFirst}-${theirTail} ${parting}`;
            t.is((await found)?.lsn ?? null, expected, message);
          }
        }
      }
    }
  }
});

test('shared position: a long log is asked about few times', async (t) => {
  const { found, asked } = shared([1n, 1_000_000n], [1n, 900_000n], 654_321n);
  t.is((await found)?.lsn, 654_321n);
  t.true(asked() < 25);
});

test('shared position: two leaves find it; what is beyond is told and taken back', async (t) => {
  const { primary: old, secondary: fresh } = await leafPair(t);
  await old.insert(1, 2, 3);
  await fresh.follow(old);
  await until('the rows', async () => {
    const { tail, state } = await fresh.status();
    return state === 'replicating' && tail.lsn === (await old.status()).tail.lsn;
  });
  const parting = (await old.status()).tail.lsn;
  await fresh.handler.call('promote', { key, anyway: false });
  await old.insert(10, 11);
  await fresh.insert(20);
  await old.handler.call('demote', { key });
  const ticket = { claims: new Uint8Array(1), key: new Uint8Array(1) };
  const source = { address: { host: 'test', port: 2 }, key, ticket };
  const answer = await old.handler.call('sharedPosition', { key, source });
  t.is(answer.shared?.lsn, parting);
  t.is(answer.tail, parting + 2n);
  const lsns: bigint[] = [];
  for await (const item of old.handler.stream('changesAfter', { key, lsn: parting })) {
    if (item.kind === 'changes') lsns.push(...item.changes.map(({ lsn }) => lsn));
    else
      t.deepEqual(
        item.tables.map(({ name }) => name),
        ['account'],
      );
  }
  t.deepEqual(lsns, [parting + 1n, parting + 2n]);
  t.deepEqual(await old.handler.call('rewind', { key, lsn: parting }), { done: true });
  await old.follow(fresh);
  await until('the old one to follow', async () => {
    return JSON.stringify(await old.rows()) === JSON.stringify([1, 2, 3, 20]);
  });
  await t.throwsAsync(old.insert(30));
});

test('shared position: gone from a log, so a snapshot takes the place of all', async (t) => {
  const retention = { keptBytesMin: 0, logSizeBytesMax: 0, ageMsMax: 1000 };
  const tight = { segmentBytesMax: 4096, retention };
  const { primary: old, secondary: fresh } = await leafPair(t, { secondary: tight });
  await old.insert(1, 2);
  await fresh.follow(old);
  await until('the rows', async () => (await fresh.rows()).length === 2);
  await fresh.handler.call('promote', { key, anyway: false });
  await old.insert(10);
  const first = fresh.partition.log.firstLsn;
  for (let from = 1000; fresh.partition.log.firstLsn === first; from += 1000) {
    const text = `INSERT INTO account (id, balance) WITH RECURSIVE n(i) AS
      (SELECT ${from} UNION ALL SELECT i + 1 FROM n LIMIT 1000) SELECT i, 1 FROM n`;
    await fresh.handler.call('write', { key, ...writeOf(text) });
    await fresh.partition.maintain();
  }
  await old.handler.call('demote', { key });
  const ticket = { claims: new Uint8Array(1), key: new Uint8Array(1) };
  const source = { address: { host: 'test', port: 2 }, key, ticket };
  t.is((await old.handler.call('sharedPosition', { key, source })).shared, null);
  await old.handler.call('abandonHistory', { key });
  t.is((await old.status()).state, 'provisioning');
  await t.throwsAsync(old.rows());
  await old.stop();
  await old.start();
  await old.follow(fresh);
  await until('the snapshot', async () => {
    return JSON.stringify(await old.rows()) === JSON.stringify(await fresh.rows());
  });
  t.false((await old.rows()).includes(10));
  t.is((await old.status()).state, 'replicating');
});
