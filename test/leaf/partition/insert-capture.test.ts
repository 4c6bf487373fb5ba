// Changesets laid out by hand are what a session says of the same rows.

import test from 'ava';
import { InsertCapture, InsertShapes } from '#leaf/partition/insert-capture.ts';
import { readChangeset } from '#shared/log/changeset.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import type { WriteStep } from '#shared/wire/message.ts';

const tables = [
  'CREATE TABLE "plain" ("id" INTEGER PRIMARY KEY, "r" REAL, "t" TEXT, "b" BLOB) STRICT',
  `CREATE TABLE "two ""keys" ("a" TEXT NOT NULL, "b" INTEGER, "c" INTEGER NOT NULL,
     PRIMARY KEY ("c", "a")) STRICT, WITHOUT ROWID`,
  'CREATE TABLE "made" ("id" INTEGER PRIMARY KEY, "twice" INTEGER AS ("id" * 2) STORED) STRICT',
  'CREATE TABLE "unique" ("id" INTEGER PRIMARY KEY, "u" INTEGER UNIQUE) STRICT',
];

const insertPlain = 'INSERT INTO "plain" ("id", "r", "t", "b") VALUES (?, ?, ?, ?)';
/** Its columns in another order than the table's. */
const insertKeys = 'INSERT INTO "two ""keys" ("c", "b", "a") VALUES (?, ?, ?)';

function open(): SqliteFile {
  const file = SqliteFile.open(':memory:');
  for (const sql of tables) file.exec(sql);
  return file;
}

function step(sql: string, rows: readonly Row[]): WriteStep {
  return { kind: 'rows', sql, rows };
}

/** Runs the steps under a session, and captures them by hand beside it. */
function both(
  file: SqliteFile,
  steps: readonly WriteStep[],
): { session: string[]; hand: string[] } {
  const inserts = new InsertShapes(file).plainInserts(steps);
  const session = file.capture();
  const results = steps.map((each) => {
    if (each.kind !== 'rows') throw new Error('rows only');
    const changesPerRow = each.rows.map((row) => file.run(each.sql, row));
    return { changes: 0, changesPerRow, rows: [] };
  });
  const capture = new InsertCapture();
  capture.add(inserts ?? [], results);
  const hex = (bytes: Uint8Array): string[] =>
    [...readChangeset(bytes)].map((change) => Buffer.from(change.bytes).toString('hex')).sort();
  return { session: hex(session.changeset()), hand: hex(capture.changeset()) };
}

const integers = [0n, 1n, -1n, 127n, 128n, 2n ** 31n, -(2n ** 63n), 2n ** 63n - 1n, null];
const reals = [0, 1, -1, 0.5, -2.25, 1e300, 5e-324, 2 ** 53, Infinity, -Infinity, null];
const texts = ['', 'a', 'ä€😀', 'nul\0inside', 'x'.repeat(127), 'ä'.repeat(64), null];
const blobs = [new Uint8Array(), Uint8Array.of(0, 255), new Uint8Array(20_000), null];

function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}

test('inserts by hand: the bytes of every row equal the session’s', (t) => {
  const file = open();
  const plain = Array.from({ length: 400 }, (_, i): Row => {
    return [BigInt(i * 7 - 50), pick(reals, i), pick(texts, i >> 1), pick(blobs, i >> 2)];
  });
  const keys = Array.from({ length: 200 }, (_, i): Row => {
    return [BigInt(i), pick(integers, i), pick(texts, i) ?? 'none'];
  });
  const { session, hand } = both(file, [step(insertPlain, plain), step(insertKeys, keys)]);
  t.is(hand.length, 600);
  t.deepEqual(hand, session);
});

test('inserts by hand: texts of many lengths, around every size of a varint', (t) => {
  const file = open();
  const lengths = [0, 1, 126, 127, 128, 129, 16_383, 16_384, 16_385, 2_097_151, 2_097_152];
  const rows = lengths.map((length, i): Row => [BigInt(i), null, 'x'.repeat(length), null]);
  const { session, hand } = both(file, [step(insertPlain, rows)]);
  t.deepEqual(hand, session);
});

test('inserts by hand: a row that stayed out is not among them', (t) => {
  const file = open();
  const sql = 'INSERT INTO "unique" ("id", "u") VALUES (?, ?) ON CONFLICT DO NOTHING';
  const rows: Row[] = [
    [1n, 5n],
    [2n, 5n],
    [3n, 6n],
    [1n, 7n],
  ];
  const { session, hand } = both(file, [step(sql, rows)]);
  t.is(hand.length, 2);
  t.deepEqual(hand, session);
});

test('inserts by hand: what may be stored otherwise is left to a session', (t) => {
  const shapes = new InsertShapes(open());
  const plain = (row: Row) => shapes.plainInserts([step(insertPlain, [row])]);
  t.not(plain([1n, 1, 'a', null]), null);
  // A number is made, a class is converted, or the bytes are not ours to know.
  t.is(plain([null, 1, 'a', null]), null);
  t.is(plain([1, 1, 'a', null]), null);
  t.is(plain([1n, 1n, 'a', null]), null);
  t.is(plain([1n, -0, 'a', null]), null);
  t.is(plain([1n, NaN, 'a', null]), null);
  t.is(plain([1n, 1, 7n, null]), null);
  t.is(plain([1n, 1, '\ud800', null]), null);
  t.is(plain([1n, 1, 'a', 'b']), null);
  t.is(plain([1n, 1, 'a']), null);
  const none = (sql: string, row: Row) => t.is(shapes.plainInserts([step(sql, [row])]), null, sql);
  none('INSERT OR REPLACE INTO "plain" ("id", "r", "t", "b") VALUES (?, ?, ?, ?)', [1n]);
  none('INSERT INTO "plain" ("id", "r") VALUES (?, ?)', [1n, 1]);
  none('INSERT INTO "plain" ("id", "r", "t", "b") VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE', [1n]);
  none('INSERT INTO "made" ("id") VALUES (?)', [1n]);
  none('INSERT INTO "missing" ("id") VALUES (?)', [1n]);
  const statement = { kind: 'statement', sql: 'DELETE FROM "plain"', parameters: [] } as const;
  t.is(shapes.plainInserts([{ ...statement, returning: false }]), null);
});
