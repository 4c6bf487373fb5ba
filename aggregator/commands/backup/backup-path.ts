// Where backups may lie: in directories within the one that the operator has set aside for them.

import { mkdir, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import { systemCode, toBackupError } from './backup-error.ts';

type Refuse = (reason: string) => DatabaseError;

/**
 * The directory that a BACKUP or RESTORE names, absolute: a relative one begins at `root`. Throws
 * invalidBackupPath or invalidRestorePath when it is not within `root`, by symbolic links either.
 */
export async function resolveBackupPath(
  root: string,
  path: string,
  use: 'backup' | 'restore',
): Promise<string> {
  const refuse: Refuse = (reason) =>
    use === 'backup'
      ? databaseError('invalidBackupPath', { path, reason })
      : databaseError('invalidRestorePath', { path, reason });
  if (path === '' || path.includes('\0')) throw refuse('it is no name of a directory');
  const wanted = resolve(root, path);
  if (!isWithin(root, wanted)) throw refuse(outside(root));
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    if (isWithin(await realpath(root), await realParent(wanted))) return wanted;
  } catch (error) {
    throw toBackupError(path, error);
  }
  throw refuse(outside(root));
}

function outside(root: string): string {
  return `it must be a directory within ${root} (the setting --backup-dir)`;
}

function isWithin(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** The path with all links resolved in as much of it as exists. */
async function realParent(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    return join(await realParent(dirname(path)), path.slice(dirname(path).length));
  }
}
