// The programs of MariaDB and sysbench, run as their users run them, and what they print.

import { spawn, spawnSync } from 'node:child_process';
import { buffer, text } from 'node:stream/consumers';

export interface ProgramRun {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** True when this machine has the program. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

/** Runs it to its end with `input`. */
export async function runProgram(
  program: string,
  args: readonly string[],
  input: string | Uint8Array = '',
): Promise<ProgramRun> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const { promise: closed, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject);
  child.on('close', resolve);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr)]);
  return { status: await closed, stdout, stderr };
}

const escapes: Record<string, string> = { n: '\n', t: '\t', '0': '\0', '\\': '\\' };

/** The rows that `mariadb --batch` has printed, without the line of names; null for NULL. */
export function batchRows(stdout: Buffer): (Buffer | null)[][] {
  const lines = stdout.toString('latin1').split('\n').slice(1, -1);
  return lines.map((line) => line.split('\t').map(batchValue));
}

function batchValue(printed: string): Buffer | null {
  if (printed === 'NULL') return null;
  const value = printed.replaceAll(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole);
  return Buffer.from(value, 'latin1');
}
