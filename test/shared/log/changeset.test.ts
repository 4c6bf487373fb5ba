// What SQLite's session has captured is read, filtered and inverted as SQLite itself would.

import test from 'ava';
import {
  changeKey,
  concatChangesets,
  describeChange,
  invertChangeset,
  readChangeset,
} from '#shared/log/changeset.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';

const tables = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, v, w AS (u || '!') STORED);
  CREATE TABLE pair (b TEXT, a INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID;`;

function open(): SqliteFile {
  const file = openWithFunctions(':memory:');
  file.exec(tables);
  return file;
}

function record(file: SqliteFile, sql: string): Uint8Array {
  file.exec('BEGIN');
  const capture = file.capture();
  file.exec(sql);
  const changeset = capture.changeset();
  capture.close();
  file.exec('COMMIT');
  return changeset;
}

function content(file: SqliteFile): unknown {
  return [file.all('SELECT * FROM t ORDER BY id'), file.all('SELECT * FROM pair ORDER BY a, b')];
}

test('changeset: every kind of value and operation is read', (t) => {
  const file = open();
  const values = "(1, 1.5, 'é'), (-2, x'00ff', NULL)";
  const inserted = record(file, `INSERT INTO t (id, u, v) VALUES ${values}`);
  const [first] = [...readChangeset(inserted)].filter((change) => changeKey(change)[0] === 1n);
  t.is(first?.table, 't');
  t.deepEqual(first?.keyColumns, [0]);
  t.is(first?.after?.[1], 1.5);
  t.is(first?.after?.[2], 'é');
  const big = 'UPDATE t SET v = 9007199254740993 WHERE id = 1';
  const updated = [...readChangeset(record(file, big))];
  t.is(updated[0]?.before?.[0], 1n);
  t.is(updated[0]?.before?.[1], undefined);
  t.is(updated[0]?.after?.[2], 9007199254740993n);
  const pair = [...readChangeset(record(file, "INSERT INTO pair VALUES ('k', 7, x'01')"))];
  t.deepEqual(changeKey(pair[0] as never), [7n, 'k']);
  t.is(describeChange(pair[0] as never), 'insert of "pair" key (7, k)');
  file.close();
});

test('changeset: its inverse takes it back, whatever it did', (t) => {
  const file = open();
  record(file, "INSERT INTO t (id, u, v) VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')");
  record(file, "INSERT INTO pair VALUES ('x', 1, 1), ('y', 1, 2)");
  const steps = [
    "UPDATE t SET v = 'long ' || hex(zeroblob(200)) WHERE id = 2",
    'DELETE FROM t WHERE id = 3; UPDATE t SET u = u + 10',
    "INSERT INTO t (id, u, v) VALUES (9, 99, 1.25); UPDATE pair SET b = 'z' WHERE b = 'y'",
    'UPDATE t SET u = 500 WHERE id = 1; UPDATE t SET u = 11 WHERE id = 2; DELETE FROM pair',
    "REPLACE INTO t (id, u, v) VALUES (1, 11, 'r')",
  ];
  const states = [content(file)];
  const changes: Uint8Array[] = [];
  for (const sql of steps) {
    changes.push(record(file, sql));
    states.push(content(file));
  }
  for (const changeset of changes.toReversed()) {
    t.deepEqual(content(file), states.pop());
    t.true(file.applyChangeset(invertChangeset(changeset)));
  }
  t.deepEqual(content(file), states.pop());
  file.close();
});

test('changeset: parts of it, and several one after another, are changesets too', (t) => {
  const file = open();
  const one = record(file, 'INSERT INTO t (id, u) VALUES (1, 1), (2, 2), (3, 3)');
  const two = record(file, "INSERT INTO pair VALUES ('x', 1, 1); DELETE FROM t WHERE id = 1");
  const other = open();
  const both = concatChangesets([one, two]);
  const some = [...readChangeset(both)].filter((change) => changeKey(change)[0] !== 2n);
  t.true(other.applyChangeset(concatChangesets(some.map(({ bytes }) => bytes))));
  t.deepEqual(other.all('SELECT id FROM t'), [[3]]);
  file.close();
  other.close();
});

test('changeset: bytes that are none are refused', (t) => {
  const file = open();
  const good = record(file, "INSERT INTO t (id, u, v) VALUES (1, 1, 'abc')");
  for (let length = 1; length < good.length; length += 1) {
    const read = (): unknown => [...readChangeset(good.subarray(0, length))];
    // Cut right after the table's header (T, count, 3 columns, name) it has no change.
    if (length === 1 + 1 + 3 + 2) t.deepEqual(read(), []);
    else t.throws(read, { instanceOf: RangeError });
  }
  file.close();
});
