// REPLICATE DATABASE between two clusters of this process: it follows, and refuses with a reason.

import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { caughtUp, refusalOf, sameRows, stateOf } from '#test/support/follow.ts';
import { startMariadb } from '#test/support/mariadb.ts';
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
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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

test('replicate: who is told that it follows finds its tables, after snapshots too', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  // Without the log from its beginning, who comes anew needs a snapshot.
  await primary.query('SNAPSHOT DATABASE shop');
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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
  await secondary.query(`REPLICATE DATABASE mirror ${from}/shop`);
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
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
  await sameRows(primary, secondary, allItems);
});

test('replicate: another name, the same cluster, a secondary of a secondary', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await primary.query(`REPLICATE DATABASE copy ${from}/shop`);
  await secondary.query(`REPLICATE DATABASE middle ${from}/shop`);
  await caughtUp(primary, 'copy');
  await caughtUp(secondary, 'middle');
  const third = `FROM root:'secret'@127.0.0.1:${secondary.port}/middle`;
  await primary.query(`REPLICATE DATABASE last ${third}`);
  await caughtUp(primary, 'last');
  await primary.query("INSERT INTO shop.item (v) VALUES ('e'), ('f')");
  const expected = await primary.query(allItems);
  await until('the chain', async () => {
    const rows = await primary.query('SELECT * FROM last.item ORDER BY id');
    return JSON.stringify(rows) === JSON.stringify(expected);
  });
  t.deepEqual(await primary.query('SELECT * FROM copy.item ORDER BY id'), expected);
  const replicas = await secondary.query('SHOW REPLICAS');
  t.true(replicas.some((row) => row['Database'] === 'middle' && row['Connected'] === 'yes'));
});

