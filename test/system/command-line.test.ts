// MariaDB's command line, its dump and sysbench, each really run against a cluster with TLS.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import mysql from 'mysql2/promise';
import {
  openClientCluster,
  rootPassword,
  type Client,
  type ClientCluster,
} from '#test/aggregator/commands/client-cluster.ts';
import { firstDifference, tableNames } from '#test/support/compare.ts';
import { columnCases, createEveryType, differences, literalOf } from './clients/column-cases.ts';
import { batchRows, isInstalled, runProgram } from './clients/command-line.ts';

const files = mkdtempSync(join(tmpdir(), 'twinleaf-command-line-'));
const authority = join(files, 'server.pem');
const state: { cluster: ClientCluster | null; root: Client | null } = { cluster: null, root: null };
const hasClient = isInstalled('mariadb') && isInstalled('mariadb-dump');
const clientTest = hasClient ? test.serial : test.skip;
const suffix = hasClient ? '' : ' (needs mariadb-client)';
const sysbenchTest = isInstalled('sysbench') ? test.serial : test.skip;

const setUp = [
  "CREATE USER native IDENTIFIED WITH mysql_native_password BY 'old päss'",
  "CREATE USER sha2 IDENTIFIED WITH caching_sha2_password BY 'new päss'",
  "CREATE USER either IDENTIFIED BY 'either päss'",
  'CREATE USER nobody',
  "CREATE USER secured IDENTIFIED BY 'tls' REQUIRE SSL",
  'CREATE DATABASE shop PARTITIONS 4',
  'SET GLOBAL local_infile = 1',
];

function cluster(): ClientCluster {
  if (state.cluster === null) throw new Error('the cluster has not started');
  return state.cluster;
}

test.before(async () => {
  const key = join(files, 'server.key');
  const names = ['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-subj', '/CN=localhost'];
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', authority];
  if (spawnSync('openssl', [...made, ...names]).status !== 0) throw new Error('no certificate');
  const tls = { cert: authority, key, ca: authority };
  state.cluster = await openClientCluster({ leaves: 2, tls });
  const root = await cluster().connect();
  for (const sql of setUp) await root.rows(sql);
  state.root = root;
});

test.after.always(async () => {
  await state.root?.close();
  await state.cluster?.stop();
  rmSync(files, { recursive: true, force: true });
});

const noTls = ['--skip-ssl'];

function login(user: string, password: string): string[] {
  const place = ['-h127.0.0.1', `-P${cluster().port}`, '--default-character-set=utf8mb4'];
  return ['--no-defaults', ...place, `-u${user}`, `-p${password}`];
}

/** `mariadb --batch` as root in the database `shop`. */
async function batch(input: string, ...args: readonly string[]) {
  const all = [...login('root', rootPassword), ...noTls, '--batch', ...args, 'shop'];
  return await runProgram('mariadb', all, input);
}

/** What a program that succeeds prints, as texts. */
async function rowsOf(input: string, ...args: readonly string[]): Promise<(string | null)[][]> {
  const { status, stdout, stderr } = await batch(input, ...args);
  if (status !== 0) throw new Error(stderr);
  return batchRows(stdout).map((row) => row.map((value) => value?.toString() ?? null));
}

clientTest(`mariadb: logs in by each method, and over TLS${suffix}`, async (t) => {
  const who = "SELECT SUBSTRING_INDEX(USER(), '@', 1) AS u; SHOW STATUS LIKE 'Ssl_cipher'";
  const accounts = [
    ['native', 'old päss'],
    ['sha2', 'new päss'],
    ['either', 'either päss'],
    ['nobody', ''],
    ['secured', 'tls'],
  ] as const;
  for (const [user, password] of accounts) {
    for (const secure of [false, true]) {
      const tls = secure ? [`--ssl-ca=${authority}`, '--ssl-verify-server-cert'] : noTls;
      const run = await runProgram('mariadb', [...login(user, password), ...tls, '-e', who]);
      if (user === 'secured' && !secure) {
        t.regex(run.stderr, /ERROR 1045/);
        continue;
      }
      t.is(run.status, 0, `${user}: ${run.stderr}`);
      t.regex(run.stdout.toString(), secure ? /Ssl_cipher\t\w/ : /Ssl_cipher\t\n/, user);
      t.true(run.stdout.toString().startsWith(`u\n${user}\n`));
    }
    const wrong = await runProgram('mariadb', [...login(user, 'wrong'), ...noTls, '-e', who]);
    t.is(wrong.status, 1);
    t.regex(wrong.stderr, /^ERROR 1045 \(28000\)/m, user);
  }
});

