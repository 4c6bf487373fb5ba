// Client libraries of several languages, each really run: logins, types, transactions, errors.

import test from 'ava';
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import {
  openClientCluster,
  rootPassword,
  type ClientCluster,
} from '#test/aggregator/commands/client-cluster.ts';
import { ClientProgram, type ClientConnection, type Way } from './clients/client-program.ts';
import { clientStacks, type ClientStack } from './clients/client-stacks.ts';
import {
  columnCases,
  createEveryType,
  differences,
  literalOf,
  parameterOf,
} from './clients/column-cases.ts';

const files = mkdtempSync(join(tmpdir(), 'twinleaf-clients-'));
const authority = join(files, 'server.pem');
const state: { cluster: ClientCluster | null } = { cluster: null };
const programs: ClientProgram[] = [];
const stacks = clientStacks();

function port(): number {
  if (state.cluster === null) throw new Error('the cluster has not started');
  return state.cluster.port;
}

const setUp = [
  "CREATE USER native IDENTIFIED WITH mysql_native_password BY 'old päss'",
  "CREATE USER sha2 IDENTIFIED WITH caching_sha2_password BY 'new päss'",
  "CREATE USER either IDENTIFIED BY 'either päss'",
  'CREATE USER nobody',
  "CREATE USER secured IDENTIFIED BY 'tls' REQUIRE SSL",
  'CREATE DATABASE many',
  'CREATE TABLE many.numbers (id INT PRIMARY KEY, s VARCHAR(10))',
];

test.before(async () => {
  const key = join(files, 'server.key');
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-subj', '/CN=localhost'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', authority];
  if (spawnSync('openssl', [...made, ...names]).status !== 0) throw new Error('no certificate');
  const cluster = await openClientCluster({
    leaves: 2,
    tls: { cert: authority, key, ca: authority },
  });
  state.cluster = cluster;
  const root = await cluster.connect();
  for (const sql of setUp) await root.rows(sql);
  for (const stack of stacks) await root.rows(`CREATE DATABASE ${databaseOf(stack)}`);
  for (let from = 0; from < lines; from += 20_000) {
    const rows = Array.from({ length: 20_000 }, (_, i) => `(${from + i},'row ${(from + i) % 7}ä')`);
    await root.rows(`INSERT INTO many.numbers VALUES ${rows.join()}`);
  }
  await root.close();
});

test.after.always(async () => {
  for (const program of programs) program.end();
  await state.cluster?.stop();
  rmSync(files, { recursive: true, force: true });
});

function started(stack: ClientStack): ClientProgram {
  const program = new ClientProgram(stack.command);
  programs.push(program);
  return program;
}

async function asRoot(program: ClientProgram, database = '', way: Way = 'text') {
  return await program.connect({
    port: port(),
    user: 'root',
    password: rootPassword,
    database,
    way,
  });
}

async function loginFailure(attempt: Promise<ClientConnection>): Promise<string> {
  try {
    await (await attempt).close();
    return 'ok';
  } catch (error) {
    return String((error as { errno?: number }).errno ?? error);
  }
}

/** Below max_allowed_packet even where it is written in hex. */
const LARGE_BYTES = 17_000_000;

/** Rows of the large table. */
const lines = 100_000;
const whoAmI = "SELECT SUBSTRING_INDEX(USER(), '@', 1)";

function databaseOf({ name }: ClientStack): string {
  return `of_${name.replaceAll(/\W/g, '_')}`;
}

