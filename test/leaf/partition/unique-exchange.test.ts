// Rows that take each other's unique values come out as at the source, however many they are.

import { createHash } from 'node:crypto';
import test from 'ava';
import {
  applyChanges,
  applyInTurns,
  applyParts,
  applyTogether,
} from '#leaf/partition/apply-changes.ts';
import { movesMany, withoutExchange } from '#leaf/partition/unique-exchange.ts';
import { invertChangeset } from '#shared/log/changeset.ts';
import { splitChangeset } from '#shared/log/split-changeset.ts';
import { realClock } from '#shared/clock.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { seededRandom, type RandomInteger } from '#test/support/seeded-random.ts';

/** Quadratic work at so many rows is minutes. */
const MANY = 15_000;

const byNumber = `CREATE TABLE "t" ("id" INTEGER PRIMARY KEY, "pos" INTEGER NOT NULL,
  "note" TEXT, "real" REAL, "raw" BLOB) STRICT;
  CREATE UNIQUE INDEX "t.pos" ON "t" ("pos");`;
const byPair = `CREATE TABLE "t" ("list" INTEGER NOT NULL, "id" TEXT NOT NULL,
  "pos" INTEGER, "note" TEXT, "real" REAL, "raw" BLOB,
  PRIMARY KEY ("id")) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX "t.PRIMARY" ON "t" (tl_ci("id"));
  CREATE UNIQUE INDEX "t.place" ON "t" ("list", "pos");`;
const byName = `CREATE TABLE "t" ("id" TEXT PRIMARY KEY, "real" REAL, "raw" BLOB) STRICT;
  CREATE UNIQUE INDEX "t.PRIMARY" ON "t" (tl_ci("id"));`;
const byText = `CREATE TABLE "t" ("id" INTEGER PRIMARY KEY, "pos" TEXT NOT NULL,
  "note" TEXT, "real" REAL, "raw" BLOB) STRICT;
  CREATE UNIQUE INDEX "t.pos" ON "t" (tl_ci("pos"));`;
const byGenerated = `CREATE TABLE "t" ("id" INTEGER PRIMARY KEY, "pos" INTEGER NOT NULL,
  "twice" INTEGER GENERATED ALWAYS AS ("pos" * 2) STORED,
  "note" TEXT, "real" REAL, "raw" BLOB) STRICT;
  CREATE UNIQUE INDEX "t.twice" ON "t" ("twice");`;

const ALL = 'SELECT *, typeof("real"), typeof("raw") FROM "t" ORDER BY "id"';

/** Equal for equal rows: a comparison of very many of them takes AVA long. */
function digestOf(file: SqliteFile): string {
  return createHash('sha256')
    .update(JSON.stringify(file.all(ALL)))
    .digest('hex');
}

function changesOf(source: SqliteFile, change: () => void): Uint8Array {
  const capture = source.capture();
  source.run('BEGIN');
  change();
  source.run('COMMIT');
  const changeset = capture.changeset();
  capture.close();
  return changeset;
}

function twoOf(definition: string, fill: (file: SqliteFile) => void) {
  const [source, copy] = [openWithFunctions(':memory:'), openWithFunctions(':memory:')];
  for (const file of [source, copy]) {
    file.exec(definition);
    file.run('BEGIN');
    fill(file);
    file.run('COMMIT');
    file.run('PRAGMA foreign_keys = OFF');
  }
  return { source, copy };
}

function within(file: SqliteFile, action: () => void): void {
  file.run('BEGIN');
  action();
  file.run('COMMIT');
}

const fillNumbers = (file: SqliteFile): void => {
  for (let id = 1n; id <= MANY; id += 1n) {
    file.run('INSERT INTO t VALUES (?, ?, ?, 1.0, NULL)', [id, id, `row ${id}`]);
  }
};

const shift = (source: SqliteFile) => (): void => {
  for (let id = BigInt(MANY); id > 0n; id -= 1n) {
    source.run('UPDATE t SET pos = pos + 1 WHERE id = ?', [id]);
  }
};

/** Each row gets the next one's value, and the last one the first's. */
const turnAround = (source: SqliteFile) => (): void => {
  source.run('UPDATE t SET pos = 0 WHERE id = 1');
  for (let id = 2n; id <= MANY; id += 1n) {
    source.run('UPDATE t SET pos = pos - 1 WHERE id = ?', [id]);
  }
  source.run('UPDATE t SET pos = ? WHERE id = 1', [BigInt(MANY)]);
};

