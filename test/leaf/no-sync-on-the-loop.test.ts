// A leaf's event loop never waits for a sync: no file of it calls one, but for those named here.

import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import test from 'ava';

const SYNCS = /\b(?:fsyncSync|fdatasyncSync|syncFileNow|syncDirectoryNow)\(/;
const COPIES = /\b(?:copyFileSync|cpSync|execFileSync|execSync|spawnSync)\(/;

/** Why each of them may. */
const allowed = new Map([
  ['sync-files.ts', 'it has them for the others'],
  ['replay-journal.ts', 'a start, before anything is open'],
  ['sync-journal.ts', 'the journal has failed, or the leaf ends'],
  ['damage.ts', 'what is known to be damaged is not read once more'],
]);

test('a leaf makes files durable, and copies them, off its event loop', (t) => {
  const files = globSync('leaf/**/*.ts');
  t.true(files.length > 100);
  const found = files.filter((path) => {
    const text = readFileSync(path, 'utf8');
    return SYNCS.test(text) || COPIES.test(text);
  });
  t.deepEqual(found.map((path) => basename(path)).sort(), [...allowed.keys()].sort());
});
