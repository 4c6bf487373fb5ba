// A data directory of MariaDB's, made for one server.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Makes it in `directory`, which the server is to keep its temporary files in as well: at its start
 * one deletes the temporary tables of all in the same place. Answers what the server is told of it.
 * Throws what the program said where it failed: a server over half a directory denies access.
 */
export function makeMariadbDirectory(directory: string): readonly string[] {
  const user = process.getuid?.() === 0 ? ['--user=root'] : [];
  const data = ['--no-defaults', `--datadir=${join(directory, 'data')}`];
  const how = ['--skip-test-db', '--auth-root-authentication-method=normal', ...user];
  const env = { ...process.env, TMPDIR: directory };
  const made = spawnSync('mariadb-install-db', [...data, ...how], { env });
  const { status, signal, stdout, stderr } = made;
  if (status === 0) return [...data, `--tmpdir=${directory}`, ...user];
  throw new Error(`mariadb-install-db ended with ${status ?? signal}: ${stdout}\n${stderr}`);
}
