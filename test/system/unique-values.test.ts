// Rows that take each other's values of unique keys, at the primary and where they arrive.

import test from 'ava';
import { caughtUp, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';

const ROWS = 12_000;

test('unique values: thousands of rows exchange them, with savepoints between', async (t) => {
  const primary = await TestClusterProcess.start(t);
  const secondary = await TestClusterProcess.start(t);
  await primary.query('CREATE DATABASE u PARTITIONS 2');
  await primary.query('USE u');
  await primary.query('CREATE TABLE queue (id INT PRIMARY KEY, place INT NOT NULL UNIQUE)');
  await primary.query(
    'CREATE TABLE item (list INT, id INT, name VARCHAR(40) NOT NULL, PRIMARY KEY (list, id), ' +
      'UNIQUE KEY (list, name), SHARD KEY (list))',
  );
  const ids = Array.from({ length: ROWS }, (_, i) => i + 1);
  await primary.query(`INSERT INTO queue VALUES ${ids.map((id) => `(${id}, ${id})`).join()}`);
  const items = ids.map((id) => `(${id % 5}, ${id}, 'Größe ${id}')`);
  await primary.query(`INSERT INTO item VALUES ${items.join()}`);
  await replicate(secondary, `REPLICATE DATABASE u FROM root:'secret'@127.0.0.1:${primary.port}`);
  await caughtUp(secondary, 'u');

  const turnedAround = [
    'UPDATE queue SET place = -place',
    `UPDATE queue SET place = ${ROWS + 2} + place`,
    "UPDATE item SET name = CONCAT('#', id)",
    `UPDATE item SET name = CONCAT('GROSSE ', ${ROWS + 1} - id) WHERE id <= ${ROWS}`,
  ];
  const order = ['queue', 'item'].map((table) => `SELECT * FROM u.${table} ORDER BY id`);
  const rowsOf = async (cluster: TestClusterProcess) =>
    JSON.stringify([await cluster.query(order[0] ?? ''), await cluster.query(order[1] ?? '')]);
  const before = await rowsOf(primary);
  for (const statements of [
    ['UPDATE queue SET place = place + 1 ORDER BY place DESC'],
    ['BEGIN', ...turnedAround, 'COMMIT'],
    ['BEGIN', ...turnedAround, 'SAVEPOINT a', ...turnedAround, 'SAVEPOINT b', ...turnedAround],
    ['ROLLBACK TO a', 'DELETE FROM queue WHERE id % 7 = 0'],
    [`INSERT INTO queue SELECT id + ${ROWS}, id FROM queue WHERE id % 7 = 1`],
    ['SAVEPOINT c', ...turnedAround, 'COMMIT'],
  ]) {
    for (const statement of statements) await primary.query(statement);
  }
  const rows = await rowsOf(primary);
  t.not(rows, before);
  await caughtUp(secondary, 'u');
  t.true((await rowsOf(secondary)) === rows);
  const checked = await secondary.query('CHECK REPLICATION ON u');
  t.deepEqual(
    checked.map((row) => row['Result']),
    ['equal', 'equal', 'equal'],
  );
});
