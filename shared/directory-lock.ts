// One process a data directory: a second one is refused, and a dead one holds nothing.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteFile } from './sqlite-file.ts';

/** Thrown when the directory cannot be used; the message names it and says why. */
class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

export interface DirectoryLock {
  release(): void;
}

/**
 * Makes the directory (readable by its owner alone) and locks it until `release` or the end of
 * the process. The lock is SQLite's on a file of its own: the system drops it with the process.
 */
export function lockDataDirectory(path: string): DirectoryLock {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new DataDirectoryError(`cannot make the data directory ${path}: ${reasonOf(error)}`);
  }
  let file: SqliteFile | null = null;
  try {
    file = SqliteFile.open(join(path, 'lock.sqlite'));
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file?.close();
    const inUse = /locked|busy/i.test(reasonOf(error));
    const why = inUse ? 'another process uses it' : reasonOf(error);
    throw new DataDirectoryError(`cannot use the data directory ${path}: ${why}`, { cause: error });
  }
  const held = file;
  return { release: () => held.close() };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