for (const [what, change] of [
  ['that shift by one', shift],
  ['that change places in a ring', turnAround],
] as const) {
  test(`exchange: many rows ${what}, as a whole, in parts, in turns, back`, async (t) => {
    const { source, copy } = twoOf(byNumber, fillNumbers);
    const before = digestOf(copy);
    const changeset = changesOf(source, change(source));
    t.true(movesMany(copy, changeset));
    within(copy, () => applyChanges(copy, changeset, 'shop_0'));
    t.is(digestOf(copy), digestOf(source));

    within(copy, () => applyChanges(copy, invertChangeset(changeset), 'shop_0'));
    t.is(digestOf(copy), before);

    copy.run('BEGIN');
    t.false(
      applyParts(
        copy,
        splitChangeset(changeset, () => 100_000),
      ),
    );
    t.false(applyTogether(copy, [changeset], new Uint8Array(changeset.length)));
    t.is(digestOf(copy), before);
    const target = { connection: copy, partition: 'shop_0', clock: realClock };
    await applyInTurns(target, changeset);
    copy.run('COMMIT');
    t.is(digestOf(copy), digestOf(source));
  });
}

test('exchange: rows whose new values are free change one after another as they stand', (t) => {
  const { source, copy } = twoOf(byNumber, fillNumbers);
  const forwards = changesOf(source, () => {
    source.run('UPDATE t SET pos = pos + ?', [BigInt(MANY)]);
  });
  const notes = changesOf(source, () => source.run("UPDATE t SET note = 'same'"));
  t.deepEqual([movesMany(copy, forwards), movesMany(copy, notes)], [true, false]);
  for (const changes of [forwards, notes]) {
    within(copy, () => {
      t.true(
        applyParts(
          copy,
          splitChangeset(changes, () => 50_000),
        ),
      );
    });
  }
  t.is(digestOf(copy), digestOf(source));
});

test('exchange: rows are deleted before others of an equal key come', (t) => {
  const { source, copy } = twoOf(byName, (file) => {
    for (let id = 1n; id <= 3000n; id += 1n) {
      file.run(`INSERT INTO t (id) VALUES ('id ' || ?)`, [id]);
    }
  });
  const changeset = changesOf(source, () => source.run('UPDATE t SET id = upper(id)'));
  copy.run('BEGIN');
  t.false(
    applyParts(
      copy,
      splitChangeset(changeset, () => 4_000),
    ),
  );
  for (const part of withoutExchange(copy, changeset, () => 4_000)) {
    t.true(copy.applyChangeset(part, { onConflict: () => 'abort' }));
  }
  copy.run('COMMIT');
  t.is(digestOf(copy), digestOf(source));
});

test('exchange: a table made anew with a unique key is known to have one', (t) => {
  const { source, copy } = twoOf(byNumber.split(';')[0] ?? '', fillNumbers);
  const changeset = changesOf(source, shift(source));
  t.false(movesMany(copy, changeset));
  copy.exec('CREATE UNIQUE INDEX "t.pos" ON "t" ("pos")');
  t.true(movesMany(copy, changeset));
});

const notes = [null, '', 'ü€😀', 'with \0 in it', 'no text \ufffd'] as const;
const reals = [null, 5, -0, 1e308] as const;
const blobs = [null, new Uint8Array(0), Uint8Array.of(0, 255)] as const;

/** Statements of all kinds, most of which give rows unique values that others have or had. */
function changeAtRandom(source: SqliteFile, below: RandomInteger, text: boolean): void {
  const positions = source.all('SELECT id, pos FROM t ORDER BY id');
  const moved = positions.filter(() => below(3) > 0);
  const fresh = moved.map(([, pos]) => pos ?? null);
  for (let i = fresh.length - 1; i > 0; i -= 1) {
    const j = below(i + 1);
    [fresh[i], fresh[j]] = [fresh[j] ?? null, fresh[i] ?? null];
  }
  const apart = (i: number) => (text ? `free ${i}` : BigInt(-1 - i));
  for (const [i, [id]] of moved.entries()) {
    source.run('UPDATE t SET pos = ? WHERE id = ?', [apart(i), id ?? null]);
  }
  for (const [i, [id]] of moved.entries()) {
    source.run('UPDATE t SET pos = ? WHERE id = ?', [fresh[i] ?? null, id ?? null]);
  }
  for (const [id] of positions) {
    const note = notes[below(notes.length)] ?? null;
    const real = reals[below(reals.length)] ?? null;
    const kind = below(8);
    if (kind === 0) source.run('UPDATE t SET note = ? WHERE id = ?', [note, id ?? null]);
    if (kind === 1) source.run('UPDATE t SET "real" = ? WHERE id = ?', [real, id ?? null]);
    if (kind !== 2 && kind !== 3) continue;
    const [pos] = source.get('SELECT pos FROM t WHERE id = ?', [id ?? null]) ?? [];
    source.run('DELETE FROM t WHERE id = ?', [id ?? null]);
    if (kind === 2) continue;
    const other = typeof id === 'string' ? `${id}'` : BigInt(Number(id) + 100_000 + below(9));
    const raw = blobs[below(blobs.length)] ?? null;
    const names = typeof id === 'string' ? 'list, id' : 'id';
    const key = typeof id === 'string' ? [1n, other] : [other];
    const holes = [...key, pos, note, real, raw].map(() => '?').join();
    source.run(`INSERT OR IGNORE INTO t (${names}, pos, note, "real", raw) VALUES (${holes})`, [
      ...key,
      pos ?? null,
      note,
      real,
      raw,
    ]);
  }
}

