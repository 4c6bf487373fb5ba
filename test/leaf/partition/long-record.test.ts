// A long record of a primary holds up nobody at its secondary, and leads to the same rows.

import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { createTestPartition, rowsOf, writeOf } from '#test/support/test-partition.ts';

/** More bytes than one turn applies. */
const ROWS = 20_000;
const FILL = `
  INSERT INTO account (id, balance)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
  SELECT i, i FROM n`;

test('long record: applied in turns, even where far rows exchange unique values', async (t) => {
  const primary = await createTestPartition(t);
  const secondary = await createTestPartition(t, { role: 'secondary' });
  t.teardown(() => Promise.all([primary.close(), secondary.close()]));
  const unique = 'CREATE UNIQUE INDEX balances ON account (balance)';
  await primary.define({ version: 2, sqlite: [unique], put: [], drop: [] });
  const atTwo = { catalogVersion: 2 };
  await primary.write({ ...writeOf(FILL), ...atTwo });
  const texts = [
    'UPDATE account SET balance = balance + 100000 WHERE id > 1 AND id < ?',
    'UPDATE account SET balance = 0 WHERE id = ?',
    'UPDATE account SET balance = (SELECT id FROM account WHERE id = ?) WHERE id = 1',
    'UPDATE account SET balance = 1 WHERE id = ?',
  ];
  const steps = texts.flatMap((sql) => writeOf(sql, [BigInt(ROWS)]).steps);
  await primary.write({ ...writeOf(FILL), ...atTwo, steps });
  let turns = 0;
  let applied = false;
  const counting = (async () => {
    for (; !applied; turns += 1) await turn();
  })();
  const { log } = primary;
  for (let lsn = secondary.log.tail.lsn; lsn < log.tail.lsn; lsn = secondary.log.tail.lsn) {
    await secondary.applyFrames(log.read(lsn, 1));
  }
  applied = true;
  await counting;
  t.true(turns > 10, 'others had their turns');
  await secondary.markProvisioned();
  const sql = 'SELECT count(*), sum(balance), sum(id * balance) FROM account';
  const first = await rowsOf(primary, 'SELECT balance FROM account WHERE id = 1', atTwo);
  t.deepEqual(first, [[ROWS]]);
  t.deepEqual(await rowsOf(secondary, sql, atTwo), await rowsOf(primary, sql, atTwo));
});
