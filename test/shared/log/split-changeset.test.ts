// A long changeset in parts does what it does as a whole.

import test from 'ava';
import { readChangeset } from '#shared/log/changeset.ts';
import { splitChangeset } from '#shared/log/split-changeset.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';

const schema = `
  CREATE TABLE a (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, b BLOB);
  CREATE TABLE "b c" (x TEXT, y INTEGER, z TEXT, PRIMARY KEY (y, x)) WITHOUT ROWID;`;

function filled(): SqliteFile {
  const file = SqliteFile.open(':memory:');
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
  t.throws(() => [...splitChangeset(changeset.subarray(0, -3), () => 2000)], { instanceOf: RangeError });
});
