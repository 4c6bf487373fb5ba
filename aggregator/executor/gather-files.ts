// In-memory SQLite files between two uses: to open one costs more than most queries, and to make
// its tables and compile for them as much as many.

import type { GatheredTable } from '#aggregator/planner/plan.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';
import { definitionOf, shapeOf } from './gather-table.ts';

/** Files kept for the next query. */
const IDLE_MAX = 8;

/** A file that has held more than this is closed: SQLite would keep its memory. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

type Table = Pick<GatheredTable, 'name' | 'columns'>;

/** A file with empty tables. */
export interface GatherFile {
  readonly file: SqliteFile;
  /** The statements that have made its tables. */
  readonly shape: string;
  readonly tables: readonly Table[];
}

export class GatherFiles {
  /** The least used first. */
  readonly #idle: GatherFile[] = [];

  /** A file with these tables, which are empty. */
  take(tables: readonly Table[]): GatherFile {
    const definitions = tables.map((table) => definitionOf(shapeOf(table)));
    const shape = definitions.join(';');
    const same = this.#idle.findLastIndex((idle) => idle.shape === shape);
    const [found] = same < 0 ? [] : this.#idle.splice(same, 1);
    if (found !== undefined) return found;
    const file = this.#emptyFile();
    for (const definition of definitions) file.exec(definition);
    return { file, shape, tables };
  }

  /** Gives a file back, with about how many bytes its tables hold. */
  giveBack(used: GatherFile, bytes: number): void {
    const { file, tables } = used;
    if (this.#idle.length >= IDLE_MAX || bytes > KEPT_BYTES_MAX || file.inTransaction) {
      file.close();
      return;
    }
    for (const { name } of tables) file.run(`DELETE FROM ${quoteIdentifier(name)}`);
    this.#idle.push(used);
  }

  close(): void {
    for (const { file } of this.#idle.splice(0)) file.close();
  }

  #emptyFile(): SqliteFile {
    if (this.#idle.length < IDLE_MAX) return openWithFunctions(':memory:');
    const [oldest] = this.#idle.splice(0, 1);
    if (oldest === undefined) return openWithFunctions(':memory:');
    for (const { name } of oldest.tables) oldest.file.exec(`DROP TABLE ${quoteIdentifier(name)}`);
    return oldest.file;
  }
}
