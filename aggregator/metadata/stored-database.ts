// A database in the metadata store: a head, and an entry for each table, so that a definition
// writes what it changes and not the whole schema.
//
//     database/shop            the head: everything but the tables, and which entries they are
//     database/shop/customer   a table
//
// The store changes one entry at a time. A head names the revision of each table's entry, so who
// follows the store knows when it has all that belongs to a version, in whatever order it comes.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { DatabaseDefinition } from './database-definition.ts';
import type { MetadataEntry } from './metadata-store.ts';
import { keyWord } from './store-key.ts';

/** Of the keys of all databases and their tables. */
export const databasePrefix = 'database/';

export interface StoredHead extends Omit<DatabaseDefinition, 'tables'> {
  /** The revision of each table's entry, by the table's name. */
  readonly tables: Readonly<Record<string, number>>;
}

export interface StoredTable {
  readonly table: TableDefinition;
  readonly revision: number;
}

export function headKey(database: string): string {
  return `${databasePrefix}${keyWord(database)}`;
}

export function tableKey(database: string, table: string): string {
  return `${headKey(database)}/${keyWord(table)}`;
}

interface Gathered {
  head: StoredHead | null;
  /** By key. */
  readonly tables: Map<string, StoredTable>;
}

/** The entries of databases as they come from the store. */
export class StoredDatabases {
  /** By the key of the head. */
  readonly #gathered = new Map<string, Gathered>();

  /** Takes an entry; answers the key of its database's head. */
  take({ key, value, revision }: MetadataEntry): string {
    const owner = ownerOf(key);
    const gathered = this.#gathered.get(owner) ?? { head: null, tables: new Map() };
    this.#gathered.set(owner, gathered);
    if (owner === key) gathered.head = value as StoredHead;
    else gathered.tables.set(key, { table: value as TableDefinition, revision });
    return owner;
  }

  /** An entry is gone; answers the name of the database if that is gone with it. */
  forget(key: string): string | null {
    const owner = ownerOf(key);
    const gathered = this.#gathered.get(owner);
    if (gathered === undefined) return null;
    if (owner !== key) {
      gathered.tables.delete(key);
      return null;
    }
    this.#gathered.delete(owner);
    return gathered.head?.name ?? null;
  }

  /**
   * The database whose head has this key; null without a head and, where it must be `whole`,
   * without each table just as the head names it. Without that, a table may be one version ahead
   * of its head: a definition was cut off, whose completion every partition demands.
   */
  database(key: string, { whole }: { readonly whole: boolean }): DatabaseDefinition | null {
    const { head = null, tables: entries } = this.#gathered.get(key) ?? {};
    if (head === null || entries === undefined) return null;
    const tables: [string, TableDefinition][] = [];
    for (const [name, revision] of Object.entries(head.tables)) {
      const entry = entries.get(tableKey(head.name, name));
      if (whole && entry?.revision !== revision) return null;
      if (entry !== undefined) tables.push([name, entry.table]);
    }
    return { ...head, tables: Object.fromEntries(tables) };
  }

  /** Every database, and the entries that its tables are kept in, by the tables' names. */
  *all(): Generator<{ database: DatabaseDefinition; entries: Map<string, StoredTable> }> {
    for (const [key, { tables }] of this.#gathered) {
      const database = this.database(key, { whole: false });
      if (database === null) continue;
      const entries = [...tables.values()].map((entry) => [entry.table.name, entry] as const);
      yield { database, entries: new Map(entries) };
    }
  }
}

function ownerOf(key: string): string {
  const end = key.indexOf('/', databasePrefix.length);
  return end < 0 ? key : key.slice(0, end);
}