test('replicate: the password is nowhere to be read', async (t) => {
  const { primary, secondary } = await shopPair(t);
  await primary.query("CREATE USER repl IDENTIFIED BY 'vErYsEcReT'");
  await primary.query('GRANT REPLICATION ON shop.* TO repl');
  const from = `FROM repl:'vErYsEcReT'@127.0.0.1:${primary.port}`;
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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

test('replicate: every refusal names its cause, and leaves nothing behind', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  const { port } = primary;
  await primary.query("CREATE USER reader IDENTIFIED BY 'pw'");
  await primary.query('GRANT SELECT ON shop.* TO reader');
  await primary.query("CREATE USER repl IDENTIFIED BY 'pw'");
  await primary.query('GRANT REPLICATION ON shop.* TO repl');
  await secondary.query('CREATE DATABASE taken');
  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.teardown(() => silent.close());
  const silentPort = (silent.address() as { port: number }).port;
  const mariadb = await startMariadb();
  t.teardown(() => mariadb?.stop());
  const at = (login: string, p = port) => `FROM ${login}@127.0.0.1:${p}`;
  const refusals: readonly (readonly [string, number, RegExp])[] = [
    [`shop ${at("root:'wrong'")}`, 1045, /refused the login/],
    [`shop ${at("nobody:'pw'")}`, 1045, /refused the login/],
    [`nothing ${from}`, 1049, /no database 'nothing'/],
    [`shop ${at("reader:'pw'")}`, 1227, /needs ALL PRIVILEGES/],
    [`shop ${at("repl:'pw'", 1)}`, 1218, /connection refused/],
    [`shop ${at("repl:'pw'", silentPort)}`, 1218, /no answer/],
    [`shop FROM repl:'pw'@no.such.host.invalid:3306`, 1218, /host name/],
    [`taken ${from}/shop`, 1007, /database exists. WITH FORCE DIFFERENTIAL has it follow/],
    [`taken ${at("root:'wrong'")}/shop`, 1007, /database exists/],
    [`information_schema ${from}/shop`, 1007, /database exists/],
    [`shop WITH PARTITIONS 16 ${from}`, 1235, /WITH PARTITIONS/],
  ];
  if (mariadb !== null) {
    const another = `shop ${at('root', mariadb.port)}`;
    const error = await t.throwsAsync(secondary.query(`REPLICATE DATABASE ${another}`));
    t.regex(error?.message ?? '', /is not a Twinleaf master aggregator/);
  }
  for (const [rest, errno, message] of refusals) {
    const error = await t.throwsAsync(secondary.query(`REPLICATE DATABASE ${rest}`), { message });
    t.is((error as { errno?: number }).errno, errno, rest);
  }
  const itself = await t.throwsAsync(primary.query(`REPLICATE DATABASE shop ${from}`));
  t.is((itself as { errno?: number }).errno, 1763);
  t.deepEqual(await secondary.list('SHOW DATABASES'), [
    'information_schema',
    'performance_schema',
    'taken',
  ]);
  t.deepEqual(
    (await secondary.query('SHOW REPLICATION STATUS')).filter((row) =>
      String(row['Database']).startsWith('shop'),
    ),
    [],
  );
  await secondary.query("CREATE USER guest IDENTIFIED BY 'pw'");
  const guest = await secondary.connect('guest', 'pw');
  t.teardown(() => guest.destroy());
  const denied = await t.throwsAsync(guest.query(`REPLICATE DATABASE shop ${from}`));
  t.true([1044, 1142, 1227].includes((denied as { errno?: number }).errno ?? 0));
  await secondary.query(`REPLICATE DATABASE shop ${at("repl:'pw'")}`);
  const again = await t.throwsAsync(secondary.query(`REPLICATE DATABASE shop ${from}`));
  t.is((again as { errno?: number }).errno, 1769);
  for (const verb of ['PAUSE', 'CONTINUE', 'STOP']) {
    const error = await t.throwsAsync(secondary.query(`${verb} REPLICATING taken`));
    t.is((error as { errno?: number }).errno, 1793, verb);
  }
});

test('replicate: a login that does not hold any more is told before it is needed', async (t) => {
  const primary = await TestClusterProcess.start(t, { leaves: 1 });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  await primary.query('CREATE DATABASE shop PARTITIONS 1');
  await primary.query('CREATE TABLE shop.item (id INT PRIMARY KEY)');
  await primary.query("CREATE USER repl IDENTIFIED BY 'first'");
  await primary.query('GRANT REPLICATION ON shop.* TO repl');
  const from = `FROM repl:'first'@127.0.0.1:${primary.port}`;
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
  await caughtUp(secondary, 'shop');
  const details = async () => {
    const rows = await secondary.query('SHOW DATABASES EXTENDED');
    return String(rows.find((row) => row['Database'] === 'shop')?.['Details']);
  };
  t.is(await details(), '');
  await primary.query("ALTER USER repl IDENTIFIED BY 'second'");
  await secondary.query('CONTINUE REPLICATING shop');
  await until('it to be told', async () => /refused the login/.test(await details()));
  // The links have their tickets, and go on.
  await primary.query('INSERT INTO shop.item VALUES (1)');
  await sameRows(primary, secondary, 'SELECT * FROM shop.item');
  t.is(await stateOf(secondary, 'shop'), 'replicating');
  const again = (word: string) =>
    `REPLICATE DATABASE shop WITH FORCE DIFFERENTIAL FROM repl:'${word}'@127.0.0.1:${primary.port}`;
  t.is(await refusalOf(secondary, again('first')), 1045);
  await secondary.query(again('second'));
  await until('it to be told no more', async () => (await details()) === '');
  t.is(await refusalOf(secondary, again('second')), 1769);
  await primary.query('INSERT INTO shop.item VALUES (2)');
  await sameRows(primary, secondary, 'SELECT * FROM shop.item');
});

test('replicate: a newer primary is refused, an unreachable leaf is named', async (t) => {
  const newer = await TestClusterProcess.start(t, { leaves: 1, version: '99.0.0' });
  const hidden = await TestClusterProcess.start(t, { leaves: 1, advertiseHost: 'leaf.invalid' });
  const secondary = await TestClusterProcess.start(t, { leaves: 1 });
  for (const primary of [newer, hidden]) await primary.query('CREATE DATABASE shop');
  const from = (primary: TestClusterProcess) => `FROM root:'secret'@127.0.0.1:${primary.port}`;
  await t.throwsAsync(secondary.query(`REPLICATE DATABASE shop ${from(newer)}`), {
    message: /runs version 99\.0\.0, newer than/,
  });
  const error = await t.throwsAsync(secondary.query(`REPLICATE DATABASE shop ${from(hidden)}`));
  t.is((error as { errno?: number }).errno, 1735);
  t.regex(
    error?.message ?? '',
    /127\.0\.0\.1:\d+ of this cluster cannot reach leaf leaf\.invalid:/,
  );
  t.deepEqual((await secondary.list('SHOW DATABASES')).includes('shop'), false);
});

test('replicate: stopped under load, every transfer is whole or not there', async (t) => {
  const { primary, secondary, from } = await shopPair(t);
  await primary.query('CREATE TABLE shop.account (id INT PRIMARY KEY, balance INT NOT NULL)');
  const ids = Array.from({ length: 20 }, (_, id) => id);
  await primary.query(`INSERT INTO shop.account VALUES ${ids.map((id) => `(${id}, 100)`).join()}`);
  await secondary.query(`REPLICATE DATABASE shop ${from}`);
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
