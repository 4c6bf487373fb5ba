// What V8 has compiled is kept where only this user can write, and never taken for what it is not.

import test, { type ExecutionContext } from 'ava';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

const source = fileURLToPath(new URL('../../shared/keep-compiled.js', import.meta.url));

/** An installation of two files. */
class Installation {
  readonly root: string;
  readonly cache: string;

  constructor(t: ExecutionContext) {
    this.root = temporaryDirectory(t);
    this.cache = join(this.root, 'node_modules', '.cache', 'twinleaf');
    mkdirSync(join(this.root, 'shared'));
    writeFileSync(join(this.root, 'package.json'), '{ "type": "module" }');
    copyFileSync(source, join(this.root, 'shared', 'keep-compiled.js'));
    this.write('first');
  }

  write(word: string): void {
    const text = `const word: string = '${word}';\nprocess.stdout.write(word);\n`;
    writeFileSync(join(this.root, 'program.ts'), text);
  }

  run(): string {
    const loaded = join(this.root, 'shared', 'keep-compiled.js');
    const args = ['--import', loaded, join(this.root, 'program.ts')];
    return execFileSync(process.execPath, args, { encoding: 'utf8' });
  }

  kept(): string[] {
    return globSync(`${this.cache}/*/*`);
  }
}

test('what is compiled is kept for this user alone', (t) => {
  const installation = new Installation(t);
  t.is(installation.run(), 'first');
  t.true(installation.kept().length > 0);
  t.is(statSync(installation.cache).mode & 0o777, 0o700);
});

test('a program that has changed runs as it is now', (t) => {
  const installation = new Installation(t);
  for (const word of ['first', 'other', 'a longer one']) {
    installation.write(word);
    t.is(installation.run(), word);
    t.is(installation.run(), word);
  }
  // What was kept of the older ones is not beside it.
  const count = installation.kept().length;
  installation.write('final');
  t.is(installation.run(), 'final');
  t.is(installation.kept().length, count);
});

test('what is kept and damaged is not used', (t) => {
  const installation = new Installation(t);
  installation.run();
  for (const path of installation.kept()) {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0x55, bytes.length >> 1));
  }
  t.is(installation.run(), 'first');
  for (const path of installation.kept()) writeFileSync(path, '');
  t.is(installation.run(), 'first');
});

test('nothing is kept where others may write', (t) => {
  const installation = new Installation(t);
  mkdirSync(installation.cache, { recursive: true });
  chmodSync(installation.cache, 0o777);
  t.is(installation.run(), 'first');
  t.deepEqual(installation.kept(), []);
});

test('a program that cannot be written beside runs all the same', (t) => {
  const installation = new Installation(t);
  writeFileSync(join(installation.root, 'node_modules'), 'no folder');
  t.is(installation.run(), 'first');
  t.false(existsSync(installation.cache));
});
