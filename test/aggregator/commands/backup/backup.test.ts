// BACKUP, RESTORE and SNAPSHOT DATABASE on a whole cluster: what comes back, and what is refused.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, mkdir, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { TestClusterProcess } from '#test/support/two-clusters.ts';
import { until } from '#test/support/wait.ts';

const schema = [
  'CREATE DATABASE shop PARTITIONS 4',
  'CREATE TABLE shop.item (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40), price INT)',
  'CREATE TABLE shop.event (at DATETIME, what TEXT)',
  'CREATE REFERENCE TABLE shop.country (code CHAR(2) PRIMARY KEY, name TEXT)',
  "INSERT INTO shop.country VALUES ('de', 'Germany'), ('fr', 'France')",
];

async function startShop(t: ExecutionContext): Promise<TestClusterProcess> {
  const cluster = await TestClusterProcess.start(t);
  for (const sql of schema) await cluster.query(sql);
  const rows = Array.from({ length: 500 }, (_, i) => `('item ${i}', ${i})`).join();
  await cluster.query(`INSERT INTO shop.item (name, price) VALUES ${rows}`);
  await cluster.query("INSERT INTO shop.event VALUES ('2026-01-02 03:04:05', 'opened')");
  return cluster;
}

function backupsOf(cluster: TestClusterProcess): string {
  return join(cluster.directory, 'backups');
}

/** Of all copies of its partitions: which database of its name each belongs to. */
function incarnationsOf(cluster: TestClusterProcess, database: string): string[] {
  return readdirSync(cluster.directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => new RegExp(`${database}_[^/]*/incarnation$`).test(name))
    .map((name) => readFileSync(join(cluster.directory, name), 'utf8'));
}

test('backup: a restored database has all tables, rows and numbers', async (t) => {
  const cluster = await startShop(t);
  await cluster.query("BACKUP DATABASE shop TO 'nightly'");
  await cluster.query('DELETE FROM shop.item WHERE id > 10');
  await cluster.query("RESTORE DATABASE shop AS again FROM 'nightly'");
  t.deepEqual(await cluster.query('SELECT COUNT(*) AS n, SUM(price) AS p FROM again.item'), [
    { n: 500, p: '124750' },
  ] as never);
  t.deepEqual(await cluster.list('SELECT name FROM again.country ORDER BY code'), [
    'Germany',
    'France',
  ]);
  t.deepEqual(await cluster.list('SELECT what FROM again.event'), ['opened']);
  await cluster.query("INSERT INTO again.item (name, price) VALUES ('new', 1)");
  t.true(Number((await cluster.list("SELECT id FROM again.item WHERE name = 'new'"))[0]) > 500);
  t.deepEqual(await cluster.list('SELECT COUNT(*) FROM shop.item'), [10]);
  await cluster.query('ALTER TABLE again.item ADD COLUMN note TEXT');
  const before = incarnationsOf(cluster, 'shop');
  await cluster.query('DROP DATABASE shop');
  await cluster.query("RESTORE DATABASE shop FROM 'nightly'");
  const since = incarnationsOf(cluster, 'shop');
  t.deepEqual([before.length, since.length], [6, 6], 'four, and the reference on both leaves');
  t.deepEqual([new Set(before).size, new Set(since).size], [1, 1]);
  t.true(Number(since[0]) > Number(before[0]), 'plans that were made before are refused');
  await cluster.stop();
  await cluster.start();
  t.deepEqual(await cluster.list('SELECT COUNT(*) FROM shop.item'), [500]);
  t.deepEqual(await cluster.list('SELECT COUNT(*) FROM again.item'), [501]);
});

async function refusal(t: ExecutionContext, cluster: TestClusterProcess, sql: string) {
  const error = await t.throwsAsync(cluster.query(sql), undefined, sql);
  const { errno } = error as Error & { errno?: number };
  return `${errno}: ${error?.message}`;
}

