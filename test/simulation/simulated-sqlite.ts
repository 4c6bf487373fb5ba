// Stands in for node:sqlite in the product's files: a node that crashes loses its connections.

import { copyFileSync, existsSync } from 'node:fs';
import * as real from 'node:sqlite';
import { disk } from './simulated-disk.ts';

export { constants, StatementSync } from 'node:sqlite';

export class DatabaseSync extends real.DatabaseSync {
  readonly path: string;

  constructor(path: string, options?: real.DatabaseSyncOptions) {
    super(path, options);
    this.path = path;
    if (path !== ':memory:') disk.addDatabase(this);
  }

  override close(): void {
    disk.removeDatabase(this);
    super.close();
  }
}

/**
 * Copies the file of the source as its last commit has left it: nobody writes while this runs, and
 * the source has read nothing older.
 */
export async function backup(source: DatabaseSync, path: string): Promise<number> {
  copyFileSync(source.path, path);
  const wal = `${source.path}-wal`;
  if (existsSync(wal)) copyFileSync(wal, `${path}-wal`);
  const copy = new real.DatabaseSync(path);
  copy.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
  copy.close();
  await disk.delay(source.path, 20);
  return 0;
}
