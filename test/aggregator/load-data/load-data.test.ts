// LOAD DATA LOCAL INFILE: a file of the client's becomes rows, whatever its format.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import test from 'ava';
import mysql, { type ResultSetHeader } from 'mysql2/promise';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import {
  basicCapabilities,
  command,
  errorNumber,
  packet,
  RawClient,
} from '#test/aggregator/front-door/raw-client.ts';
import { capability } from '#aggregator/front-door/capabilities.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

const run = promisify(execFile);

const cluster = clusterOfFile(test, [
  'SET GLOBAL local_infile = 1',
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20), born DATE, raw VARBINARY(20))',
]);

interface Loaded {
  readonly affectedRows: number;
  readonly info: string;
  readonly rows: unknown;
  readonly warnings: unknown;
}

interface Wish {
  readonly file: string | Buffer | readonly (string | Buffer)[];
  /** Behind INTO TABLE t. */
  readonly options?: string;
  readonly verb?: string;
  readonly table?: string;
}

/** Loads the file into a table like `people`, as new. */
async function load({ file, options = '', verb = '', table = 'p' }: Wish): Promise<Loaded> {
  const { port } = cluster();
  const pieces = Array.isArray(file) ? file : [file];
  const client = await mysql.createConnection({
    ...{ host: '127.0.0.1', port, user: 'root', password: 'secret', database: 'shop' },
    dateStrings: true,
    infileStreamFactory: () =>
      Readable.from(pieces.map((piece: string | Buffer) => Buffer.from(piece))),
  });
  try {
    await client.query(`CREATE TABLE ${table} LIKE people`);
    const sql = `LOAD DATA LOCAL INFILE 'file' ${verb} INTO TABLE ${table} ${options}`;
    const [header] = await client.query<ResultSetHeader>(sql);
    const [warnings] = await client.query({ sql: 'SHOW WARNINGS', rowsAsArray: true });
    const all = `SELECT id, name, born, CAST(raw AS CHAR) FROM ${table} ORDER BY id`;
    const [rows] = await client.query({ sql: all, rowsAsArray: true });
    const { affectedRows, info } = header;
    return { affectedRows, info, rows, warnings };
  } finally {
    await client.end();
  }
}

test('tabs and lines, NULL and escapes are read as MySQL reads them', async (t) => {
  const file = '1\tAda\t1815-12-10\tx\n2\t\\N\t\\N\t\\N\n3\ta\\tb\\\\\\n\\0c\t2000-01-01\t\n';
  const { affectedRows, info, rows, warnings } = await load({ file, table: 'plain' });
  t.is(affectedRows, 3);
  t.is(info.trim(), 'Records: 3  Deleted: 0  Skipped: 0  Warnings: 0');
  t.deepEqual(warnings, []);
  t.deepEqual(rows, [
    [1, 'Ada', '1815-12-10', 'x'],
    [2, null, null, null],
    [3, 'a\tb\\\n\0c', '2000-01-01', ''],
  ]);
});

test('quotes, long separators, skipped lines and a line that nothing ends', async (t) => {
  const file =
    'id;;name\r\n"1";;"say ""hi"", ok";;2001-02-03;;NULL\r\n' +
    '2;;"two\r\nlines;;";;"2001-02-04";;"NULL"\r\n' +
    '3;;plain;;2001-02-05;;z';
  const options =
    "FIELDS TERMINATED BY ';;' OPTIONALLY ENCLOSED BY '\"' " +
    "LINES TERMINATED BY '\\r\\n' IGNORE 1 LINES";
  const { rows } = await load({ file, options, table: 'quoted' });
  t.deepEqual(rows, [
    [1, 'say "hi", ok', '2001-02-03', null],
    [2, 'two\r\nlines;;', '2001-02-04', 'NULL'],
    [3, 'plain', '2001-02-05', 'z'],
  ]);
});

test('every cut of the file into packets gives the same rows', async (t) => {
  const file = Buffer.from(
    'xx>1,"a""b",2001-01-01,\\,é\n no >2,\\N,2001-01-02,"q"\n>3,z,2001-01-03,w',
  );
  const options =
    "FIELDS TERMINATED BY ',' ENCLOSED BY '\"' LINES STARTING BY '>' TERMINATED BY '\\n'";
  const expected = [
    [1, 'a"b', '2001-01-01', ',é'],
    [2, null, '2001-01-02', 'q'],
    [3, 'z', '2001-01-03', 'w'],
  ];
  for (const size of [1, 2, 3, 7, 50, 1000]) {
    const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, piece) =>
      file.subarray(piece * size, (piece + 1) * size),
    );
    const { rows } = await load({ file: pieces, options, table: `cut_${size}` });
    t.deepEqual(rows, expected, `pieces of ${size} bytes`);
  }
});