test('backup: what it cannot do is refused and leaves nothing', async (t) => {
  const cluster = await startShop(t);
  const root = backupsOf(cluster);
  const refused = (sql: string) => refusal(t, cluster, sql);
  t.regex(await refused("BACKUP DATABASE nope TO 'a'"), /^1049/);
  t.regex(await refused("BACKUP DATABASE shop TO '../a'"), /^1789: .*within/);
  t.regex(await refused("BACKUP DATABASE shop TO '/tmp/elsewhere'"), /^1789: .*--backup-dir/);
  t.regex(await refused("BACKUP DATABASE shop TO ''"), /^1789/);
  t.regex(await refused("BACKUP DATABASE shop TO '.'"), /^1789/);
  await symlink('/tmp', join(root, 'link'));
  t.regex(await refused("BACKUP DATABASE shop TO 'link/a'"), /^1789: .*within/);
  await mkdir(join(root, 'full', 'er'), { recursive: true });
  t.regex(await refused("BACKUP DATABASE shop TO 'full'"), /^1789: .*not empty/);
  t.regex(await refused("BACKUP DATABASE shop WITH DIFFERENTIAL TO 'a'"), /^1235/);
  t.regex(await refused("BACKUP DATABASE shop TO S3 'a'"), /^1235/);
  t.regex(await refused("BACKUP DATABASE shop TO 'a' TIMEOUT 1"), /^3024/);
  await cluster.query("CREATE USER 'reader'@'%' IDENTIFIED BY 'r'");
  await cluster.query("GRANT SELECT ON shop.* TO 'reader'@'%'");
  const reader = await cluster.connect('reader', 'r');
  await t.throwsAsync(reader.query("BACKUP DATABASE shop TO 'a'"), { message: /denied/ });
  await t.throwsAsync(reader.query("RESTORE DATABASE shop AS b FROM 'a'"), { message: /denied/ });
  reader.destroy();
  t.deepEqual(readdirSync(root).toSorted(), ['full', 'link']);
  const followers = await cluster.query('SHOW REPLICAS');
  t.deepEqual(
    followers.filter(({ Follower }) => String(Follower).startsWith('backup/')),
    [],
  );
});

test('backup: what is incomplete, damaged or newer is not restored', async (t) => {
  const cluster = await startShop(t);
  const root = backupsOf(cluster);
  const refused = (sql: string) => refusal(t, cluster, sql);
  await cluster.query("BACKUP DATABASE shop TO 'good'");
  t.regex(await refused("RESTORE DATABASE shop FROM 'good'"), /^1007/);
  t.regex(await refused("RESTORE DATABASE other AS b FROM 'good'"), /^1790: .*'shop'/);
  t.regex(await refused("RESTORE DATABASE shop AS b FROM 'none'"), /^1790: .*never finished/);
  t.regex(await refused("RESTORE DATABASE shop AS mysql FROM 'good'"), /^1007/);
  const damage = async (name: string, harm: (directory: string) => unknown) => {
    await cluster.query(`BACKUP DATABASE shop TO '${name}'`);
    await harm(join(root, name));
    return refused(`RESTORE DATABASE shop AS b FROM '${name}'`);
  };
  const edit = (path: string, change: (bytes: Buffer) => Buffer | string) =>
    writeFileSync(path, change(readFileSync(path)));
  const flip = (bytes: Buffer) => {
    const at = bytes.length - 9;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes;
  };
  const snapshotFlip = (directory: string) => edit(join(directory, '1.sqlite.zst'), flip);
  t.regex(await damage('flipped', snapshotFlip), /^1790: .*damaged/);
  const cut = (directory: string) => truncate(join(directory, 'reference.sqlite.zst'), 100);
  t.regex(await damage('cut', cut), /^1790: .*100 bytes/);
  const manifest = (directory: string) => join(directory, 'manifest.json');
  const changed = (bytes: Buffer) => bytes.toString().replace('"term": 1', '"term": 2');
  t.regex(await damage('edited', (d) => edit(manifest(d), changed)), /^1790: .*checksum/);
  const newer = (bytes: Buffer) => bytes.toString().replace('"format": 1', '"format": 99');
  t.regex(await damage('newer', (d) => edit(manifest(d), newer)), /^1790: .*newer/);
  const torn = (bytes: Buffer) => bytes.subarray(0, 300);
  t.regex(await damage('torn', (d) => edit(manifest(d), torn)), /^1790: .*cut off/);
  t.deepEqual(await cluster.list("SHOW DATABASES LIKE 'b'"), []);
  await cluster.query("RESTORE DATABASE shop AS b FROM 'good'");
});

