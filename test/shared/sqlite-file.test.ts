// The door to SQLite: types in and out, errors, statements, captures and copies.

import test from 'ava';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseError } from '#shared/error.ts';
import { SqliteError } from '#shared/sqlite-error.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

test('sqlite-file: a bigint is an INTEGER, a number a REAL, both come back', (t) => {
  const file = openWithFunctions(':memory:');
  const row = file.get('SELECT typeof(?), typeof(?), ?, ?, ?, ?', [
    1n,
    1,
    2n ** 53n + 1n,
    'a\0b',
    new Uint8Array([0, 255]),
    null,
  ]);
  t.deepEqual(row, ['integer', 'real', 2n ** 53n + 1n, 'a\0b', new Uint8Array([0, 255]), null]);
  t.deepEqual(file.get('SELECT 1'), [1]);
  t.deepEqual(file.get('SELECT 1', [], 'bigint'), [1n]);
});

test('sqlite-file: a row that a statement changed comes back once, its large numbers too', (t) => {
  const file = openWithFunctions(':memory:');
  file.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)');
  const rows = file.all('INSERT INTO t VALUES (?), (?) RETURNING a', [1n, 2n ** 60n]);
  t.deepEqual(rows, [[1n], [2n ** 60n]]);
  t.deepEqual(file.get('SELECT count(*) FROM t'), [2]);
});

test('sqlite-file: statements go on behind a row whose id is no safe number', (t) => {
  const file = openWithFunctions(':memory:');
  file.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)');
  t.is(file.run('INSERT INTO t VALUES (?)', [2n ** 60n]), 1);
  file.run('SAVEPOINT s');
  file.run('RELEASE s');
  t.deepEqual(file.get('SELECT a FROM t'), [2n ** 60n]);
});

test('sqlite-file: what SQLite refuses is a SqliteError with its kind and names', (t) => {
  const file = openWithFunctions(':memory:');
  file.exec(`
    CREATE TABLE p (id INTEGER PRIMARY KEY);
    CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL, c INTEGER, d INTEGER REFERENCES p (id),
      CONSTRAINT "range:c" CHECK (c < 10));
    CREATE UNIQUE INDEX "t.bc" ON t (b, c);
    CREATE UNIQUE INDEX "t.ci" ON t (tl_ci(b));
    INSERT INTO t VALUES (1, 'x', 1, NULL)`);
  const failure = (sql: string) =>
    (t.throws(() => file.run(sql), { instanceOf: SqliteError }) as SqliteError).failure;
  const insert = (values: string) => failure(`INSERT INTO t VALUES (${values})`);
  t.deepEqual(insert("1, 'y', 2, NULL"), { kind: 'unique', table: 't', columns: ['a'] });
  t.deepEqual(insert("2, 'X', 2, NULL"), { kind: 'uniqueIndex', index: 't.ci' });
  t.deepEqual(insert('2, NULL, 2, NULL'), { kind: 'notNull', table: 't', column: 'b' });
  t.deepEqual(insert("2, 'y', 20, NULL"), { kind: 'check', name: 'range:c' });
  t.deepEqual(insert("2, 'y', 2, 5"), { kind: 'foreignKey' });
  t.deepEqual(failure('SELECT * FROM nowhere'), { kind: 'other' });
});

test('sqlite-file: an error of one of our functions passes through, inside of a write too', (t) => {
  const file = openWithFunctions(':memory:');
  file.exec('CREATE TABLE t (a INTEGER PRIMARY KEY)');
  const error = t.throws(() => file.run('INSERT INTO t VALUES (tl_add(?, 1))', [2n ** 63n - 1n]));
  t.true(error instanceof DatabaseError && error.errno === 1690);
});

test('sqlite-file: a full disk and a broken file have their kinds', (t) => {
  const path = join(temporaryDirectory(t), 'small.sqlite');
  const file = openWithFunctions(path);
  t.teardown(() => file.close());
  file.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB); PRAGMA max_page_count = 3');
  const error = t.throws(() => file.run('INSERT INTO t VALUES (1, zeroblob(100000))'));
  t.deepEqual((error as SqliteError).failure, { kind: 'full' });
  const broken = join(temporaryDirectory(t), 'broken.sqlite');
  writeFileSync(broken, 'x'.repeat(8192));
  const second = t.throws(() => openWithFunctions(broken));
  t.deepEqual((second as SqliteError).failure, { kind: 'corrupt' });
});

test('sqlite-file: captured changes apply elsewhere, and a conflict is asked about', (t) => {
  const [from, to] = [openWithFunctions(':memory:'), openWithFunctions(':memory:')];
  for (const file of [from, to]) file.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)');
  const capture = from.capture();
  from.run('INSERT INTO t VALUES (1, ?)', ['x']);
  const changeset = capture.changeset();
  capture.close();
  t.true(to.applyChangeset(changeset));
  t.deepEqual(to.all('SELECT * FROM t'), [[1, 'x']]);
  t.false(to.applyChangeset(changeset));
  t.true(to.applyChangeset(changeset, { onConflict: () => 'omit' }));
  t.true(to.applyChangeset(changeset, { filter: () => false }));
});

test('sqlite-file: iterate yields one by one, and others may use the same statement', (t) => {
  const file = openWithFunctions(':memory:');
  const sql = 'SELECT column1 FROM (VALUES (1), (2), (3))';
  const seen: unknown[] = [];
  for (const [value] of file.iterate(sql)) {
    seen.push(value, file.all(sql).length);
    if (seen.length === 4) break;
  }
  t.deepEqual(seen, [1n, 3, 2n, 3]);
});

test('sqlite-file: a backup is a copy of one moment; a reader sees the last commit', async (t) => {
  const directory = temporaryDirectory(t);
  const file = openWithFunctions(join(directory, 'a.sqlite'));
  t.teardown(() => file.close());
  file.exec('CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)');
  const reader = openWithFunctions(join(directory, 'a.sqlite'), { readOnly: true });
  t.teardown(() => reader.close());
  file.exec('BEGIN; INSERT INTO t VALUES (2)');
  t.true(file.inTransaction);
  t.deepEqual(reader.all('SELECT a FROM t'), [[1]]);
  file.exec('COMMIT');
  t.deepEqual(reader.all('SELECT a FROM t'), [[1], [2]]);
  await file.backup(join(directory, 'b.sqlite'));
  const copy = openWithFunctions(join(directory, 'b.sqlite'));
  t.teardown(() => copy.close());
  t.deepEqual(copy.all('SELECT a FROM t'), [[1], [2]]);
  t.true(file.emptyWal());
});