function declare(stack: ClientStack): void {
  const { name } = stack;
  const declareTest = stack.isInstalled ? test.serial : test.skip;
  const suffix = stack.isInstalled ? '' : ' (not installed)';
  const database = databaseOf(stack);
  const ways: readonly Way[] = stack.canPrepare ? ['text', 'prepared'] : ['text'];
  const running: { program: ClientProgram | null } = { program: null };
  const program = () => (running.program ??= started(stack));

  declareTest(`clients: ${name} logs in by each method, and over TLS${suffix}`, async (t) => {
    const logins = [
      ['native', 'old päss'],
      ['either', 'either päss'],
      ['nobody', ''],
      ...(stack.canSha2 ? [['sha2', 'new päss']] : []),
    ];
    for (const [user = '', password = ''] of logins) {
      const connection = await program().connect({ port: port(), user, password });
      t.deepEqual(await connection.texts(whoAmI), [[user]], user);
      await connection.close();
    }
    // An unknown user may be asked for what accounts are asked for: a plugin that it lacks, too.
    const refused = ['native', 'either', 'nobody', ...(stack.canSha2 ? ['unheard_of'] : [])];
    for (const user of refused) {
      const login = { port: port(), user, password: 'wrong' };
      t.is(await loginFailure(program().connect(login)), '1045', user);
    }
    if (!stack.canTls) return;
    for (const [user, password] of [...logins, ['secured', 'tls']]) {
      const login = { port: port(), user: user ?? '', password: password ?? '', ca: authority };
      const connection = await program().connect(login);
      const [[, cipher] = []] = await connection.texts("SHOW STATUS LIKE 'Ssl_cipher'");
      t.regex(cipher ?? '', /\w/, user);
      await connection.close();
    }
  });

  declareTest(`clients: ${name} sends and sees every type${suffix}`, async (t) => {
    for (const way of ways) {
      const connection = await asRoot(program(), database, way);
      await connection.run("SET time_zone = '+00:00'");
      await connection.run('DROP TABLE IF EXISTS every_type');
      await connection.run(createEveryType);
      const places = columnCases.map(() => '?').join(', ');
      const rows = [0, 1, 2, null];
      for (const [id, index] of rows.entries()) {
        const values = columnCases.map((each) =>
          parameterOf(each, index === null ? null : (each.values[index] ?? null)),
        );
        const insert = `INSERT INTO every_type VALUES (${id}, ${places})`;
        t.is((await connection.run(insert, values)).affected, 1);
        const literals = columnCases.map((each) =>
          literalOf(each, index === null ? null : (each.values[index] ?? null)),
        );
        await connection.run(`INSERT INTO every_type VALUES (${id + 10}, ${literals.join(', ')})`);
      }
      const names = columnCases.map((each) => each.name);
      const query = `SELECT ${names.join(', ')} FROM every_type ORDER BY id`;
      const seen = await connection.run(query);
      t.deepEqual(seen.names, names, way);
      t.is(seen.rows.length, 8);
      for (const [place, row] of seen.rows.entries()) {
        const origin = `${way}, ${place < 4 ? 'parameters' : 'literals'}, row ${place % 4}`;
        t.deepEqual(differences(rows[place % 4] ?? null, row), [], origin);
      }
      const date = await connection.run('SELECT id FROM every_type WHERE c37 = ? ORDER BY id', [
        { as: 'datetime', value: '2024-02-29 00:00:00' },
      ]);
      t.deepEqual(date.rows.flat().map(String), ['2', '12'], `${way}: a date of its own type`);
      await connection.close();
    }
  });
  declareTest(`clients: ${name} commits, rolls back, is told of deadlocks${suffix}`, async (t) => {
    const connection = await asRoot(program(), database);
    const other = await mysql.createConnection({
      ...{ host: '127.0.0.1', port: port(), user: 'root', password: rootPassword, database },
    });
    t.teardown(() => other.destroy());
    await connection.run('CREATE TABLE account (id INT PRIMARY KEY, v INT NOT NULL)');
    await connection.run('INSERT INTO account VALUES (1, 1), (2, 1), (3, 1), (4, 1), (5, 1)');
    await connection.begin();
    await connection.run('UPDATE account SET v = 2 WHERE id = 1');
    const [unseen] = await other.query('SELECT v FROM account WHERE id = 1');
    t.deepEqual(unseen, [{ v: 1 }]);
    await connection.rollback();
    t.deepEqual(await connection.texts('SELECT v FROM account WHERE id = 1'), [['1']]);
    await connection.begin();
    await connection.run('UPDATE account SET v = 3 WHERE id = 1');
    await connection.commit();
    const [seen] = await other.query('SELECT v FROM account WHERE id = 1');
    t.deepEqual(seen, [{ v: 3 }]);

    await other.query('START TRANSACTION');
    await other.query('UPDATE account SET v = 4 WHERE id = 1');
    await connection.run('SET innodb_lock_wait_timeout = 1');
    let apart = 0;
    for (let id = 2; apart === 0 && id <= 5; id += 1) {
      await connection.begin();
      const probe = `UPDATE account SET v = 1 WHERE id = ${id}`;
      if ((await connection.failure(probe)) === 'ok') apart = id;
      await connection.rollback();
    }
    t.not(apart, 0, 'two rows in different partitions');
    t.is(await connection.failure('UPDATE account SET v = 5 WHERE id = 1'), '1205 HY000');
    await connection.run('SET innodb_lock_wait_timeout = 50');
    await connection.begin();
    await connection.run(`UPDATE account SET v = 5 WHERE id = ${apart}`);
    const blocked = connection.failure('UPDATE account SET v = 5 WHERE id = 1');
    await other.query(`UPDATE account SET v = 6 WHERE id = ${apart}`);
    await other.query('COMMIT');
    const heard = await blocked;
    t.is(heard === 'ok' ? await connection.commitFailure() : heard, '1213 40001');
    const query = `SELECT v FROM account WHERE id IN (1, ${apart}) ORDER BY id`;
    t.deepEqual(await connection.texts(query), [['4'], ['6']]);
    await connection.close();
  });

  declareTest(`clients: ${name} shows errors, and goes on${suffix}`, async (t) => {
    for (const way of ways) {
      const connection = await asRoot(program(), database, way);
      await connection.run('CREATE TABLE IF NOT EXISTS one (id INT PRIMARY KEY, s VARCHAR(3))');
      await connection.run("REPLACE INTO one VALUES (1, 'a')");
      const failures: Record<string, string> = {
        "INSERT INTO one VALUES (1, 'b')": '1062 23000',
        "INSERT INTO one VALUES (NULL, 'b')": '1048 23000',
        "INSERT INTO one VALUES (2, 'abcd')": '1406 22001',
        'SELECT * FROM absent': '1146 42S02',
        'SELECT absent FROM one': '1054 42S22',
        'SELEC 1': '1064 42000',
        'CREATE TABLE one (id INT)': '1050 42S01',
        'SELECT nothing()': '1305 42000',
        'CREATE TRIGGER g BEFORE INSERT ON one FOR EACH ROW SET @a = 1': '1235 42000',
      };
      for (const [sql, failure] of Object.entries(failures)) {
        t.is(await connection.failure(sql), failure, `${way}: ${sql}`);
      }
      t.deepEqual(await connection.texts('SELECT s FROM one'), [['a']], 'it goes on');
      await connection.close();
    }
    const login = { port: port(), ...{ user: 'either', password: 'either päss', database } };
    t.is(await loginFailure(program().connect(login)), '1044');
    const nowhere = { user: 'root', password: rootPassword, database: 'nowhere' };
    t.is(await loginFailure(program().connect({ port: port(), ...nowhere })), '1049');
  });

  declareTest(`clients: ${name} reads many rows and large values${suffix}`, async (t) => {
    const hash = createHash('sha256');
    let bytes = 0;
    for (let n = 0; n < lines; n += 1) {
      bytes += String(n).length + 7;
      hash.update(`${n}row ${n % 7}ä`);
    }
    const expected = { count: lines, bytes, digest: hash.digest('hex') };
    const root = await asRoot(program(), database);
    await root.run('CREATE TABLE large (id INT PRIMARY KEY, data LONGBLOB)');
    await root.close();
    for (const [id, way] of ways.entries()) {
      const connection = await asRoot(program(), database, way);
      const many = 'SELECT id, s FROM many.numbers ORDER BY id';
      t.deepEqual(await connection.digest(many), expected, way);
      const filling = Buffer.alloc(1000, 'x');
      filling.write('\0\xff\'"\\', 'latin1');
      const times = Math.floor(LARGE_BYTES / filling.length);
      const value = { as: 'repeated', value: filling, times } as const;
      await connection.run(`INSERT INTO large VALUES (${id}, ?)`, [value]);
      const whole = Buffer.alloc(filling.length * times, filling);
      const seen = await connection.digest(`SELECT data FROM large WHERE id = ${id}`);
      const digest = createHash('sha256').update(whole).digest('hex');
      t.deepEqual(seen, { count: 1, bytes: whole.length, digest }, way);
      await connection.close();
    }
    running.program?.end();
  });
}

for (const stack of stacks) declare(stack);
