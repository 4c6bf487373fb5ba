// Changesets laid out by hand are what a session says of the same rows.

import test from 'ava';
import { HandCapture, NotByHandError } from '#leaf/partition/hand-capture.ts';
import { PlainShapes } from '#leaf/partition/plain-steps.ts';
import { must } from '#shared/assert.ts';
import { invertChangeset, readChangeset } from '#shared/log/changeset.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';

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
  const file = openWithFunctions(':memory:');
  for (const sql of tables) file.exec(sql);
  return file;
}

function step(sql: string, rows: readonly Row[]): WriteStep {
  return { kind: 'rows', sql, rows };
}

function toHex(changeset: Uint8Array): string[] {
  return [...readChangeset(changeset)].map(({ bytes }) => Buffer.from(bytes).toString('hex'));
}

/** Runs the steps under a session, and captures them by hand beside it. */
function both(
  file: SqliteFile,
  steps: readonly WriteStep[],
): { readonly session: string[]; readonly hand: string[]; readonly results: WriteStepResult[] } {
  const plain = must(new PlainShapes(file).plainSteps(steps, false), 'plain steps');
  const session = file.capture();
  const capture = new HandCapture();
  const target = { path: ':memory:', connection: file, tables: new Map<string, never>() };
  const results = capture.run(target, plain);
  const hand = toHex(capture.changeset()).sort();
  return { session: toHex(session.changeset()).sort(), hand, results };
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
  const shapes = new PlainShapes(open());
  const plain = (row: Row) => shapes.plainSteps([step(insertPlain, [row])], false);
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
  const none = (sql: string, row: Row) =>
    t.is(shapes.plainSteps([step(sql, [row])], false), null, sql);
  none('INSERT OR REPLACE INTO "plain" ("id", "r", "t", "b") VALUES (?, ?, ?, ?)', [1n]);
  none('INSERT INTO "plain" ("id", "r") VALUES (?, ?)', [1n, 1]);
  none('INSERT INTO "plain" ("id", "r", "t", "b") VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE', [1n]);
  none('INSERT INTO "made" ("id") VALUES (?)', [1n]);
  none('INSERT INTO "missing" ("id") VALUES (?)', [1n]);
});

/** The two steps of an UPDATE by key. */
function update(set: string, differs: string, values: readonly StoredValue[], key: StoredValue) {
  const where = 'WHERE (("r1"."id" = ?))';
  const count = `SELECT count(*) FROM "plain" AS "r1" ${where}`;
  const sql = `UPDATE "plain" AS "r1" SET ${set} ${where} AND (${differs})`;
  return [
    { kind: 'statement', sql: count, parameters: [key], returning: true },
    { kind: 'statement', sql, parameters: [...values, key, ...values], returning: false },
  ] as const;
}

function updateOf(column: string, value: StoredValue, key: StoredValue) {
  return update(`"${column}" = ?`, `"r1"."${column}" IS NOT ?`, [value], key);
}

function deleteKeys(a: string, c: bigint): WriteStep {
  const where = 'WHERE ((("r1"."a" = ?) AND ("r1"."c" = ?)))';
  const sql = `DELETE FROM "two ""keys" AS "r1" ${where}`;
  return { kind: 'statement', sql, parameters: [a, c], returning: false };
}

test('changes by hand: updates of every kind of value equal the session’s', (t) => {
  const file = open();
  const count = 200;
  const ids = Array.from({ length: count }, (_, i) => BigInt(i));
  for (const id of ids) {
    const i = Number(id);
    file.run(insertPlain, [id, pick(reals, i), pick(texts, i >> 1), pick(blobs, i >> 2)]);
  }
  const steps = ids.flatMap((id) => {
    const i = Number(id) + 3;
    if (i % 3 === 0) return updateOf('r', pick(reals, i), id);
    if (i % 3 === 1) return updateOf('t', pick(texts, i), id);
    return update(
      '"b" = ?, "t" = ?',
      '"r1"."b" IS NOT ? OR "r1"."t" IS NOT ?',
      [pick(blobs, i), pick(texts, i)],
      id,
    );
  });
  const { session, hand, results } = both(file, steps);
  t.true(hand.length > count / 2);
  t.deepEqual(hand, session);
  t.true(results.every(({ rows }, i) => i % 2 === 1 || rows[0]?.[0] === 1));
});