clientTest(`mariadb: sends and sees every type${suffix}`, async (t) => {
  const rows = [0, 1, 2, null];
  const inserts = rows.map((index, id) => {
    const literals = columnCases.map((each) =>
      literalOf(each, index === null ? null : (each.values[index] ?? null)),
    );
    return `INSERT INTO every_type VALUES (${id}, ${literals.join(', ')});\n`;
  });
  const zone = "SET time_zone = '+00:00';\n";
  const wide = ['--max-allowed-packet=64M', '--binary-mode'];
  const made = await batch(`${zone}${createEveryType};\n${inserts.join('')}`, ...wide);
  t.is(made.stderr, '');
  const names = columnCases.map(({ name }) => name);
  const query = `SELECT ${names.join(', ')} FROM every_type ORDER BY id;`;
  const { stdout } = await batch(`${zone}${query}`, ...wide);
  t.deepEqual(stdout.subarray(0, stdout.indexOf('\n')).toString().split('\t'), names);
  const seen = batchRows(stdout);
  t.is(seen.length, rows.length);
  for (const [place, row] of seen.entries()) {
    t.deepEqual(differences(rows[place] ?? null, row), [], `row ${place}`);
  }
});

clientTest(`mariadb: transactions, errors, --force and source${suffix}`, async (t) => {
  const script = `
    CREATE TABLE account (id INT PRIMARY KEY, v INT NOT NULL);
    INSERT INTO account VALUES (1, 1), (2, 2), (3, 3);
    BEGIN; UPDATE account SET v = 0; ROLLBACK;
    START TRANSACTION; UPDATE account SET v = v + 10; SAVEPOINT s; DELETE FROM account;
    ROLLBACK TO s; COMMIT;
    INSERT INTO account VALUES (1, 9);
    SELECT v FROM absent;
    SELEC 1;
    INSERT INTO account VALUES (4, 4);`;
  const stopped = await batch(script);
  t.is(stopped.status, 1);
  t.regex(stopped.stderr, /^ERROR 1062 \(23000\) at line 7: Duplicate entry '1' for key/m);
  const all = 'SELECT id, v FROM account ORDER BY id';
  const before = [
    ['1', '11'],
    ['2', '12'],
    ['3', '13'],
  ];
  t.deepEqual(await rowsOf(all), before);
  const forced = await batch(script, '--force');
  t.deepEqual(
    forced.stderr.match(/ERROR \d+ \(\w+\) at line \d+/g),
    [
      '1050 (42S01) at line 2',
      '1062 (23000) at line 3',
      '1062 (23000) at line 7',
      '1146 (42S02) at line 8',
      '1064 (42000) at line 9',
    ].map((text) => `ERROR ${text}`),
  );
  t.is((await rowsOf(all)).length, 4);
  const sourced = join(files, 'script.sql');
  writeFileSync(sourced, "DELIMITER //\nUPDATE account SET v = 1 //\nSELECT 'a;b' AS s //\n");
  t.deepEqual(await rowsOf(`source ${sourced}\n`), [['a;b']]);
  t.deepEqual(await rowsOf('SELECT DISTINCT v FROM account'), [['1']]);
  const shown = await batch('SHOW WARNINGS; SELECT 1/0 AS n;', '--show-warnings', '--table');
  t.regex(shown.stdout.toString(), /\| n {4}\|\n\+------\+\n\| NULL \|/);
});

clientTest(`mariadb: reads many rows and large values, and loads files${suffix}`, async (t) => {
  const lines = 50_000;
  const path = join(files, 'numbers.csv');
  const row = (n: number) => `${n},"row ""${n % 7}"" ä"`;
  writeFileSync(path, Array.from({ length: lines }, (_, n) => `${row(n)}\n`).join(''));
  const loaded = await rowsOf(
    `CREATE TABLE numbers (id INT PRIMARY KEY, s VARCHAR(20));
    LOAD DATA LOCAL INFILE '${path}' INTO TABLE numbers CHARACTER SET utf8mb4
      FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"';
    SELECT ROW_COUNT() AS n;`,
    '--local-infile=1',
  );
  t.deepEqual(loaded, [[String(lines)]]);
  const seen = await batch(
    'SELECT id, s FROM numbers ORDER BY id',
    '--quick',
    '--skip-column-names',
  );
  const expected = createHash('sha256');
  for (let n = 0; n < lines; n += 1) expected.update(`${n}\trow "${n % 7}" ä\n`);
  const digest = createHash('sha256').update(seen.stdout).digest('hex');
  t.is(digest, expected.digest('hex'));
  const refused = await batch(
    `LOAD DATA LOCAL INFILE '${path}' INTO TABLE numbers`,
    '--local-infile=0',
  );
  t.is(refused.status, 1);
  const large = 'xy'.repeat(9_000_000);
  const kept = await rowsOf(
    `CREATE TABLE large (id INT PRIMARY KEY, data LONGTEXT);
    INSERT INTO large VALUES (1, '${large}'); SELECT data FROM large;`,
    '--max-allowed-packet=64M',
  );
  t.true(kept[0]?.[0] === large);
});