test('snapshot: the logs before it go, and what follows needs no more', async (t) => {
  const cluster = await startShop(t);
  const logBytes = async () => {
    const logs = readdirSync(cluster.directory, { recursive: true, encoding: 'utf8' });
    return logs.filter((name) => /shop_\d+\/log\/.*\.log$/.test(name)).length;
  };
  const before = await logBytes();
  await cluster.query('SNAPSHOT DATABASE shop');
  t.is(await logBytes(), before);
  for (const name of readdirSync(cluster.directory, { recursive: true, encoding: 'utf8' })) {
    if (!/shop_\d+\/log\/.*\.log$/.test(name)) continue;
    t.true(readFileSync(join(cluster.directory, name)).length < 200, name);
  }
  await cluster.query("INSERT INTO shop.item (name, price) VALUES ('after', 7)");
  await cluster.stop();
  await cluster.start();
  t.deepEqual(await cluster.list('SELECT COUNT(*) FROM shop.item'), [501]);
  await cluster.query("BACKUP DATABASE shop TO 'b'");
  t.true(existsSync(join(backupsOf(cluster), 'b', 'manifest.json')));
  await cluster.query("RESTORE DATABASE shop AS c FROM 'b'");
  t.deepEqual(await cluster.list('SELECT COUNT(*) FROM c.item'), [501]);
});

test('backup: it can be restored in another cluster, of another shape', async (t) => {
  const cluster = await startShop(t);
  await cluster.query("BACKUP DATABASE shop TO 'b'");
  for (const leaves of [1, 3]) {
    const other = await TestClusterProcess.start(t, { leaves });
    await cp(join(backupsOf(cluster), 'b'), join(backupsOf(other), 'from', 'afar'), {
      recursive: true,
    });
    await other.query("RESTORE DATABASE shop FROM 'from/afar'");
    t.deepEqual(await other.list('SELECT SUM(price) FROM shop.item'), ['124750']);
    const joined = `SELECT COUNT(*) FROM shop.item JOIN shop.country WHERE code = 'fr'`;
    t.deepEqual(await other.list(joined), [500]);
    await other.query("INSERT INTO shop.country VALUES ('it', 'Italy')");
    await other.stop();
  }
});

test('backup: who followed the old database is told that it is another', async (t) => {
  const cluster = await startShop(t);
  const secondary = await TestClusterProcess.start(t);
  const from = `root:'secret'@127.0.0.1:${cluster.port}`;
  await secondary.query(`REPLICATE DATABASE shop FROM ${from}`);
  await cluster.query("BACKUP DATABASE shop TO 'b'");
  await cluster.query("UPDATE shop.item SET name = 'later'");
  await until('the secondary to have it all', async () => {
    const names = await secondary.list('SELECT DISTINCT name FROM shop.item');
    return names.length === 1;
  });
  await cluster.query('DROP DATABASE shop');
  await cluster.query("RESTORE DATABASE shop FROM 'b'");
  await cluster.query("UPDATE shop.item SET name = 'other'");
  await until('the links to see it', async () => {
    const links = await secondary.query('SHOW REPLICATION STATUS');
    const hash = links.filter(({ Database }) => /^shop_\d$/.test(String(Database)));
    return hash.length === 4 && hash.every((link) => link['Replica_State'] === 'diverged');
  });
  t.deepEqual(await secondary.list('SELECT DISTINCT name FROM shop.item'), ['later']);
  await secondary.query('DROP DATABASE shop');
  await secondary.query(`REPLICATE DATABASE shop FROM ${from}`);
  await until('the restored one to be followed', async () => {
    const names = await secondary.list('SELECT DISTINCT name FROM shop.item');
    return names[0] === 'other' && names.length === 1;
  });
});
