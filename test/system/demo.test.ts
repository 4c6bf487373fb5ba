// The demo runs to its end, says that both sides are equal, and leaves no process behind.

import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

const demo = fileURLToPath(new URL('../../cli/demo/main.ts', import.meta.url));

/** Processes whose command line names the directory. */
function processesOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((command) => command.includes(directory) && !command.includes('demo/main.ts'));
}

test.serial(
  'demo: --once copies, follows, compares, and ends with 0 when both sides are equal',
  async (t) => {
    const directory = temporaryDirectory(t);
    const child = spawn(process.execPath, [demo, '--once', '--directory', directory], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const [code] = await once(child, 'close');
    const output = lines.join('\n');
    t.is(code, 0, output);
    t.regex(output, /Both sides are equal/);
    t.regex(output, /equal +order_lines +\d{5} rows/);
    t.deepEqual(processesOf(directory), []);
  },
);

test.serial('demo: killed, it takes its nodes along', async (t) => {
  const directory = temporaryDirectory(t);
  const child = spawn(process.execPath, [demo, '--directory', directory], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('Making the database')) break;
  }
  t.is(processesOf(directory).length, 7);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until('the nodes to end', () => processesOf(directory).length === 0);
  t.pass();
});
