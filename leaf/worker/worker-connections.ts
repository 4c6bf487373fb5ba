// A worker's connections to partition files: kept open between statements, within a bound.

import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { REFERENCE_SCHEMA } from '#leaf/partition/reference-file.ts';
import type { WorkerFile } from './worker-message.ts';

/** Connections kept open while no statement uses them. */
const IDLE_MAX = 16;
/** Page cache of a connection that scans, in KiB. */
const CACHE_KIB = 8 * 1024;

interface Kept {
  readonly file: WorkerFile;
  readonly connection: SqliteFile;
}

export class WorkerConnections {
  /** The least recently used first. */
  #idle: Kept[] = [];
  #lent = new Map<SqliteFile, WorkerFile>();

  /** A read connection outside a transaction. */
  acquire(file: WorkerFile): SqliteFile {
    const index = this.#idle.findLastIndex((kept) => sameFile(kept.file, file));
    const [kept] = index < 0 ? [] : this.#idle.splice(index, 1);
    const connection = kept?.connection ?? open(file, true);
    this.#lent.set(connection, file);
    return connection;
  }

  /** Takes it back, and ends its snapshot. */
  release(connection: SqliteFile): void {
    const file = this.#lent.get(connection);
    if (file === undefined) return;
    this.#lent.delete(connection);
    if (connection.inTransaction) connection.run('ROLLBACK');
    this.#idle.push({ file, connection });
    if (this.#idle.length > IDLE_MAX) this.#idle.shift()?.connection.close();
  }

  /** A connection of its own for one transaction that writes. */
  openWriter(file: WorkerFile, foreignKeys: boolean): SqliteFile {
    const connection = open(file, false);
    if (!foreignKeys) connection.exec('PRAGMA foreign_keys = OFF');
    return connection;
  }

  forget(path: string): void {
    const gone = this.#idle.filter(({ file }) => file.path === path || file.reference === path);
    this.#idle = this.#idle.filter((kept) => !gone.includes(kept));
    for (const { connection } of gone) connection.close();
  }
}

function sameFile(a: WorkerFile, b: WorkerFile): boolean {
  return a.path === b.path && a.reference === b.reference && a.generation === b.generation;
}

function open(file: WorkerFile, readOnly: boolean): SqliteFile {
  const connection = openWithFunctions(file.path, {
    readOnly,
    cacheSize: -CACHE_KIB,
    checkpoints: false,
  });
  if (file.reference !== null) connection.attach(file.reference, REFERENCE_SCHEMA);
  return connection;
}
