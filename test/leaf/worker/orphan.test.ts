// A leaf that is killed leaves no worker behind, whatever that is at.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

test('worker: dies with its leaf, even amid a statement without an end', async (t) => {
  const child = fileURLToPath(new URL('./orphan-child.ts', import.meta.url));
  const leaf = spawn(process.execPath, [child, temporaryDirectory(t)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => leaf.kill('SIGKILL'));
  const [line] = (await once(leaf.stdout, 'data')) as [Buffer];
  const worker = Number(line.toString());
  t.true(isAlive(worker));
  leaf.kill('SIGKILL');
  await until('the end of the worker', () => !isAlive(worker));
  t.pass();
});