for (const [what, definition, insert, isText] of [
  ['a number', byNumber, "INSERT INTO t VALUES (?1, ?1, 'a', 0, x'01')", false],
  ['a pair', byPair, "INSERT INTO t VALUES (?1 % 2, 'id' || ?1, ?1, 'a', 0, x'01')", false],
  ['a text', byText, "INSERT INTO t VALUES (?1, 'Pos' || ?1, 'a', 0, x'01')", true],
  [
    'a generated column',
    byGenerated,
    "INSERT INTO t (id, pos, note, \"real\", raw) VALUES (?1, ?1, 'a', 0, x'01')",
    false,
  ],
] as const) {
  test(`exchange: random changes of a key over ${what} lead to the same rows`, (t) => {
    const below = seededRandom(20261122);
    let exchanges = 0;
    for (let round = 0; round < 12; round += 1) {
      const { source, copy } = twoOf(definition, (file) => {
        for (let id = 1n; id <= 600n; id += 1n) file.run(insert, [id]);
      });
      const other = openWithFunctions(':memory:');
      other.exec(definition);
      for (let id = 1n; id <= 600n; id += 1n) other.run(insert, [id]);
      const changeset = changesOf(source, () => changeAtRandom(source, below, isText));
      if (movesMany(copy, changeset)) exchanges += 1;
      within(copy, () => {
        const parts = withoutExchange(copy, changeset, () => 1 + below(500));
        for (const part of parts) {
          t.true(copy.applyChangeset(part, { onConflict: () => 'abort' }));
        }
      });
      within(other, () => applyChanges(other, changeset, 'shop_0'));
      t.deepEqual(copy.all(ALL, [], 'bigint'), source.all(ALL, [], 'bigint'));
      t.deepEqual(other.all(ALL, [], 'bigint'), source.all(ALL, [], 'bigint'));
    }
    t.is(exchanges, 12);
  });
}

test('exchange: statements one after another, whose rows change again and again', (t) => {
  const { source, copy } = twoOf(byNumber, (file) => {
    for (let id = 1n; id <= 600n; id += 1n)
      file.run("INSERT INTO t VALUES (?1, ?1, 'a', 0, NULL)", [id]);
  });
  const below = seededRandom(7);
  const statements = Array.from({ length: 5 }, () =>
    changesOf(source, () => changeAtRandom(source, below, false)),
  );
  within(copy, () => applyChanges(copy, Buffer.concat(statements), 'shop_0'));
  t.deepEqual(copy.all(ALL, [], 'bigint'), source.all(ALL, [], 'bigint'));
});

test('exchange: another row than the source had is named, and nothing of it stays', (t) => {
  for (const [differs, named] of [
    ['UPDATE t SET pos = -5 WHERE id = 77', /\(data\): delete of "t" key \(77\)/],
    ['DELETE FROM t WHERE id = 77', /\(not found\): update of "t" key \(77\)/],
    ["INSERT INTO t VALUES (-1, 301, 'x', 0, NULL)", /\(constraint\): insert of "t" key \(300\)/],
  ] as const) {
    const { source, copy } = twoOf(byNumber, (file) => {
      for (let id = 1n; id <= 300n; id += 1n) {
        file.run("INSERT INTO t VALUES (?1, ?1, 'a', 0, NULL)", [id]);
      }
    });
    const changeset = changesOf(source, () => {
      for (let id = 300n; id > 0n; id -= 1n) {
        source.run('UPDATE t SET pos = pos + 1 WHERE id = ?', [id]);
      }
    });
    copy.run(differs);
    const before = copy.all(ALL);
    copy.run('BEGIN');
    t.throws(() => applyChanges(copy, changeset, 'shop_0'), { message: named });
    copy.run('COMMIT');
    t.deepEqual(copy.all(ALL), before);
  }
});
