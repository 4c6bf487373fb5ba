// `twinleaf log`: what an operator sees of a log, sound or damaged.

import test from 'ava';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestPartition, insertOf, tagOf, writeOf } from '#test/support/test-partition.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';

const launcher = fileURLToPath(new URL('../../cli/twinleaf.js', import.meta.url));

interface Answer {
  readonly status: number;
  readonly lines: readonly string[];
  readonly errors: string;
}

function twinleaf(...args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(process.execPath, [launcher, 'log', ...args], (error, output, errors) => {
      const status = error === null ? 0 : Number(error.code ?? 1);
      resolve({ status, lines: output.split('\n').filter(Boolean), errors: errors.trim() });
    });
  });
}

/** Records: term, definition, insert, update and delete, prepare, commit. */
async function partitionAt(root: string): Promise<string> {
  const directory = join(root, 'leaf-1', 'partitions', 'shop_0');
  const partition = await createTestPartition(directory);
  await partition.write(insertOf(1, 10));
  await partition.write(insertOf(2, 20));
  await partition.write(writeOf('UPDATE account SET balance = balance + 1'));
  await partition.write(writeOf('DELETE FROM account WHERE id = 2'));
  await partition.write(insertOf(3, 30, tagOf('t-1', 1)));
  await partition.prepare('t-1', [0, 1]);
  await partition.decide('t-1', 'commit');
  await partition.close();
  return directory;
}

test('log dump: a line a record; a range; rows; JSON; one segment', async (t) => {
  const directory = await partitionAt(temporaryDirectory(t));
  const { status, lines, errors } = await twinleaf('dump', directory);
  t.is(status, 0, errors);
  const expected = [
    /^term=1 lsn=1 time=\d{4}-\d\d-\d\dT[\d:.]+Z origin=test kind=term bytes=\d+$/,
    / lsn=2 .* kind=definition version=1 put=account bytes=\d+$/,
    / lsn=3 .* kind=rows account:\+1~0-0 bytes=\d+$/,
    / lsn=4 /,
    / lsn=5 .* kind=rows account:\+0~2-0 /,
    / lsn=6 .* kind=rows account:\+0~0-1 /,
    / lsn=7 .* kind=prepare transaction=t-1 participants=0,1 account:\+1~0-0 /,
    / lsn=8 .* kind=commit transaction=t-1 bytes=\d+$/,
  ];
  t.is(lines.length, expected.length);
  for (const [index, line] of lines.entries()) t.regex(line, expected[index] ?? /never/);
  const rows = await twinleaf('dump', directory, '--from', '5', '--to', '6', '--rows');
  t.deepEqual(rows.lines.slice(1, 3), [
    '  update account key=[1] before={"0":1,"1":10} after={"1":11}',
    '  update account key=[2] before={"0":2,"1":20} after={"1":21}',
  ]);
  t.is(rows.lines.length, 5);
  const segment = join(directory, 'log', '0000000001.log');
  const json = await twinleaf('dump', segment, '--from', '8', '--json');
  const { lsn, kind, transaction } = JSON.parse(json.lines[0] ?? '') as Record<string, unknown>;
  t.deepEqual({ lsn, kind, transaction }, { lsn: '8', kind: 'commit', transaction: 't-1' });
});

test('log verify: ok with status 0; the first fault in one sentence with status 1', async (t) => {
  const root = temporaryDirectory(t);
  const directory = await partitionAt(root);
  const sound = await twinleaf('verify', root, '--rebuild');
  t.is(sound.status, 0, sound.errors);
  t.regex(sound.lines[0] ?? '', /^shop_0 ok primary applied=1:8 log=1\.\.8 segments=1 records=8 /);
  const segment = join(directory, 'log', '0000000001.log');
  const bytes = readFileSync(segment);
  bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1;
  writeFileSync(segment, bytes);
  const damaged = await twinleaf('verify', root);
  t.is(damaged.status, 1);
  t.regex(damaged.lines[0] ?? '', /^shop_0 DAMAGED/);
  const sentence =
    /^twinleaf: partition shop_0: log segment 0000000001\.log is damaged at offset \d+, record \d/;
  t.regex(damaged.errors, sentence);
  const dump = await twinleaf('dump', directory);
  t.regex(dump.errors, /is damaged at offset \d+, record \d/);
});

test('log: a wrong call and a wrong place are one line each', async (t) => {
  const root = temporaryDirectory(t);
  const call = await twinleaf('dump', root, '--from', 'x');
  t.is(call.status, 2);
  t.regex(call.errors, /--from must be an LSN/);
  for (const command of ['dump', 'verify']) {
    const nothing = await twinleaf(command, root);
    t.is(nothing.status, 1);
    t.regex(nothing.errors, /^twinleaf: there is no (log|partition) in /);
    const nowhere = await twinleaf(command, join(root, 'nowhere'));
    t.is(nowhere.status, 1);
    t.regex(nowhere.errors, /^twinleaf: there is no /);
  }
});
