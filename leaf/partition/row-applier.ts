// Applies small changesets by statements that stay prepared.
//
// SQLite's own apply prepares its statements in each call, which for a few rows costs several times
// what the rows do. Here each change meets the same test: the row must be as the changeset says it
// was. Where one does not, or does not yet (two rows exchange a unique value), nothing of it stays,
// and the caller asks SQLite, which finds the order or names the conflict.

import { ChangesetCursor, readHeader } from '#shared/log/changeset-cursor.ts';
import type { ChangeValue } from '#shared/log/changeset-format.ts';
import { LruCache } from '#shared/sql/lru-cache.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { SqliteError } from '#shared/sqlite-error.ts';
import { quoteIdentifier, type SqliteFile } from '#shared/sqlite-file.ts';

/** Tables whose statements are kept. */
const TABLES_MAX = 256;
/** Of one table: UPDATEs of different columns. */
const UPDATES_MAX = 32;

/** The statements of one table, for changesets that have its columns. */
interface TableStatements {
  readonly name: string;
  readonly columns: readonly string[];
  readonly isKey: readonly boolean[];
  readonly insert: string;
  readonly delete: string;
  /** By the columns that are set: a letter for each column. */
  readonly updates: LruCache<string, string>;
}

/** Of one connection. */
export class RowApplier {
  readonly #connection: SqliteFile;
  #tables = new LruCache<string, TableStatements | null>(TABLES_MAX);
  #schemaVersion = -1;

  constructor(connection: SqliteFile) {
    this.#connection = connection;
  }

  /**
   * Applies all the changes, within the open transaction and without foreign keys, or (false) none.
   * Throws SqliteError for what is no conflict: a full disk, a damaged file.
   */
  apply(changesets: readonly Uint8Array[], schemaVersion: number): boolean {
    if (schemaVersion !== this.#schemaVersion) {
      this.#tables = new LruCache(TABLES_MAX);
      this.#schemaVersion = schemaVersion;
    }
    this.#connection.run('SAVEPOINT changes');
    const isApplied = this.#applyAll(changesets);
    if (!isApplied) this.#connection.run('ROLLBACK TO changes');
    this.#connection.run('RELEASE changes');
    return isApplied;
  }

  #applyAll(changesets: readonly Uint8Array[]): boolean {
    try {
      for (const changeset of changesets) {
        const cursor = new ChangesetCursor(changeset);
        while (cursor.next()) if (!this.#applyChange(cursor)) return false;
      }
      return true;
    } catch (error) {
      if (isConflict(error) || error instanceof RangeError) return false;
      throw error;
    }
  }

  #applyChange({ header, operation, before, after, isForeign }: ChangesetCursor): boolean {
    const table = this.#tables.get(header, () => this.#statementsOf(header));
    if (table === null || isForeign) return false;
    switch (operation) {
      case 'insert':
        return this.#connection.run(table.insert, after as readonly StoredValue[]) === 1;
      case 'delete':
        return this.#connection.run(table.delete, before as readonly StoredValue[]) === 1;
      case 'update':
        return this.#update(table, before, after);
    }
  }

  #update(
    table: TableStatements,
    before: readonly ChangeValue[],
    after: readonly ChangeValue[],
  ): boolean {
    let set = '';
    const fresh: StoredValue[] = [];
    const old: StoredValue[] = [];
    for (const [column, value] of before.entries()) {
      const next = after[column];
      set += next === undefined ? '-' : 's';
      if (next !== undefined) fresh.push(next);
      if (value !== undefined) old.push(value);
      // The old value of each column that is set, and of each of the key: else it is another form.
      if (value === undefined ? next !== undefined : next === undefined && !table.isKey[column]) {
        return false;
      }
    }
    if (fresh.length === 0) return false;
    const sql = table.updates.get(set, () => updateOf(table, set));
    return this.#connection.run(sql, [...fresh, ...old]) === 1;
  }

  /** Null: the table has other columns here, or another key. */
  #statementsOf(header: string): TableStatements | null {
    const { table, keyPlaces } = readHeader(header);
    const name = quoteIdentifier(table);
    const found = this.#connection.all(`PRAGMA main.table_xinfo(${name})`);
    const columns = found.map(([, column]) => quoteIdentifier(String(column)));
    const isSame =
      found.length === keyPlaces.length &&
      keyPlaces.some((place) => place > 0) &&
      found.every(
        ([, , , , , key, hidden], i) => Number(key) === keyPlaces[i] && Number(hidden) === 0,
      );
    if (!isSame) return null;
    const isKey = keyPlaces.map((place) => place > 0);
    const holes = columns.map(() => '?').join();
    return {
      name,
      columns,
      isKey,
      insert: `INSERT INTO main.${name} (${columns.join()}) VALUES (${holes})`,
      delete: `DELETE FROM main.${name} WHERE ${conditionsOf(columns, isKey).join(' AND ')}`,
      updates: new LruCache(UPDATES_MAX),
    };
  }
}

/** Takes the new values of the columns that are set, then the old ones of those and the key. */
function updateOf({ name, columns, isKey }: TableStatements, set: string): string {
  const isSet = (column: number): boolean => set[column] === 's';
  const fresh = columns.filter((_, i) => isSet(i)).map((column) => `${column} = ?`);
  const old = conditionsOf(columns, isKey).filter((_, i) => isSet(i) || isKey[i]);
  return `UPDATE main.${name} SET ${fresh.join()} WHERE ${old.join(' AND ')}`;
}

/** A key is never NULL, and `=` says so to who plans. */
function conditionsOf(columns: readonly string[], isKey: readonly boolean[]): string[] {
  return columns.map((column, i) => `${column} ${isKey[i] === true ? '=' : 'IS'} ?`);
}

const CONSTRAINT = 19;

function isConflict(error: unknown): boolean {
  return error instanceof SqliteError && (error.code & 0xff) === CONSTRAINT;
}