test('changes by hand: deletes by a key of two columns equal the session’s', (t) => {
  const file = open();
  const keys = Array.from({ length: 60 }, (_, i) => [pick(texts, i) ?? 'none', BigInt(i)] as const);
  for (const [a, c] of keys) file.run(insertKeys, [c, 5n, a]);
  const gone = keys.filter((_, i) => i % 2 === 0);
  const { session, hand, results } = both(
    file,
    gone.map(([a, c]) => deleteKeys(a, c)),
  );
  t.is(hand.length, 30);
  t.deepEqual(hand, session);
  t.true(results.every(({ changes }) => changes === 1));
});

test('changes by hand: what meets no row, or leaves it as it is, changes nothing', (t) => {
  const file = open();
  file.run(insertPlain, [1n, 1, 'same', null]);
  const { session, hand, results } = both(file, [
    ...updateOf('t', 'other', 2n),
    ...updateOf('t', 'same', 1n),
    deleteKeys('missing', 1n),
  ]);
  t.deepEqual([session, hand], [[], []]);
  const counts = results.map(({ changes, rows }) => rows[0]?.[0] ?? `${changes} changed`);
  t.deepEqual(counts, [0, '0 changed', 1, '0 changed', '0 changed']);
});

test('changes by hand: one row changed again and again can be applied, and taken back', (t) => {
  const file = open();
  file.run(insertPlain, [1n, 1, 'first', null]);
  const shapes = new PlainShapes(file);
  const steps = must(
    shapes.plainSteps(
      [
        ...updateOf('t', 'second', 1n),
        ...updateOf('t', 'third', 1n),
        step(insertPlain, [[2n, 2, 'new', null]]),
        ...updateOf('r', 0.5, 2n),
        ...updateOf('r', 7, 1n),
      ],
      false,
    ),
  );
  const capture = new HandCapture();
  capture.run({ path: ':memory:', connection: file, tables: new Map() }, steps);
  const rows = file.all('SELECT * FROM "plain"');
  const copy = open();
  copy.run(insertPlain, [1n, 1, 'first', null]);
  t.true(copy.applyChangeset(capture.changeset()));
  t.deepEqual(copy.all('SELECT * FROM "plain"'), rows);
  t.true(copy.applyChangeset(invertChangeset(capture.changeset())));
  t.deepEqual(copy.all('SELECT * FROM "plain"'), [[1, 1, 'first', null]]);
});

test('changes by hand: a text whose bytes are not known is left to a session', (t) => {
  const file = open();
  file.run(`INSERT INTO "plain" VALUES (1, 1.0, CAST(x'ff41' AS TEXT), NULL)`);
  const plain = must(new PlainShapes(file).plainSteps(updateOf('r', 2, 1n), false));
  const target = { path: ':memory:', connection: file, tables: new Map<string, never>() };
  t.throws(() => new HandCapture().run(target, plain), { instanceOf: NotByHandError });
  t.deepEqual(file.all('SELECT "r" FROM "plain"'), [[1]]);
});

test('changes by hand: what a key does not name, or what moves it, is left to a session', (t) => {
  const shapes = new PlainShapes(open());
  const none = (steps: readonly WriteStep[]) => {
    t.is(
      shapes.plainSteps(steps, false),
      null,
      JSON.stringify(steps, (_, value) => String(value)),
    );
  };
  const remove = (sql: string, parameters: readonly StoredValue[]): WriteStep[] => {
    return [{ kind: 'statement', sql, parameters, returning: false }];
  };
  t.not(shapes.plainSteps([step(insertPlain, [[1n, 1, 'a', null]])], true), null);
  t.is(shapes.plainSteps(updateOf('t', 'a', 1n), true), null);
  none(updateOf('id', 2n, 1n));
  none(updateOf('t', '\ud800', 1n));
  none([updateOf('t', 'a', 1n)[0]]);
  none([updateOf('t', 'a', 1n)[1]]);
  none([updateOf('t', 'a', 1n)[0], ...remove('DELETE FROM "plain"', [])]);
  none(remove('DELETE FROM "plain" AS "r1" WHERE ("r1"."id" > ?)', [1n]));
  none(remove('DELETE FROM "plain" AS "r1" WHERE (("r1"."r" = ?))', [1]));
  none(remove('DELETE FROM "plain" AS "r1" WHERE (("r2"."id" = ?))', [1n]));
  none(remove('DELETE FROM "two ""keys" AS "r1" WHERE (("r1"."a" = ?))', ['a']));
  none(remove('DELETE FROM "made" AS "r1" WHERE (("r1"."id" = ?))', [1n]));
});
