// Failback: the old primary takes back what it did by itself, keeps it as rows, and follows.

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { caughtUp, refusalOf, sameRows, stateOf, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';

const allItems = 'SELECT * FROM shop.item ORDER BY id';

function from(cluster: TestClusterProcess): string {
  return `FROM root:'secret'@127.0.0.1:${cluster.port}`;
}

async function pair(t: ExecutionContext) {
  const a = await TestClusterProcess.start(t, { leaves: 2 });
  const b = await TestClusterProcess.start(t, { leaves: 1 });
  await a.query('CREATE DATABASE shop PARTITIONS 3');
  await a.query(
    'CREATE TABLE shop.item (id BIGINT PRIMARY KEY, v TEXT, price DECIMAL(10,2), tag JSON)',
  );
  await a.query('CREATE REFERENCE TABLE shop.country (code CHAR(2) PRIMARY KEY, name TEXT)');
  await a.query("INSERT INTO shop.country VALUES ('de', 'Germany')");
  const rows = Array.from({ length: 12 }, (_, id) => `(${id}, 'v${id}', ${id}.50, '{"n": ${id}}')`);
  await a.query(`INSERT INTO shop.item VALUES ${rows.join()}`);
  await replicate(b, `REPLICATE DATABASE shop ${from(a)}`);
  await caughtUp(b, 'shop');
  return { a, b };
}

test('failback: what the old primary did is rescued as rows, and it follows', async (t) => {
  const { a, b } = await pair(t);
  await b.query('STOP REPLICATING shop');
  const notes = await b.query('SHOW WARNINGS');
  t.true(notes.some((row) => /shop_0 begins term 2:\d+/.test(String(row['Message']))));
  await a.query("UPDATE shop.item SET v = 'lost', price = 99.99 WHERE id = 1");
  await a.query('DELETE FROM shop.item WHERE id = 2');
  await a.query("INSERT INTO shop.item VALUES (100, 'only here', 1.25, NULL)");
  await a.query("UPDATE shop.country SET name = 'Deutschland'");
  await a.query('BEGIN');
  await a.query("UPDATE shop.item SET tag = '[1, 2]' WHERE id BETWEEN 5 AND 9");
  await a.query('COMMIT');
  await b.query("INSERT INTO shop.item VALUES (200, 'at b', 2, NULL)");
  await b.query('ALTER TABLE shop.item ADD COLUMN extra INT DEFAULT 3');
  await replicate(a, `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${from(b)}`);
  const said = (await a.query('SHOW WARNINGS')).map((row) => String(row['Message']));
  t.true(
    said.some((text) => /shop_0 went back to LSN \d+/.test(text)),
    said.join('\n'),
  );
  await caughtUp(a, 'shop');
  await sameRows(a, b, allItems);
  await sameRows(a, b, 'SELECT * FROM shop.country');
  t.is(await refusalOf(a, "INSERT INTO shop.item (id, v) VALUES (300, 'x')"), 1290);
  const rescued = await a.query(
    `SELECT table_name, operation, old_values->>'$.v' AS v, new_values->>'$.id' AS id,
      new_values->>'$.price' AS price, verdict FROM shop_rescued.changes
      WHERE transaction_id IS NULL ORDER BY committed_at, lsn`,
  );
  const told = rescued.map((row) => Object.values(row).join());
  t.deepEqual(told.toSorted(), [
    'country,update,,,,committed',
    'item,delete,v2,,,committed',
    'item,insert,,100,1.25,committed',
    'item,update,v1,1,99.99,committed',
  ]);
  const shared = await a.query(
    `SELECT new_values->'$.tag' AS tag, count(DISTINCT transaction_id) AS n, count(*) AS c
      FROM shop_rescued.changes WHERE transaction_id IS NOT NULL GROUP BY 1`,
  );
  t.is(shared.length, 1);
  t.is(Number(shared[0]?.['n']), 1);
  t.is(Number(shared[0]?.['c']), 5);
});

test('failback: in the wrong order, twice, and back again', async (t) => {
  const { a, b } = await pair(t);
  const back = `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL`;
  t.is(await refusalOf(a, `${back} ${from(b)}`), 1105, 'b is a secondary still');
  t.is(await refusalOf(b, `${back} ${from(a)}`), 1769, 'b follows well');
  t.is(await refusalOf(a, `STOP REPLICATING shop`), 1793);
  await b.query('STOP REPLICATING shop');
  t.is(await refusalOf(b, 'STOP REPLICATING shop'), 1793);
  await a.query(`${back} ${from(b)}`);
  t.is(await refusalOf(a, `${back} ${from(b)}`), 1769);
  t.is(await refusalOf(b, `${back} ${from(a)}`), 1105, 'a is a secondary now');
  await caughtUp(a, 'shop');
  await b.query("INSERT INTO shop.item (id, v) VALUES (50, 'b')");
  await caughtUp(a, 'shop');
  await sameRows(a, b, allItems);
  await a.query('STOP REPLICATING shop');
  await b.query(`${back} ${from(a)}`);
  await a.query("INSERT INTO shop.item (id, v) VALUES (51, 'a')");
  await sameRows(a, b, allItems);
  t.is(await stateOf(b, 'shop'), 'replicating');
  t.is((await a.list('SHOW DATABASES')).includes('shop_rescued'), false, 'nothing was lost');
  await b.query('DROP DATABASE shop');
  await b.query('CREATE DATABASE shop PARTITIONS 3');
  t.is(await refusalOf(b, `${back} ${from(a)}`), 1105, 'nothing in common');
  await b.query('DROP DATABASE shop');
  await b.query('CREATE DATABASE shop PARTITIONS 4');
  t.is(await refusalOf(b, `${back} ${from(a)}`), 1105, 'another partition count');
  await b.query('DROP DATABASE shop');
  await b.query(`${back} ${from(a)}`);
  await caughtUp(b, 'shop');
  await sameRows(a, b, allItems);
});

/** Tells both, at once, to go back and follow the other; answers the errors, null where it did. */
async function bothBack(a: TestClusterProcess, b: TestClusterProcess, shop: string) {
  const back = async (at: TestClusterProcess, to: TestClusterProcess) => {
    try {
      await replicate(at, `REPLICATE DATABASE ${shop} WITH FORCE DIFFERENTIAL ${from(to)}`);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  return await Promise.all([back(a, b), back(b, a)]);
}

test('failback: of both sides at once: one of them stays the primary, always', async (t) => {
  const { a, b } = await pair(t);
  await b.query('STOP REPLICATING shop');
  await a.query("INSERT INTO shop.item (id, v) VALUES (50, 'a'), (51, 'a'), (52, 'a')");
  await b.query("INSERT INTO shop.item (id, v) VALUES (60, 'b'), (61, 'b'), (62, 'b')");
  let errors = await bothBack(a, b, 'shop');
  for (const error of errors)
    if (error !== null) t.regex(error, /about to go back|provisioning|is a secondary/);
  t.true(errors.filter((error) => error === null).length <= 1, JSON.stringify(errors));
  const states = async () => [await stateOf(a, 'shop'), await stateOf(b, 'shop')];
  t.true((await states()).includes('online'));
  // Where both were refused nothing has happened, and one of them alone does it.
  if (errors[0] !== null && errors[1] !== null) {
    t.deepEqual(await states(), ['online', 'online']);
    await replicate(a, `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${from(b)}`);
    errors = [null, ''];
  }
  const [near, far] = errors[0] === null ? [a, b] : [b, a];
  await caughtUp(near, 'shop');
  await sameRows(a, b, allItems);
  const ids = (await far.list('SELECT id FROM shop.item WHERE id >= 50')).map(Number);
  const rescued = await near.list("SELECT new_values->>'$.id' FROM shop_rescued.changes");
  const all = [...ids, ...rescued.map(Number)].toSorted((x, y) => x - y);
  t.deepEqual(all, [50, 51, 52, 60, 61, 62], 'what either wrote is there, or rescued');
});

test('failback: definitions of the old primary are rescued, and a snapshot helps', async (t) => {
  const { a, b } = await pair(t);
  await b.query('STOP REPLICATING shop');
  await a.query("INSERT INTO shop.item VALUES (100, 'before', 1, NULL)");
  await a.query('ALTER TABLE shop.item ADD COLUMN more INT DEFAULT 1');
  await a.query("INSERT INTO shop.item VALUES (101, 'after', 1, NULL, 2)");
  await a.query('CREATE TABLE shop.own (id INT PRIMARY KEY)');
  await a.query('INSERT INTO shop.own VALUES (7)');
  await b.query("INSERT INTO shop.item VALUES (200, 'at b', 2, NULL)");
  await replicate(a, `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL ${from(b)}`);
  await caughtUp(a, 'shop');
  await sameRows(a, b, allItems);
  await sameRows(a, b, 'SHOW TABLES FROM shop');
  const rescued = await a.query(
    `SELECT DISTINCT table_name, operation, new_values->>'$.id' AS id, new_values->>'$.more' AS more
      FROM shop_rescued.changes WHERE operation = 'insert' ORDER BY table_name, id`,
  );
  t.deepEqual(
    rescued.map((row) => Object.values(row).join()),
    ['item,insert,100,', 'item,insert,101,2', 'own,insert,7,'],
  );
  const [definitions] = await a.query(
    "SELECT count(*) AS n FROM shop_rescued.changes WHERE operation = 'definition'",
  );
  t.true(Number(definitions?.['n']) >= 2);
  await b.query('CREATE TABLE shop.later (id INT PRIMARY KEY)');
  await b.query('INSERT INTO shop.later VALUES (1)');
  await sameRows(a, b, 'SELECT * FROM shop.later');
});