clientTest(`mariadb-dump: a database is dumped and loaded back${suffix}`, async (t) => {
  const root = await mysql.createConnection({
    ...{ host: '127.0.0.1', port: cluster().port, user: 'root', password: rootPassword },
    ...{ supportBigNumbers: true, bigNumberStrings: true, dateStrings: true },
  });
  t.teardown(() => root.destroy());
  await root.query('CREATE DATABASE dumped PARTITIONS 4');
  await root.query('USE dumped');
  await root.query(createEveryType);
  for (const index of [0, 1, 2]) {
    const literals = columnCases.map((each) => literalOf(each, each.values[index] ?? null));
    await root.query(`INSERT INTO every_type VALUES (${index}, ${literals.join(', ')})`);
  }
  await root.query(
    `CREATE TABLE child (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) UNIQUE, parent INT,
      KEY (parent)) COMMENT 'a "child"'`,
  );
  await root.query("INSERT INTO child (name, parent) VALUES ('ä', 1), (NULL, 2), ('c''c', NULL)");
  await root.query(
    'CREATE TABLE computed (id INT PRIMARY KEY, a INT, b INT AS (a + 1) STORED, c INT AS (b * 2))',
  );
  await root.query('INSERT INTO computed (id, a) VALUES (1, 5), (2, NULL)');
  await root.query('CREATE VIEW names AS SELECT id + 1, name FROM child ORDER BY name');
  await root.query(
    'CREATE VIEW a_names AS SELECT n.*, c.parent FROM names n JOIN child c USING (name)',
  );
  for (const extra of [['--single-transaction'], ['--lock-tables', '--hex-blob', '--quick']]) {
    const options = [...noTls, '--max-allowed-packet=64M', ...extra, 'dumped'];
    const dump = await runProgram('mariadb-dump', [...login('root', rootPassword), ...options]);
    t.is(dump.stderr, '');
    await root.query('DROP DATABASE IF EXISTS loaded');
    await root.query('CREATE DATABASE loaded PARTITIONS 3');
    const into = [...login('root', rootPassword), ...noTls, '--max-allowed-packet=64M', 'loaded'];
    const load = await runProgram('mariadb', [...into, '--binary-mode'], dump.stdout);
    t.is(load.stderr, '');
    t.deepEqual(await tableNames(root, 'loaded'), await tableNames(root, 'dumped'));
    const [from, to] = ['dumped', 'loaded'].map((database) => ({ connection: root, database }));
    if (from !== undefined && to !== undefined) t.is(await firstDifference(from, to), null);
    for (const asked of ['SELECT * FROM $.a_names', 'SHOW CREATE VIEW $.a_names']) {
      const [there, here] = await Promise.all(
        ['dumped', 'loaded'].map((database) => root.query(asked.replace('$', database))),
      );
      t.deepEqual(here?.[0], there?.[0], asked);
    }
  }
});

for (const mode of ['disable', 'auto']) {
  sysbenchTest(`sysbench: oltp_read_write, --db-ps-mode=${mode}`, async (t) => {
    const database = `sysbench_${mode}`;
    const rows = 2000;
    await state.root?.rows(`CREATE DATABASE ${database} PARTITIONS 4`);
    const run = async (command: string, threads: number) => {
      const { status, stdout, stderr } = await runProgram('sysbench', [
        'oltp_read_write',
        ...['--db-driver=mysql', '--mysql-ssl=off', '--mysql-host=127.0.0.1'],
        ...[`--mysql-port=${cluster().port}`, '--mysql-user=root'],
        ...[`--mysql-password=${rootPassword}`, `--mysql-db=${database}`],
        ...['--tables=2', `--table-size=${rows}`, `--threads=${threads}`],
        ...['--events=100', '--time=0', `--db-ps-mode=${mode}`, command],
      ]);
      t.is(status, 0, `${stdout.toString()}${stderr}`);
      return stdout.toString();
    };
    await run('prepare', 2);
    // Alone nothing is refused; four at once may be told of deadlocks, and then begin again.
    for (const [threads, ignored] of [
      [1, /ignored errors: +0 /],
      [4, /ignored errors: +\d+ /],
    ] as const) {
      const said = await run('run', threads);
      t.regex(said, /transactions: +100 /);
      t.regex(said, ignored);
      t.regex(said, /reconnects: +0 /);
    }
    for (const table of ['sbtest1', 'sbtest2']) {
      const counts = await state.root?.column(`SELECT count(*) FROM ${database}.${table}`);
      t.deepEqual(counts, [String(rows)]);
    }
    await run('cleanup', 1);
    t.deepEqual(await state.root?.rows(`SHOW TABLES FROM ${database}`), []);
  });
}
