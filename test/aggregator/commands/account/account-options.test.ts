// Locks, expired passwords, pinned plugins, and what an account may know of the others.

import test from 'ava';
import mysql from 'mysql2/promise';
import { capability } from '#aggregator/front-door/capabilities.ts';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import {
  basicCapabilities,
  command,
  errorNumber,
  RawClient,
} from '#test/aggregator/front-door/raw-client.ts';
import { errnoOf } from '#test/support/errno-of.ts';

const cluster = clusterOfFile(test, [
  'CREATE DATABASE one',
  'CREATE DATABASE two',
  'CREATE TABLE one.t (id INT PRIMARY KEY)',
]);

/** The error that the login ends in; 0 for one that is let in. */
async function loginFailure(user: string, password: string): Promise<number> {
  const login = async (): Promise<void> => (await cluster().connect(user, password)).close();
  return errnoOf(login());
}

test('a locked account is let in again when it is unlocked', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER shut IDENTIFIED BY 'pw' ACCOUNT LOCK");
  t.is(await loginFailure('shut', 'pw'), 3118);
  t.is(await loginFailure('shut', 'no'), 1045);
  t.regex((await root.column('SHOW CREATE USER shut'))[0] ?? '', /ACCOUNT LOCK$/);
  await root.rows('ALTER USER shut ACCOUNT UNLOCK');
  t.is(await loginFailure('shut', 'pw'), 0);
  await root.rows('ALTER USER shut ACCOUNT LOCK');
  t.is(await loginFailure('shut', 'pw'), 3118);
  await root.close();
});

test('an expired password must be changed before anything else', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER old IDENTIFIED BY 'secret' PASSWORD EXPIRE");
  await root.rows('GRANT ALL ON one.* TO old');
  t.regex((await root.column('SHOW CREATE USER old'))[0] ?? '', /PASSWORD EXPIRE ACCOUNT/);
  const mute = new RawClient(cluster().port);
  await t.throwsAsync(mute.enter({ user: 'old' }), { message: /Your password has expired/ });
  await mute.close();
  const client = new RawClient(cluster().port);
  const capabilities = basicCapabilities | capability.canHandleExpiredPasswords;
  await client.enter({ user: 'old', capabilities });
  client.send(command(0x03, 'SELECT 1'));
  t.is(errorNumber(await client.next()), 1820);
  client.send(command(0x16, 'SELECT 1'));
  t.is(errorNumber(await client.next()), 1820);
  client.send(command(0x03, "ALTER USER USER() IDENTIFIED BY 'newer'"));
  t.is((await client.next())?.[0], 0);
  client.send(command(0x03, 'DO 1'));
  t.is((await client.next())?.[0], 0);
  t.is(await loginFailure('old', 'newer'), 0);
  await client.close();
  await root.close();
});

test('a plugin that is pinned is the one that the account proves itself by', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER n IDENTIFIED WITH mysql_native_password BY 'pw'");
  await root.rows("CREATE USER s IDENTIFIED WITH 'caching_sha2_password' BY 'pw'");
  t.is(await loginFailure('n', 'pw'), 0);
  t.is(await loginFailure('s', 'pw'), 0);
  const line = (await root.column('SHOW CREATE USER n'))[0] ?? '';
  t.true(line.includes("IDENTIFIED WITH 'mysql_native_password' REQUIRE NONE"), line);
  t.notRegex(line, /\*|[0-9a-f]{20}/i, 'no verifier is shown');
  await root.close();
});

test('databases are listed to those who may know of them, in every list', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER half IDENTIFIED BY 'pw'");
  await root.rows('GRANT SELECT ON one.t TO half');
  const half = await cluster().connect('half', 'pw');
  const own = (names: readonly (string | null)[]) =>
    names.filter((name) => name === 'one' || name === 'two');
  for (const [client, expected] of [
    [half, ['one']],
    [root, ['one', 'two']],
  ] as const) {
    t.deepEqual(own(await client.column('SHOW DATABASES')), expected);
    t.deepEqual(own(await client.column('SHOW DATABASES EXTENDED')), expected);
    const schemata = 'SELECT schema_name FROM information_schema.schemata ORDER BY 1';
    t.deepEqual(own(await client.column(schemata)), expected);
  }
  t.is(await half.failure('USE two'), '1044 42000');
  t.is(await half.failure('SELECT * FROM two.t'), '1142 42000');
  t.is(await half.failure('SHOW REPLICATION STATUS'), '1227 42000');
  t.is(await half.failure('ALTER INSTANCE RELOAD TLS'), '1227 42000');
  await half.close();
  await root.close();
});

test('a client is known by what it said of itself, and its passwords to nobody', async (t) => {
  const { port } = cluster();
  const login = { host: '127.0.0.1', port, user: 'root', password: 'secret' };
  const client = await mysql.createConnection({ ...login, connectAttributes: { app: 'shop' } });
  const root = await cluster().connect();
  const attributes =
    'SELECT attr_value FROM performance_schema.session_connect_attrs ' +
    `WHERE processlist_id = ${client.threadId} AND attr_name = 'app'`;
  t.deepEqual(await root.column(attributes), ['shop']);
  const info =
    'SELECT info FROM information_schema.processlist ' +
    "WHERE info LIKE '%processlist%' /* IDENTIFIED BY */ AND 'hush' > ''";
  const [shown] = await root.column(info);
  t.regex(shown ?? '', /<secret>/);
  t.notRegex(shown ?? '', /hush/);
  await client.end();
  await root.close();
});

test('who has no REPLICATION at the primary is refused there', async (t) => {
  const root = await cluster().connect();
  await root.rows("CREATE USER follower IDENTIFIED BY 'pw'");
  const follower = await cluster().connect('follower', 'pw');
  t.is(await follower.failure('SHOW REPLICATION SOURCE FOR one'), '1044 42000');
  t.is(await follower.failure('PAUSE REPLICATING one'), '1227 42000');
  await root.rows('GRANT REPLICATION ON one.* TO follower');
  const asRoot = await root.failure('SHOW REPLICATION SOURCE FOR one');
  t.is(await follower.failure('SHOW REPLICATION SOURCE FOR one'), asRoot);
  t.is(await follower.failure('SHOW REPLICATION SOURCE FOR two'), '1044 42000');
  t.is(await follower.failure('SELECT * FROM one.t'), '1142 42000');
  await follower.close();
  await root.close();
});
