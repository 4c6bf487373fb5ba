// A link compares its partition with the primary's: by itself, under writes, over lost connections.

import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { CheckReport } from '#shared/wire/content-message.ts';
import { key, leafPair, type TestLeaf } from '#test/support/leaf-world.ts';
import { writeOf } from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

async function pair(t: ExecutionContext, checkIntervalMs = 0) {
  const { network, primary, secondary } = await leafPair(t, { checkIntervalMs });
  await primary.insert(...Array.from({ length: 300 }, (_, id) => id));
  await secondary.follow(primary);
  await until('the secondary to follow', async () => {
    return (
      (await secondary.status()).state === 'replicating' && (await secondary.link()).lagMs === 0
    );
  });
  return { network, primary, secondary };
}

async function check(secondary: TestLeaf, rows = true): Promise<CheckReport> {
  const { number } = await secondary.handler.call('checkLink', { key, rows });
  return until('the check to end', async () => {
    const { report } = await secondary.handler.call('linkReport', { key });
    const isDone = report !== null && report.number >= number && report.endedMs > 0;
    return isDone ? report : null;
  });
}

/** Changes a row of the secondary that no record speaks of. */
function corrupt(secondary: TestLeaf, sql: string): void {
  const file = openWithFunctions(secondary.partition.filePath);
  file.exec(sql);
  file.close();
}

test('check: equal at the position that it says, under writes', async (t) => {
  const { primary, secondary } = await pair(t);
  let stopped = false;
  const writing = (async () => {
    const sql = 'UPDATE account SET balance = balance + 1';
    while (!stopped) await primary.handler.call('write', { key, ...writeOf(sql) });
  })();
  let lsn = 0n;
  for (let turn = 0; turn < 5; turn++) {
    const before = lsn;
    await until('a further write', async () => (await secondary.status()).replay.lsn > before);
    const report = await check(secondary);
    t.is(report.result, 'equal', report.reason);
    t.true(report.lsn > lsn);
    lsn = report.lsn;
  }
  stopped = true;
  await writing;
  await until('the secondary to have it all', async () => {
    return (await secondary.status()).replay.lsn === (await primary.status()).replay.lsn;
  });
  corrupt(secondary, 'UPDATE account SET balance = balance - 1 WHERE id = 17');
  const { result, tables, rows, isComplete } = await check(secondary);
  t.is(result, 'different');
  t.deepEqual(tables, [{ table: 'account', rowsAtPrimary: 300, rowsAtSecondary: 300 }]);
  const row = { table: 'account', key: 'id = 17', difference: 'differs', columns: ['balance'] };
  t.deepEqual(rows, [row as never]);
  t.true(isComplete);
});

test('check: by itself at its interval, and a difference is logged', async (t) => {
  const { secondary } = await pair(t, 300);
  await until('a check by itself', async () => (await secondary.link()).check?.result === 'equal');
  t.false(secondary.warnings.some((line) => line.includes('differs from its primary')));
  corrupt(secondary, 'DELETE FROM account WHERE id = 5');
  await until('the difference', async () => (await secondary.link()).check?.result === 'different');
  t.is(must((await secondary.link()).check).differences, 1);
  t.true(secondary.warnings.some((line) => line.includes('differs from its primary')));
});

test('check: a transaction in doubt is on neither side', async (t) => {
  const { primary, secondary } = await pair(t);
  const transaction = { id: 'x-1', startedAt: 1n, joined: false };
  const sql = 'UPDATE account SET balance = 0';
  await primary.handler.call('write', { key, ...writeOf(sql, [], transaction) });
  await primary.handler.call('prepare', { key, transactionId: 'x-1', participants: [0, 1] });
  await until('the prepare to arrive', async () => (await secondary.status()).inDoubt !== null);
  t.is((await check(secondary)).result, 'equal');
  await primary.handler.call('decide', { key, transactionId: 'x-1', verdict: 'commit' });
  t.is((await check(secondary)).result, 'equal');
});

test('check: begins again when the connection is lost', async (t) => {
  const { network, secondary } = await pair(t);
  let cuts = 3;
  network.wire = (item) => {
    if (item.kind !== 'check' || cuts === 0) return item;
    cuts -= 1;
    return 'cut';
  };
  const { number } = await secondary.handler.call('checkLink', { key, rows: false });
  await until('the connection to be cut', () => cuts < 3);
  const report = await until('a check', async () => {
    const { report: found } = await secondary.handler.call('linkReport', { key });
    return found !== null && found.endedMs > 0 ? found : null;
  });
  t.is(cuts, 0);
  t.is(report.number, number);
  t.is(report.result, 'equal');
});