test('a column list, variables and SET', async (t) => {
  const file = '10,x,ada\n20,y,bob\n';
  const options =
    "FIELDS TERMINATED BY ',' (@number, @unused, name) " +
    'SET id = @number + 1, raw = UPPER(name), born = DEFAULT';
  const { rows } = await load({ file, options, table: 'assigned' });
  t.deepEqual(rows, [
    [11, 'ada', null, 'ADA'],
    [21, 'bob', null, 'BOB'],
  ]);
});

test('what does not fit is made to, and rows in the way are left out', async (t) => {
  const file =
    '1\tfirst\t2001-01-01\ta\n1\tsecond\t2001-01-01\tb\nx\tno\t2001-99-01\tc\n5\n' +
    '6\ta\t2001-01-01\tb\tmore\n';
  const { affectedRows, info, rows, warnings } = await load({ file, table: 'odd' });
  t.is(affectedRows, 4);
  t.regex(info, /Records: 5 {2}Deleted: 0 {2}Skipped: 1 {2}Warnings: 5/);
  t.deepEqual(rows, [
    [0, 'no', '0000-00-00', 'c'],
    [1, 'first', '2001-01-01', 'a'],
    [5, null, null, null],
    [6, 'a', '2001-01-01', 'b'],
  ]);
  const numbers = (warnings as [string, number, string][]).map(([, errno]) => errno);
  t.true(
    [1261, 1262, 1366, 1292, 1062].every((errno) => numbers.includes(errno)),
    String(numbers),
  );
});

test('rows that violate a CHECK or lack their parent are left out with warnings', async (t) => {
  const client = await mysql.createConnection({
    ...{ host: '127.0.0.1', port: cluster().port, user: 'root', password: 'secret' },
    database: 'shop',
    infileStreamFactory: () => Readable.from([Buffer.from('1\t1\n2\t7\n3\t-1\n4\t2\n1\t1\n')]),
  });
  await client.query('CREATE TABLE shelf (id INT PRIMARY KEY)');
  await client.query('INSERT INTO shelf VALUES (-1), (1), (2)');
  await client.query(
    'CREATE TABLE book (id INT PRIMARY KEY, shelf INT, CONSTRAINT c CHECK (shelf > 0), ' +
      'CONSTRAINT on_shelf FOREIGN KEY (shelf) REFERENCES shelf (id))',
  );
  const [header] = await client.query<ResultSetHeader>(
    "LOAD DATA LOCAL INFILE 'file' INTO TABLE book",
  );
  t.is(header.info.trim(), 'Records: 5  Deleted: 0  Skipped: 3  Warnings: 3');
  const [warnings] = await client.query({ sql: 'SHOW WARNINGS', rowsAsArray: true });
  t.deepEqual(warnings, [
    [
      'Warning',
      1452,
      'Cannot add or update a child row: a foreign key constraint fails ' +
        '(`shop`.`book`, CONSTRAINT `on_shelf` FOREIGN KEY (`shelf`) REFERENCES `shelf` (`id`))',
    ],
    ['Warning', 3819, "Check constraint 'c' is violated."],
    ['Warning', 1062, '1 duplicate entries were left out'],
  ]);
  const [rows] = await client.query({ sql: 'SELECT * FROM book ORDER BY id', rowsAsArray: true });
  t.deepEqual(rows, [
    [1, 1],
    [4, 2],
  ]);
  await client.end();
});

test('a separator may end a line; what comes behind it is too much', async (t) => {
  const file = '1\ta\t\\N\tx\t\n2\tb\t\\N\tx\t\t\n3\tc\t\\N\tx\tmore\n';
  const { rows, warnings } = await load({ file, table: 'ended' });
  t.is((rows as unknown[]).length, 3);
  const told = (warnings as [string, number, string][]).map(([, errno, text]) => [errno, text]);
  const text = (row: number) =>
    `Row ${row} was truncated; it contained more data than there were input columns`;
  t.deepEqual(told, [
    [1262, text(2)],
    [1262, text(3)],
  ]);
});

test('REPLACE replaces', async (t) => {
  const file = '1\ta\t\\N\t\\N\n1\tb\t\\N\t\\N\n';
  const { info, rows } = await load({ file, verb: 'REPLACE', table: 'replaced' });
  t.regex(info, /Records: 2 {2}Deleted: 1 {2}Skipped: 0/);
  t.deepEqual(rows, [[1, 'b', null, null]]);
  const keyless = await load({ file: '\\N\ta\n', verb: 'REPLACE', table: 'zero' });
  t.deepEqual(keyless.rows, [[0, 'a', null, null]]);
  t.deepEqual(keyless.warnings, [
    ['Warning', 1261, "Row 1 doesn't contain data for all columns"],
    ['Warning', 1048, "Column 'id' cannot be null"],
  ]);
});

