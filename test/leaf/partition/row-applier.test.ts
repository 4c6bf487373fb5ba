// Small changes by prepared statements: the same rows as by SQLite's own apply, or none of them.

import test from 'ava';
import { applyChanges } from '#leaf/partition/apply-changes.ts';
import { RowApplier } from '#leaf/partition/row-applier.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const everyType = `CREATE TABLE "every type" ("k" INTEGER NOT NULL, "K2" TEXT NOT NULL,
  "i" INTEGER, "r" REAL, "t" TEXT COLLATE NOCASE, "b" BLOB, "u" INTEGER UNIQUE,
  PRIMARY KEY ("K2", "k")) STRICT, WITHOUT ROWID`;
const byRowid = 'CREATE TABLE "row""id" ("id" INTEGER PRIMARY KEY, "v" TEXT, "w" REAL) STRICT';

function two(...definitions: readonly string[]) {
  const [source, copy] = [openWithFunctions(':memory:'), openWithFunctions(':memory:')];
  for (const sql of definitions) {
    source.exec(sql);
    copy.exec(sql);
  }
  return { source, copy, rows: new RowApplier(copy) };
}

type Statement = readonly [sql: string, parameters?: readonly StoredValue[]];

function changesOf(source: SqliteFile, ...statements: readonly Statement[]): Uint8Array {
  const capture = source.capture();
  for (const [sql, parameters] of statements) source.run(sql, parameters ?? []);
  const changeset = capture.changeset();
  capture.close();
  return changeset;
}

function apply(copy: SqliteFile, rows: RowApplier, changes: Uint8Array[], version = 1): boolean {
  copy.run('BEGIN');
  const isApplied = rows.apply(changes, version);
  copy.run('COMMIT');
  return isApplied;
}

const content = (file: SqliteFile, table: string) =>
  file.all(
    `SELECT *, ${['i', 'r', 't', 'b'].map((c) => `typeof(${c})`).join()} FROM ${table}`,
    [],
    'bigint',
  );

const values: Readonly<Record<string, readonly StoredValue[]>> = {
  i: [null, 0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)],
  r: [null, 0, 5, -1.5, 1e308, 5e-324, Infinity],
  t: [null, '', 'a', 'A', 'ü€😀', 'with \0 in it', "it's"],
  b: [null, new Uint8Array(0), Uint8Array.of(0, 255, 1)],
};

test('rows: random changes of every type lead to the same rows', (t) => {
  const below = seededRandom(20261121);
  const { source, copy, rows } = two(everyType, byRowid);
  const pick = (column: string): StoredValue => {
    const choices = values[column] ?? [null];
    return choices[below(choices.length)] ?? null;
  };
  let applied = 0;
  for (let round = 0; round < 400; round += 1) {
    const statements = Array.from({ length: 1 + below(4) }, (): Statement => {
      const key = [BigInt(below(6)), ['x', 'X', 'ü'][below(3)] ?? 'x'] as const;
      const kind = below(4);
      if (kind === 0) {
        const row = [...key, pick('i'), pick('r'), pick('t'), pick('b')];
        return ['INSERT OR REPLACE INTO "every type" VALUES (?, ?, ?, ?, ?, ?, NULL)', row];
      }
      if (kind === 1) return ['DELETE FROM "every type" WHERE k = ? AND K2 = ?', key];
      if (kind === 2) {
        const row = [key[0], pick('t'), pick('r')];
        return ['INSERT OR REPLACE INTO "row""id" VALUES (?, ?, ?)', row];
      }
      const column = ['i', 'r', 't', 'b'][below(4)] ?? 'i';
      const sql = `UPDATE "every type" SET ${column} = ? WHERE k = ? AND K2 = ?`;
      return [sql, [pick(column), ...key]];
    });
    const changeset = changesOf(source, ...statements);
    if (apply(copy, rows, [changeset])) applied += 1;
    else applyChanges(copy, changeset, 'shop_0');
  }
  t.is(applied, 400);
  t.deepEqual(content(copy, '"every type"'), content(source, '"every type"'));
  const all = 'SELECT *, typeof(v), typeof(w) FROM "row""id"';
  t.deepEqual(copy.all(all, [], 'bigint'), source.all(all, [], 'bigint'));
  t.true(copy.all(all).length > 3);
});

const insert = 'INSERT INTO "row""id" VALUES (1, \'a\', 1.5), (2, \'b\', NULL)';

for (const [what, differs, change] of [
  ['an update of another row', 'UPDATE "row""id" SET v = \'z\'', 'UPDATE "row""id" SET v = \'y\''],
  ['an update of no row', 'DELETE FROM "row""id"', 'UPDATE "row""id" SET v = \'y\''],
  ['a delete of another row', 'UPDATE "row""id" SET w = 7', 'DELETE FROM "row""id"'],
  ['a delete of no row', 'DELETE FROM "row""id"', 'DELETE FROM "row""id"'],
  [
    'an insert of a row that is there',
    'INSERT INTO "row""id" VALUES (3, NULL, 3)',
    'INSERT INTO "row""id" VALUES (3, NULL, 4)',
  ],
] as const) {
  test(`rows: ${what} changes nothing, and is named by the common way`, (t) => {
    const { source, copy, rows } = two(byRowid);
    t.true(apply(copy, rows, [changesOf(source, [insert])]));
    copy.run(differs);
    const before = copy.all('SELECT * FROM "row""id"');
    const good = changesOf(source, ['INSERT INTO "row""id" VALUES (9, NULL, NULL)']);
    const bad = changesOf(source, [change]);
    t.false(apply(copy, rows, [good, bad]));
    t.deepEqual(copy.all('SELECT * FROM "row""id"'), before);
    t.true(apply(copy, rows, [good]));
    t.throws(() => applyChanges(copy, bad, 'shop_0'), { message: /"row"id" key \(/ });
  });
}

test('rows: two that exchange a unique value are left to the common way', (t) => {
  const { source, copy, rows } = two('CREATE TABLE t (id INTEGER PRIMARY KEY, u INTEGER UNIQUE)');
  t.true(apply(copy, rows, [changesOf(source, ['INSERT INTO t VALUES (1, 1), (2, 2)'])]));
  const exchange = changesOf(
    source,
    ['UPDATE t SET u = 9 WHERE id = 1'],
    ['UPDATE t SET u = 1 WHERE id = 2'],
    ['UPDATE t SET u = 2 WHERE id = 1'],
  );
  t.false(apply(copy, rows, [exchange]));
  applyChanges(copy, exchange, 'shop_0');
  t.deepEqual(copy.all('SELECT * FROM t'), [
    [1, 2],
    [2, 1],
  ]);
});

test('rows: so are text that is no UTF-8, a generated column and other columns', (t) => {
  const generated = 'CREATE TABLE g (id INTEGER PRIMARY KEY, v INTEGER, d AS (v * 2) STORED)';
  const { source, copy, rows } = two(byRowid, generated);
  const text = changesOf(source, ['INSERT INTO "row""id" VALUES (5, CAST(x\'41ff\' AS TEXT), 1)']);
  t.false(apply(copy, rows, [text]));
  applyChanges(copy, text, 'shop_0');
  t.deepEqual(copy.all('SELECT hex(v) FROM "row""id"'), [['41FF']]);
  const change = changesOf(source, ['INSERT INTO g (id, v) VALUES (1, 4)']);
  if (!apply(copy, rows, [change])) applyChanges(copy, change, 'shop_0');
  t.deepEqual(copy.all('SELECT * FROM g'), [[1, 4, 8]]);
  copy.exec('ALTER TABLE "row""id" ADD COLUMN x INTEGER');
  const wider = changesOf(source, ['DELETE FROM "row""id" WHERE id = 5']);
  t.false(apply(copy, rows, [wider], 2));
});

test('rows: bytes that are no changeset are left to it', (t) => {
  const { source, copy, rows } = two(byRowid);
  const changeset = changesOf(source, [insert]);
  for (const length of [1, 5, 14, changeset.length - 1]) {
    t.false(apply(copy, rows, [changeset.subarray(0, length)]), `${length}`);
  }
  t.deepEqual(copy.all('SELECT * FROM "row""id"'), []);
});
