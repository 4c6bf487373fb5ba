// REPLICATE DATABASE between two clusters of this process: it follows, and refuses with a reason.

import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { caughtUp, sameRows, stateOf, replicate } from '#test/support/follow.ts';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';
import type { ExecutionContext } from 'ava';

async function shopPair(t: ExecutionContext) {
  const primary = await TestClusterProcess.start(t, { leaves: 2 });
  const secondary = await TestClusterProcess.start(t, { leaves: 3 });
  await primary.query('CREATE DATABASE shop');
  await primary.query('CREATE TABLE shop.item (id BIGINT AUTO_INCREMENT PRIMARY KEY, v TEXT)');
  await primary.query("INSERT INTO shop.item (v) VALUES ('a'), ('b'), ('c'), ('d')");
  const from = `FROM root:'secret'@127.0.0.1:${primary.port}`;
  return { primary, secondary, from };
}

const allItems = 'SELECT * FROM shop.item ORDER BY id';

test('replicate: rows, tables and their changes arrive; reads but no writes', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await primary.query('CREATE REFERENCE TABLE shop.country (code CHAR(2) PRIMARY KEY, name TEXT)');
  await primary.query("INSERT INTO shop.country VALUES ('de', 'Germany')");
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  t.deepEqual(await secondary.query(allItems), await primary.query(allItems));
  await primary.query('ALTER TABLE shop.item ADD COLUMN price INT NOT NULL DEFAULT 7');
  await primary.query("INSERT INTO shop.item (v, price) VALUES ('e', 9)");
  await primary.query('CREATE TABLE shop.later (id INT PRIMARY KEY)');
  await primary.query('INSERT INTO shop.later VALUES (1), (2), (3), (4), (5)');
  await primary.query("UPDATE shop.item SET v = 'z' WHERE id = 1");
  await primary.query('DELETE FROM shop.item WHERE id = 2');
  await sameRows(primary, secondary, allItems);
  await sameRows(primary, secondary, 'SELECT * FROM shop.later ORDER BY id');
  await sameRows(primary, secondary, 'SELECT * FROM shop.country ORDER BY code');
  for (const sql of [
    "INSERT INTO shop.item (v) VALUES ('x')",
    'UPDATE shop.item SET v = NULL',
    'DELETE FROM shop.later',
    'CREATE TABLE shop.own (id INT PRIMARY KEY)',
    'DROP TABLE shop.item',
  ]) {
    const error = await t.throwsAsync(secondary.query(sql), undefined, sql);
    t.is((error as { errno?: number }).errno, 1290, sql);
  }
  t.deepEqual(
    await secondary.query('SHOW TABLES FROM shop'),
    await primary.query('SHOW TABLES FROM shop'),
  );
});

test('replicate: rows that move to other partitions, and what stays in their way', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await primary.query(
    'CREATE VIEW shop.chain AS WITH RECURSIVE c AS (SELECT MIN(id) AS id FROM shop.item ' +
      'UNION ALL SELECT i.id FROM c JOIN shop.item i ON i.id = c.id + 100) SELECT id FROM c',
  );
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  await primary.query('UPDATE shop.item SET id = id * 100, v = CONCAT(v, id)');
  await sameRows(primary, secondary, allItems);
  await primary.query('UPDATE IGNORE shop.item SET v = NULL WHERE id > 200');
  await primary.query('UPDATE shop.item SET id = 5 WHERE id = 400');
  await t.throwsAsync(primary.query('UPDATE shop.item SET id = 5 WHERE id = 300'));
  await sameRows(primary, secondary, allItems);
  await sameRows(primary, secondary, 'SELECT * FROM shop.chain ORDER BY id');
  const totals = 'SELECT id % 2 AS odd, COUNT(v) FROM shop.item GROUP BY odd WITH ROLLUP';
  t.deepEqual(await secondary.query(totals), await primary.query(totals));
  t.is((await primary.query(allItems)).length, 4);
});

test('replicate: who is told that it follows finds its tables, after snapshots too', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  // Without the log from its beginning, who comes anew needs a snapshot.
  await primary.query('SNAPSHOT DATABASE shop');
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await until('the copy', async () => (await stateOf(secondary, 'shop')) === 'replicating');
  t.deepEqual(await secondary.query(allItems), await primary.query(allItems));
});

