// Records that arrive together are applied together, and come out as one after another would.

import test from 'ava';
import { applyChanges, applyTogether } from '#leaf/partition/apply-changes.ts';
import { createTestPartition, insertOf, rowsOf, writeOf } from '#test/support/test-partition.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';

test('together: many small records in one batch lead to the same rows and position', async (t) => {
  const source = await createTestPartition(t);
  const follower = await createTestPartition(t, { role: 'secondary' });
  for (let id = 0; id < 200; id += 1) await source.write(insertOf(id, id));
  for (let id = 0; id < 200; id += 3) {
    await source.write(
      writeOf('UPDATE account SET balance = balance + 1 WHERE id = ?', [BigInt(id)]),
    );
    await source.write(writeOf('DELETE FROM account WHERE id = ?', [BigInt(id + 1)]));
    await source.write(insertOf(id + 1, 7));
  }
  await follower.applyFrames(source.log.read(0n, 1e7));
  await follower.markProvisioned();
  t.deepEqual(follower.replay, source.replay);
  t.deepEqual(await rowsOf(follower), await rowsOf(source));
  await follower.close();
  await source.close();
});

const table = 'CREATE TABLE "t" ("id" INTEGER PRIMARY KEY, "u" INTEGER UNIQUE) STRICT';

test('together: what applies only one by one changes nothing, and then applies', (t) => {
  const [source, copy] = [openWithFunctions(':memory:'), openWithFunctions(':memory:')];
  source.exec(table);
  copy.exec(table);
  const changesets = [
    ['INSERT INTO t VALUES (1, 1), (2, 2)'],
    [
      'UPDATE t SET u = 9 WHERE id = 1',
      'UPDATE t SET u = 1 WHERE id = 2',
      'UPDATE t SET u = 2 WHERE id = 1',
    ],
    ['UPDATE t SET u = 3 WHERE id = 1'],
    ['UPDATE t SET u = 2 WHERE id = 2'],
  ].map((statements) => {
    const capture = source.capture();
    for (const sql of statements) source.run(sql);
    const changeset = capture.changeset();
    capture.close();
    return changeset;
  });
  const all = 'SELECT * FROM t ORDER BY id';
  copy.run('BEGIN');
  if (!applyTogether(copy, changesets, new Uint8Array(4096))) {
    t.deepEqual(copy.all(all), []);
    for (const changeset of changesets) applyChanges(copy, changeset, 't_0');
  }
  copy.run('COMMIT');
  t.deepEqual(copy.all(all), source.all(all));
});
