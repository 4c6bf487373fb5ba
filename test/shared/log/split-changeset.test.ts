// A long changeset in parts does what it does as a whole.

import test from 'ava';
import { readChangeset } from '#shared/log/changeset.ts';
import { splitChangeset, takeWholeChanges, type TableHeader } from '#shared/log/split-changeset.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';

const schema = `
  CREATE TABLE a (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, b BLOB);
  CREATE TABLE "b c" (x TEXT, y INTEGER, z TEXT, PRIMARY KEY (y, x)) WITHOUT ROWID;`;

function filled(): SqliteFile {
  const file = openWithFunctions(':memory:');
  file.exec(schema);
  for (let id = 1n; id <= 500n; id += 1n) {
    const text = 'x'.repeat(Number(id));
    file.run('INSERT INTO a VALUES (?, ?, ?, ?, ?)', [id, -id, 0.5, text, Buffer.from(text)]);
    file.run('INSERT INTO "b c" VALUES (?, ?, ?)', [`k${id}`, id, null]);
  }
  return file;
}

const content = (file: SqliteFile) => [
  file.all('SELECT * FROM a ORDER BY id'),
  file.all('SELECT * FROM "b c" ORDER BY y'),
];

test('split: parts are short, whole together, and lead to the same rows', (t) => {
  const source = filled();
  const capture = source.capture();
  source.run('UPDATE a SET i = i + 1, s = NULL WHERE id % 3 = 0');
  source.run('DELETE FROM a WHERE id % 7 = 0');
  source.run(`INSERT INTO "b c" SELECT 'new' || id, -id, s FROM a`);
  source.run('UPDATE "b c" SET z = x WHERE y > 400');
  const changeset = capture.changeset();
  const parts = [...splitChangeset(changeset, () => 2000)];
  t.true(parts.length > 10);
  t.true(parts.every((part) => part.length < 4000));
  const changes = (bytes: Uint8Array) => [...readChangeset(bytes)];
  t.deepEqual(parts.flatMap(changes), changes(changeset));
  const copy = filled();
  for (const part of parts) t.true(copy.applyChangeset(part));
  t.deepEqual(content(copy), content(source));
  t.deepEqual([...splitChangeset(new Uint8Array(0), () => 10)], []);
  const cut = changeset.subarray(0, -3);
  t.throws(() => [...splitChangeset(cut, () => 2000)], { instanceOf: RangeError });
});

test('split: the whole changes of each window, wherever it ends, are all of them', (t) => {
  const source = filled();
  const capture = source.capture();
  source.run('UPDATE a SET i = i + 1, s = NULL WHERE id % 3 = 0');
  source.run(`INSERT INTO "b c" SELECT 'new' || id, -id, s FROM a`);
  const changeset = capture.changeset();
  for (const windowBytes of [700, 1999, 1_000_000]) {
    const copy = filled();
    let table: TableHeader | null = null;
    let size = windowBytes;
    for (let done = 0; done < changeset.length;) {
      const taken = takeWholeChanges(changeset.subarray(done, done + size), table);
      for (const part of taken.parts) t.true(copy.applyChangeset(part));
      ({ table } = taken);
      done += taken.length;
      size = taken.length === 0 ? 2 * size : windowBytes;
    }
    t.deepEqual(content(copy), content(source));
  }
  t.is(takeWholeChanges(Uint8Array.of(18, 0, 5), null).length, 0);
});