test('replicate: views arrive with their tables, under another name too, and stay', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await primary.query(
    'CREATE VIEW shop.few AS SELECT id, upper(v) AS v FROM shop.item WHERE id < 3',
  );
  await primary.query('CREATE VIEW shop.fewer AS SELECT v FROM shop.few ORDER BY id DESC LIMIT 1');
  await primary.query('CREATE VIEW shop.gone AS SELECT 1 AS one');
  await replicate(secondary, `REPLICATE DATABASE mirror ${from}/shop`);
  await caughtUp(secondary, 'mirror');
  const fewer = async () => (await secondary.query('SELECT * FROM mirror.fewer'))[0]?.['v'];
  t.is(await fewer(), 'B');
  await primary.query('DROP VIEW shop.gone');
  await primary.query(
    'CREATE OR REPLACE VIEW shop.few AS SELECT id, v AS v FROM shop.item WHERE id < 4',
  );
  await until('the new view', async () => (await fewer()) === 'c');
  t.is((await secondary.query('SHOW TABLES FROM mirror')).length, 3);
  const error = await t.throwsAsync(secondary.query('DROP VIEW mirror.few'));
  t.is((error as { errno?: number }).errno, 1290);
  await caughtUp(secondary, 'mirror');
  await secondary.query('STOP REPLICATING mirror');
  await secondary.query('DELETE FROM mirror.item WHERE id = 3');
  t.is(await fewer(), 'b');
  await secondary.query('ALTER VIEW mirror.few AS SELECT id, v FROM mirror.item');
  t.is(await fewer(), 'd');
  await secondary.stop();
  await secondary.start();
  await until('the leaves', async () => (await fewer()) === 'd');
});

test('replicate: generated columns are computed where their rows arrive', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await primary.query(
    `CREATE TABLE shop.sale (id INT PRIMARY KEY, price DECIMAL(8,2), n INT, note VARCHAR(20),
      total DECIMAL(10,2) AS (price * n) STORED, shout VARCHAR(20) AS (upper(note)), KEY (shout))`,
  );
  await primary.query("INSERT INTO shop.sale (id, price, n, note) VALUES (1, 2.5, 2, 'a')");
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  const rows = Array.from({ length: 50 }, (_, i) => `(${i + 2}, ${i}.25, ${i}, 'n${i}')`);
  await primary.query(`INSERT INTO shop.sale (id, price, n, note) VALUES ${rows.join(', ')}`);
  await primary.query("UPDATE shop.sale SET n = 7, note = 'seven' WHERE id = 1");
  await primary.query('UPDATE shop.sale SET price = price + 1 WHERE total > 100');
  await primary.query('DELETE FROM shop.sale WHERE id = 9');
  await primary.query("REPLACE INTO shop.sale (id, price, n, note) VALUES (3, 1, 1, 'again')");
  await primary.query('BEGIN');
  await primary.query('UPDATE shop.sale SET n = n + 1');
  await primary.query("INSERT INTO shop.sale (id, price, n, note) VALUES (100, 3, 3, 'x')");
  await primary.query('COMMIT');
  await primary.query('ALTER TABLE shop.sale ADD COLUMN half DECIMAL(10,3) AS (total / 2)');
  await primary.query('UPDATE shop.sale SET price = 5 WHERE id = 5');
  const all = 'SELECT * FROM shop.sale ORDER BY id';
  await sameRows(primary, secondary, all);
  const sold = await secondary.query('SELECT total, half, shout FROM shop.sale WHERE id = 1');
  t.deepEqual({ ...sold[0] }, { total: '20.00', half: '10.000', shout: 'SEVEN' });
  await caughtUp(secondary, 'shop');
  const [report] = await secondary.query('CHECK REPLICATION ON shop');
  t.regex(JSON.stringify(report), /equal/i);
  await secondary.stop();
  await secondary.start();
  await sameRows(primary, secondary, all);
  await secondary.query('STOP REPLICATING shop');
  await secondary.query("INSERT INTO shop.sale (id, price, n, note) VALUES (200, 2, 2, 'y')");
  const [own] = await secondary.query('SELECT total FROM shop.sale WHERE id = 200');
  t.is(own?.['total'], '4.00');
});

test('replicate: a transaction over partitions arrives whole', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  for (let round = 1; round <= 10; round++) {
    await primary.query('BEGIN');
    await primary.query(`UPDATE shop.item SET v = '${round}'`);
    await primary.query(round % 3 === 0 ? 'ROLLBACK' : 'COMMIT');
  }
  await sameRows(primary, secondary, allItems);
  t.is((await secondary.query(allItems))[0]?.['v'], '10');
});

test('replicate: both clusters may be restarted, and it goes on by itself', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  await secondary.stop();
  await primary.query("INSERT INTO shop.item (v) VALUES ('while away')");
  await secondary.start();
  await sameRows(primary, secondary, allItems);
  await primary.stop();
  t.is((await secondary.query(allItems)).length, 5);
  await primary.start();
  await primary.query("INSERT INTO shop.item (v) VALUES ('back')");
  await sameRows(primary, secondary, allItems);
});

test('replicate: pause keeps the rows as they are, continue brings the rest', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  await secondary.query('PAUSE REPLICATING shop');
  t.is(await stateOf(secondary, 'shop'), 'replication paused');
  await primary.query("INSERT INTO shop.item (v) VALUES ('e')");
  t.is((await secondary.query(allItems)).length, 4);
  await secondary.stop();
  await secondary.start();
  await until('the leaves', async () => (await secondary.query(allItems)).length === 4);
  t.is(await stateOf(secondary, 'shop'), 'replication paused');
  await secondary.query('CONTINUE REPLICATING shop');
  await sameRows(primary, secondary, allItems);
  await caughtUp(secondary, 'shop');
});

