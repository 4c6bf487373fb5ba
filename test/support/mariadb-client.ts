// The stock `mariadb` command-line client, where it is installed.

import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** True when this machine has the client. */
export function hasMariadbClient(): boolean {
  return spawnSync('mariadb', ['--version']).status === 0;
}

export interface ClientRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Feeds `input` to the client, which logs in as root; `args` come before it. */
export async function runMariadbClient(
  login: { readonly port: number; readonly password: string },
  input: string | Uint8Array,
  args: readonly string[] = [],
): Promise<ClientRun> {
  const address = ['--no-defaults', '-h127.0.0.1', `-P${login.port}`, '-uroot'];
  const all = [...address, `-p${login.password}`, '--default-character-set=utf8mb4', ...args];
  const child = spawn('mariadb', all, { stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { status: await closed, stdout, stderr };
}
