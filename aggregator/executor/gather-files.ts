// In-memory SQLite files between two uses: to open one costs more than most queries.

import { quoteIdentifier, SqliteFile } from '#shared/sqlite-file.ts';

/** Files kept for the next query. */
const IDLE_MAX = 4;

/** A file that has held more than this is closed: SQLite would keep its memory. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

export class GatherFiles {
  readonly #idle: SqliteFile[] = [];

  /** A file without tables. */
  take(): SqliteFile {
    return this.#idle.pop() ?? SqliteFile.open(':memory:');
  }

  /** Gives a file back, with the tables that are in it and about how many bytes they hold. */
  giveBack(file: SqliteFile, held: { readonly tables: readonly string[]; readonly bytes: number }) {
    if (this.#idle.length >= IDLE_MAX || held.bytes > KEPT_BYTES_MAX || file.inTransaction) {
      file.close();
      return;
    }
    for (const name of held.tables) file.exec(`DROP TABLE ${quoteIdentifier(name)}`);
    this.#idle.push(file);
  }

  close(): void {
    for (const file of this.#idle.splice(0)) file.close();
  }
}
