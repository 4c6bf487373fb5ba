// Databases and tables, one version at a time: in memory for planning, in the store for good.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import { must } from '#shared/assert.ts';
import { planVersion } from '#shared/cluster/plan-version.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { encode } from '#shared/codec.ts';
import { databaseError } from '#shared/error.ts';
import type { Clock } from '#shared/clock.ts';
import type { DatabaseDefinition } from './database-definition.ts';
import { updateMetadata, type MetadataStore } from './metadata-store.ts';
import {
  databasePrefix,
  headKey,
  StoredDatabases,
  tableKey,
  type StoredTable,
} from './stored-database.ts';
import { Turns } from '#shared/turns.ts';

/** The newest number that a database was given by this cluster. */
const incarnationKey = 'incarnation';
/** How long `refresh` waits for a version to move before it lets the caller look again. */
const refreshWaitMs = 50;

/** Asks the leaves of a secondary for the schema that they have reached, and stores it. */
export type FollowSchema = (database: DatabaseDefinition) => Promise<void>;

/** The master aggregator's catalog. What it answers has been durable before. */
export class Catalog implements CatalogReader {
  readonly #store: MetadataStore;
  readonly #clock: Clock;
  readonly #databases = new Map<string, DatabaseDefinition>();
  /** What the store has: only the master writes by it, only others go on to read by it. */
  readonly #stored = new StoredDatabases();
  /** The entries of a database's tables, by their names. */
  readonly #entries = new Map<string, ReadonlyMap<string, StoredTable>>();
  readonly #turns = new Turns();
  #followSchema: FollowSchema | null = null;

  private constructor(store: MetadataStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads every database from the store. */
  static async open(store: MetadataStore, clock: Clock): Promise<Catalog> {
    const catalog = new Catalog(store, clock);
    for (const entry of await store.list(databasePrefix)) catalog.#stored.take(entry);
    for (const { database, entries } of catalog.#stored.all()) {
      catalog.#databases.set(database.name, database);
      catalog.#entries.set(database.name, entries);
    }
    return catalog;
  }

  /** How a secondary's schema is brought up to date: set once, by the replication controller. */
  followSchemaBy(follow: FollowSchema): void {
    this.#followSchema = follow;
  }

  /** Takes over what the master aggregator writes, from now on: for one that is not it. */
  async followStore(): Promise<void> {
    (await this.#store.watch(databasePrefix)).subscribe((change) => {
      if (change.kind === 'delete') {
        const gone = this.#stored.forget(change.key);
        if (gone !== null) this.#databases.delete(gone);
        return;
      }
      const database = this.#stored.database(this.#stored.take(change.entry), { whole: true });
      if (database !== null) this.#databases.set(database.name, database);
    });
  }

  databases(): readonly DatabaseDefinition[] {
    return [...this.#databases.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  database(name: string): DatabaseDefinition {
    const database = this.#databases.get(name);
    if (database === undefined) throw databaseError('unknownDatabase', { name });
    return database;
  }

  /** The database, or null. */
  find(name: string): DatabaseDefinition | null {
    return this.#databases.get(name) ?? null;
  }

  /** Makes a new database, or a new version of one, durable and then visible. */
  async put(database: DatabaseDefinition): Promise<void> {
    const { name } = database;
    await this.#turns.inTurn(name, async () => {
      await this.#write(database);
      this.#databases.set(name, database);
    });
  }

  /** Of a database that is about to be made, or to go back to where another can overtake it. */
  async nextIncarnation(): Promise<number> {
    return updateMetadata(this.#store, incarnationKey, (value) => Number(value ?? 0) + 1);
  }

  /** Forgets a database, durably. */
  async remove(name: string): Promise<void> {
    await this.#turns.inTurn(name, async () => {
      await this.#store.delete(headKey(name));
      this.#databases.delete(name);
      for (const table of this.#entries.get(name)?.keys() ?? []) {
        await this.#store.delete(tableKey(name, table));
      }
      this.#entries.delete(name);
    });
  }

  /** The tables that have changed, then the head, then nothing more of the tables that are gone. */
  async #write(database: DatabaseDefinition): Promise<void> {
    const { name, tables, ...head } = database;
    const before = this.#entries.get(name) ?? new Map<string, StoredTable>();
    const entries = new Map<string, StoredTable>();
    for (const [tableName, table] of Object.entries(tables)) {
      const known = before.get(tableName);
      entries.set(tableName, sameTable(known, table) ?? (await this.#writeTable(name, table)));
    }
    const revisions = [...entries].map(([table, { revision }]) => [table, revision] as const);
    await this.#store.put(headKey(name), { name, ...head, tables: Object.fromEntries(revisions) });
    this.#entries.set(name, entries);
    for (const gone of before.keys()) {
      if (!entries.has(gone)) await this.#store.delete(tableKey(name, gone));
    }
  }

  async #writeTable(database: string, table: TableDefinition): Promise<StoredTable> {
    const revision = await this.#store.put(tableKey(database, table.name), table);
    return { table, revision: must(revision, 'a put without a condition is done') };
  }

  async refresh(name: string): Promise<void> {
    const before = this.#databases.get(name);
    if (before === undefined) return;
    if (before.role === 'secondary' && this.#followSchema !== null) {
      await this.#followSchema(before);
    }
    const after = this.#databases.get(name);
    if (after !== undefined && planVersion(after) === planVersion(before)) {
      await this.#clock.sleep(refreshWaitMs);
    }
  }
}

/** What the store has of a table, if that is the same as this. */
function sameTable(known: StoredTable | undefined, table: TableDefinition): StoredTable | null {
  if (known === undefined) return null;
  const isSame = known.table === table || Buffer.compare(encode(known.table), encode(table)) === 0;
  return isSame ? known : null;
}
