// This leaf's copy of the database's reference tables, as the other partitions see it: `ref`.

import { existsSync } from 'node:fs';
import { SqliteError } from '#shared/sqlite-error.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';

/** The schema name under which a partition sees the reference tables. */
export const REFERENCE_SCHEMA = 'ref';

/** Keeps one connection's `ref` true to the file. */
export interface Attachment {
  /** Attaches, or attaches anew, what has come or changed. Outside a transaction only. */
  refresh(): void;
}

/** The file of reference tables of one database on this leaf, which may come and go. */
export class ReferenceFile {
  #path: string | null;
  #generation = 0;

  /** `path` null: a partition without reference tables beside it (it holds them itself). */
  constructor(path: string | null) {
    this.#path = path;
  }

  /** Where the file is; null while there is none. */
  get path(): string | null {
    return this.#path !== null && existsSync(this.#path) ? this.#path : null;
  }

  /** Rises whenever the file is another one. */
  get generation(): number {
    return this.#generation;
  }

  /** The file has come, gone, or been replaced. */
  changed(): void {
    this.#generation += 1;
  }

  /** Attaches what there is to a new connection. */
  attachment(connection: SqliteFile): Attachment {
    let seen = -1;
    let attached = false;
    const refresh = (): void => {
      if (seen === this.#generation) return;
      if (attached) connection.detach(REFERENCE_SCHEMA);
      attached = this.#attach(connection);
      seen = this.#generation;
    };
    refresh();
    return { refresh };
  }

  /** False when there is no such file, or one that is damaged: its own partition says so. */
  #attach(connection: SqliteFile): boolean {
    const { path } = this;
    if (path === null) return false;
    try {
      connection.attach(path, REFERENCE_SCHEMA);
      return true;
    } catch (error) {
      if (error instanceof SqliteError && error.failure.kind === 'corrupt') return false;
      throw error;
    }
  }
}
