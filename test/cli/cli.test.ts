// The command line as a user meets it: help, one clear line for a mistake, and the exit status.

import test from 'ava';
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

const launcher = fileURLToPath(new URL('../../cli/twinleaf.js', import.meta.url));

interface Answer {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

function twinleaf(args: readonly string[], env: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } };
    execFile(process.execPath, [launcher, ...args], options, (error, output, errors) => {
      const status = error === null ? 0 : Number(error.code ?? 1);
      resolve({ status, output, errors: errors.trim() });
    });
  });
}

test('cli: help names every command, and each flag with its variable', async (t) => {
  const help = await twinleaf([]);
  t.is(help.status, 0);
  for (const command of ['start', 'aggregator', 'leaf', 'token', 'status', 'sql']) {
    t.regex(help.output, new RegExp(`^  ${command} `, 'm'));
  }
  const start = await twinleaf(['start', '--help']);
  t.is(start.status, 0);
  t.regex(start.output, /--data-dir=DIR +\[env: TWINLEAF_DATA_DIR\]/);
  t.deepEqual(await twinleaf(['help']), help);
  t.deepEqual(await twinleaf(['help', 'start']), start);
  t.regex((await twinleaf(['help', 'log', 'dump'])).output, /log dump/);
  t.is((await twinleaf(['help', 'nope'])).status, 2);
});

test('cli: help that nobody reads to its end is no mistake', async (t) => {
  const child = spawn(process.execPath, [launcher, 'start', '--help']);
  child.stdout.destroy();
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number];
  t.deepEqual([status, errors], [0, '']);
});

const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a missing port', ['start', '--data-dir', '/tmp/x'], /--port \(or TWINLEAF_PORT\) is missing/],
  ['a bad port', ['start', '--data-dir', '/tmp/x', '--port', '70000'], /--port must be .* '70000'/],
  ['an unknown flag', ['start', '--nope'], /Nonexistent flag: --nope/],
  ['an unknown command', ['nope'], /command nope not found/],
  [
    'no password for the world',
    ['start', '--data-dir', '/tmp/x', '--port', '1', '--host', '0.0.0.0'],
    /--root-password .* is needed/,
  ],
  ['a missing token', ['leaf', '--data-dir', '/tmp/x', '--port', '1'], /--token .* is missing/],
  [
    'a broken token',
    ['leaf', '--data-dir', '/tmp/x', '--port', '1', '--token', 'abc', '--join', 'a:1'],
    /--token is no join token/,
  ],
  [
    'a bad level',
    ['start', '--data-dir', '/tmp/x', '--port', '1', '--log-level', 'loud'],
    /--log-level must be/,
  ],
];

for (const [name, args, expected] of mistakes) {
  test(`cli: ${name} is one line and status 2`, async (t) => {
    const { status, output, errors } = await twinleaf(args);
    t.is(status, 2);
    t.is(output, '');
    t.regex(errors, expected);
    t.is(errors.split('\n').length, 1, errors);
  });
}

test('cli: a flag wins over the variable, the variable over the file', async (t) => {
  const path = join(temporaryDirectory(t), 'twinleaf.json');
  writeFileSync(path, JSON.stringify({ 'data-dir': '/tmp/x', port: 'from file' }));
  const file = ['start', '--config', path];
  t.regex((await twinleaf(file)).errors, /'from file'/);
  const variable = { TWINLEAF_PORT: 'from variable' };
  t.regex((await twinleaf(file, variable)).errors, /'from variable'/);
  const flag = [...file, '--port', 'from flag'];
  t.regex((await twinleaf(flag, variable)).errors, /'from flag'/);
  writeFileSync(path, JSON.stringify({ prot: 1 }));
  t.regex((await twinleaf(file)).errors, /unknown setting 'prot'/);
});

test('cli: a port in use, a directory that cannot be made: one line, status 1', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const dataDir = join(temporaryDirectory(t), 'data');
  const taken = ['start', '--data-dir', dataDir, '--port', String(port), '--log-level', 'error'];
  const inUse = await twinleaf([...taken, '--leaf-port', '0']);
  t.is(inUse.status, 1);
  t.is(inUse.errors, `twinleaf: port ${port} on 127.0.0.1 is in use by another process`);
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, '');
  const unwritable = await twinleaf(['start', '--data-dir', join(file, 'data'), '--port', '0']);
  t.is(unwritable.status, 1);
  t.regex(unwritable.errors, /^twinleaf: cannot make the data directory .*: ENOTDIR/);
  const nobody = await twinleaf(['sql', 'SELECT 1', '--port', '1']);
  t.is(nobody.status, 1);
  t.regex(nobody.errors, /^twinleaf: cannot log in at 127.0.0.1:1: .*ECONNREFUSED/);
});
