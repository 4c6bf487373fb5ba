// Runs the tests through AVA and ends with one line: `N passed, N failed, N skipped`.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

interface Tally {
  passed: number;
  failed: number;
  readonly skipped: string[];
  readonly failures: string[];
}

/** Counts one line of TAP. A skipped test is never counted as passed. */
function count(tally: Tally, line: string): void {
  const match = /^(not )?ok \d+ - (.*)$/.exec(line);
  if (match === null) return;
  const title = match[2] ?? '';
  if (/# SKIP/i.test(title)) tally.skipped.push(title.replace(/\s*# SKIP.*$/i, ''));
  else if (match[1] === undefined) tally.passed += 1;
  else {
    tally.failed += 1;
    tally.failures.push(title);
  }
}

/** Where all tests make their directories: gone at the end, whatever was killed before. */
function directoryOfRun(): string {
  const path = mkdtempSync(join(tmpdir(), 'twinleaf-run-'));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function runAva(files: readonly string[], tally: Tally): Promise<number> {
  const ava = new URL('../node_modules/ava/entrypoints/cli.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [ava, '--tap', ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: directoryOfRun() },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      child.kill(signal);
      process.exit(1);
    });
  }
  const exited = new Promise<number>((resolve) => {
    child.on('close', (code) => resolve(code ?? 1));
  });
  let isFailure = false;
  for await (const line of createInterface({ input: child.stdout })) {
    count(tally, line);
    if (/^(not )?ok /.test(line)) isFailure = line.startsWith('not ok');
    if (isFailure || line.startsWith('#') || line.startsWith('ok ')) console.log(line);
  }
  return await exited;
}

const tally: Tally = { passed: 0, failed: 0, skipped: [], failures: [] };
const code = await runAva(process.argv.slice(2), tally);
for (const title of tally.skipped) console.log(`skipped: ${title}`);
for (const title of tally.failures) console.log(`failed: ${title}`);
// A crash outside any test fails the run too, and so does a run that found no test.
if (tally.failed === 0 && (code !== 0 || tally.passed === 0)) tally.failed += 1;
const { passed, failed, skipped } = tally;
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