test('replicate: stop promotes, and numbers go on above', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await primary.query('CREATE TABLE shop.keyless (v INT)');
  await primary.query('INSERT INTO shop.keyless VALUES (1), (2), (3)');
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  await secondary.query('STOP REPLICATING shop');
  t.is(await stateOf(secondary, 'shop'), 'online');
  await secondary.query("INSERT INTO shop.item (v) VALUES ('new')");
  const [newest] = await secondary.query('SELECT max(id) AS id FROM shop.item');
  t.is(newest?.['id'], 5);
  await secondary.query('INSERT INTO shop.keyless VALUES (4)');
  await secondary.query('CREATE TABLE shop.own (id INT PRIMARY KEY)');
  await primary.query("INSERT INTO shop.item (v) VALUES ('x'), ('y')");
  const error = await t.throwsAsync(secondary.query('STOP REPLICATING shop'));
  t.is((error as { errno?: number }).errno, 1793);
  await secondary.stop();
  await secondary.start();
  await until('the leaves', async () => (await secondary.query(allItems)).length === 5);
  await secondary.query('DROP DATABASE shop');
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await sameRows(primary, secondary, allItems);
});

test('replicate: another name, the same cluster, a secondary of a secondary', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await replicate(primary, `REPLICATE DATABASE copy ${from}/shop`);
  await replicate(secondary, `REPLICATE DATABASE middle ${from}/shop`);
  await caughtUp(primary, 'copy');
  await caughtUp(secondary, 'middle');
  const third = `FROM root:'secret'@127.0.0.1:${secondary.port}/middle`;
  await replicate(primary, `REPLICATE DATABASE last ${third}`);
  await caughtUp(primary, 'last');
  await primary.query("INSERT INTO shop.item (v) VALUES ('e'), ('f')");
  const expected = await primary.query(allItems);
  await until('the chain', async () => {
    const rows = await primary.query('SELECT * FROM last.item ORDER BY id');
    return JSON.stringify(rows) === JSON.stringify(expected);
  });
  await until('the copy', async () => {
    const rows = await primary.query('SELECT * FROM copy.item ORDER BY id');
    return JSON.stringify(rows) === JSON.stringify(expected);
  });
  await until('it to be told who follows', async () => {
    const replicas = await secondary.query('SHOW REPLICAS');
    return replicas.some((row) => row['Database'] === 'middle' && row['Connected'] === 'yes');
  });
  t.pass();
});

test('replicate: the password is nowhere to be read', async (t) => {
  const { primary, secondary } = await shopPair(t);
  await primary.query("CREATE USER repl IDENTIFIED BY 'vErYsEcReT'");
  await primary.query('GRANT REPLICATION ON shop.* TO repl');
  const from = `FROM repl:'vErYsEcReT'@127.0.0.1:${primary.port}`;
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  for (const sql of [
    'SHOW REPLICATION STATUS',
    'SHOW DATABASES EXTENDED',
    'USING shop SHOW DATABASE STATUS',
    'SHOW CLUSTER STATUS',
    'SHOW PROCESSLIST',
    'EXPLAIN STOP REPLICATING shop',
    'SELECT * FROM information_schema.MV_REPLICATION_STATUS',
    'SELECT * FROM information_schema.DISTRIBUTED_DATABASES',
  ]) {
    const rows = await secondary.query(sql);
    t.true(rows.length > 0, sql);
    t.false(JSON.stringify(rows).includes('vErYsEcReT'), sql);
  }
  await secondary.stop();
  const files = readdirSync(secondary.directory, { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    const bytes = readFileSync(join(file.parentPath, file.name));
    t.false(bytes.includes('vErYsEcReT'), file.name);
  }
});

test('replicate: stopped under load, every transfer is whole or not there', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await primary.query('CREATE TABLE shop.account (id INT PRIMARY KEY, balance INT NOT NULL)');
  const ids = Array.from({ length: 20 }, (_, id) => id);
  await primary.query(`INSERT INTO shop.account VALUES ${ids.map((id) => `(${id}, 100)`).join()}`);
  await replicate(secondary, `REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  let transfers = 0;
  let isOver = false;
  async function transfer(seed: number): Promise<void> {
    const client = await primary.connect('root', 'secret');
    for (let round = seed; !isOver; round++) {
      const [a, b] = [(round * 7) % 20, (round * 7 + 1 + seed) % 20].toSorted((x, y) => x - y);
      try {
        await client.query('BEGIN');
        await client.query(`UPDATE shop.account SET balance = balance - 1 WHERE id = ${a}`);
        await client.query(`UPDATE shop.account SET balance = balance + 1 WHERE id = ${b}`);
        await client.query('COMMIT');
        transfers++;
      } catch {
        await client.query('ROLLBACK');
      }
    }
    client.destroy();
  }
  const clients = [1, 2, 3].map(transfer);
  await until('some transfers', () => transfers > 50);
  await secondary.query('STOP REPLICATING shop');
  isOver = true;
  await Promise.all(clients);
  const [sum] = await secondary.query('SELECT sum(balance) AS total FROM shop.account');
  t.is(Number(sum?.['total']), 2000);
  await secondary.query('UPDATE shop.account SET balance = 1');
  t.is(await stateOf(secondary, 'shop'), 'online');
});
