// A few hundred worlds, in two processes, because each of them has two cores to live on.

import test from 'ava';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const main = fileURLToPath(new URL('main.ts', import.meta.url));
const register = fileURLToPath(new URL('register.ts', import.meta.url));

/** Worlds of each process. */
const count = 150;

async function simulate(from: number): Promise<string> {
  const seeds = ['--from', String(from), '--seeds', String(count)];
  try {
    const { stdout } = await run(process.execPath, ['--import', register, main, ...seeds]);
    return stdout;
  } catch (error) {
    return String((error as { readonly stdout?: string }).stdout ?? error);
  }
}

for (const from of [1, 1 + count]) {
  test(`simulation: no promise is broken in worlds ${from} to ${from + count - 1}`, async (t) => {
    t.timeout(15 * 60_000);
    const printed = await simulate(from);
    const total = /^\{.*\}/m.exec(printed)?.[0];
    if (total === undefined) return t.fail(printed);
    const { worlds, acknowledged, promoted } = JSON.parse(total) as Record<string, number>;
    t.is(worlds, count, printed);
    t.true((acknowledged ?? 0) > 10 * count, `hardly anything happened: ${total}`);
    t.true((promoted ?? 0) > count / 4, `hardly any world was promoted: ${total}`);
  });
}

test('simulation: a world is the same each time', async (t) => {
  const once = () =>
    run(process.execPath, ['--import', register, main, '--seed', '12', '--verbose']);
  const [one, other] = await Promise.all([once(), once()]);
  const life = (printed: string) => printed.replace(/ in [\d.]+ s\n$/, '');
  t.is(life(one.stdout), life(other.stdout));
  t.true(one.stdout.length > 500);
});