test('the file is of the character set that is said', async (t) => {
  const latin1 = Buffer.from('1\té\t\\N\t\\N\n', 'latin1');
  const { rows } = await load({ file: latin1, options: 'CHARACTER SET latin1', table: 'accents' });
  t.deepEqual(rows, [[1, 'é', null, null]]);
  const bytes = Buffer.concat([Buffer.from('1\t😀\t\\N\t'), Buffer.of(0xff, 1), Buffer.from('\n')]);
  const binary = await load({ file: bytes, table: 'bytes' });
  t.is((binary.rows as unknown[][])[0]?.[1], '😀');
});

test('many rows are one transaction: an error leaves none', async (t) => {
  const lines = Array.from({ length: 5000 }, (_, n) => `${n}\tname ${n}\t2001-01-01\tx\n`).join('');
  const { affectedRows } = await load({ file: lines, table: 'many' });
  t.is(affectedRows, 5000);
  const client = await cluster().connect('root', 'secret', 'shop');
  await client.rows('CREATE TABLE none LIKE people');
  await client.close();
  const raw = new RawClient(cluster().port);
  await raw.enter({ capabilities: basicCapabilities | capability.localFiles });
  raw.send(command(0x03, "LOAD DATA LOCAL INFILE 'f' INTO TABLE shop.none"));
  t.is((await raw.next())?.[0], 0xfb);
  raw.send(packet(2, lines));
  await raw.close();
  const root = await cluster().connect('root', 'secret', 'shop');
  t.deepEqual(await root.column('SELECT COUNT(*) FROM none'), ['0']);
  await root.close();
});

test('the stock client and PyMySQL load a file', async (t) => {
  const path = join(temporaryDirectory(t), 'people.csv');
  writeFileSync(path, '1,Ada,1815-12-10,a\n2,Bob,1900-01-01,b\n');
  const root = await cluster().connect('root', 'secret', 'shop');
  await root.rows('CREATE TABLE by_cli LIKE people');
  await root.rows('CREATE TABLE by_python LIKE people');
  const load_ = (table: string) =>
    `LOAD DATA LOCAL INFILE '${path}' INTO TABLE ${table} FIELDS TERMINATED BY ','`;
  const server = ['-h127.0.0.1', `-P${cluster().port}`, '-uroot', '-psecret', 'shop'];
  const more = ['--local-infile=1', '-N', '-e', `SELECT 7; ${load_('by_cli')}; SELECT 8`];
  t.deepEqual((await run('mariadb', [...server, ...more])).stdout, '7\n8\n');
  const script = `
import pymysql
c = pymysql.connect(host='127.0.0.1', port=${cluster().port}, user='root', password='secret',
                    database='shop', local_infile=True, autocommit=True)
k = c.cursor()
print(k.execute("""${load_('by_python')}"""))
`;
  t.is((await run('/usr/bin/python3', ['-c', script])).stdout.trim(), '2');
  t.deepEqual(await root.column('SELECT name FROM by_cli ORDER BY id'), ['Ada', 'Bob']);
  t.deepEqual(await root.column('SELECT name FROM by_python ORDER BY id'), ['Ada', 'Bob']);
  await root.close();
});

test('a load between other statements of one text answers in its order', async (t) => {
  const raw = new RawClient(cluster().port);
  const capabilities =
    basicCapabilities |
    capability.localFiles |
    capability.multiStatements |
    capability.deprecateEof;
  await raw.enter({ capabilities });
  raw.send(command(0x03, "DO 1; LOAD DATA LOCAL INFILE 'f' INTO TABLE shop.people; DO 2"));
  const first = await raw.next();
  t.is(first?.[0], 0);
  t.is((first?.readUInt16LE(3) ?? 0) & 8, 8);
  t.is((await raw.next())?.toString('latin1'), '\xfbf');
  raw.send(packet(3, '77\tx\t\\N\t\\N\n'), packet(4, ''));
  const loaded = await raw.next();
  t.deepEqual([loaded?.[0], loaded?.[1]], [0, 1]);
  t.is((await raw.next())?.[0], 0);
  await raw.close();
});

test.serial('it is refused where it is off, and where the client does not offer it', async (t) => {
  const raw = new RawClient(cluster().port);
  await raw.enter();
  const sql = "LOAD DATA LOCAL INFILE 'f' INTO TABLE shop.people";
  raw.send(command(0x03, sql));
  t.is(errorNumber(await raw.next()), 3948);
  await raw.close();
  const root = await cluster().connect();
  t.is(await root.failure("LOAD DATA INFILE 'f' INTO TABLE shop.people"), '1235 42000');
  t.is(await root.failure("LOAD XML LOCAL INFILE 'f' INTO TABLE shop.people"), '1235 42000');
  await root.rows('SET GLOBAL local_infile = 0');
  t.is(await root.failure(sql), '3948 42000');
  await root.rows('SET GLOBAL local_infile = 1');
  await root.rows("CREATE USER reader IDENTIFIED BY 'pw'");
  await root.rows('GRANT SELECT ON shop.* TO reader');
  const reader = await cluster().connect('reader', 'pw');
  t.is(await reader.failure(sql), '1142 42000');
  await reader.close();
  await root.close();
});
