// Databases and tables, one version at a time: in memory for planning, in the store for good.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import { databaseError } from '#shared/error.ts';
import type { Clock } from '#shared/clock.ts';
import type { DatabaseDefinition } from './database-definition.ts';
import type { MetadataStore } from './metadata-store.ts';
import { keyWord } from './store-key.ts';

const prefix = 'database/';

/** How long `refresh` waits for a version to move before it lets the caller look again. */
const refreshWaitMs = 50;

function keyOf(name: string): string {
  return `${prefix}${keyWord(name)}`;
}

/** Asks the leaves of a secondary for the schema that they have reached, and stores it. */
export type FollowSchema = (database: DatabaseDefinition) => Promise<void>;

/** The master aggregator's catalog. What it answers has been durable before. */
export class Catalog implements CatalogReader {
  readonly #store: MetadataStore;
  readonly #clock: Clock;
  readonly #databases = new Map<string, DatabaseDefinition>();
  #followSchema: FollowSchema | null = null;

  private constructor(store: MetadataStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads every database from the store. */
  static async open(store: MetadataStore, clock: Clock): Promise<Catalog> {
    const catalog = new Catalog(store, clock);
    for (const { value } of await store.list(prefix)) {
      const database = value as DatabaseDefinition;
      catalog.#databases.set(database.name, database);
    }
    return catalog;
  }

  /** How a secondary's schema is brought up to date: set once, by the replication controller. */
  followSchemaBy(follow: FollowSchema): void {
    this.#followSchema = follow;
  }

  /** Takes over what the master aggregator writes, from now on: for one that is not it. */
  async followStore(): Promise<void> {
    (await this.#store.watch(prefix)).subscribe((change) => {
      if (change.kind === 'put') {
        const database = change.entry.value as DatabaseDefinition;
        this.#databases.set(database.name, database);
      } else {
        for (const name of this.#databases.keys()) {
          if (keyOf(name) === change.key) this.#databases.delete(name);
        }
      }
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
    await this.#store.put(keyOf(database.name), database);
    this.#databases.set(database.name, database);
  }

  /** Forgets a database, durably. */
  async remove(name: string): Promise<void> {
    await this.#store.delete(keyOf(name));
    this.#databases.delete(name);
  }

  async refresh(name: string): Promise<void> {
    const before = this.#databases.get(name);
    if (before === undefined) return;
    if (before.role === 'secondary' && this.#followSchema !== null) {
      await this.#followSchema(before);
    }
    if (this.#databases.get(name)?.catalogVersion === before.catalogVersion) {
      await this.#clock.sleep(refreshWaitMs);
    }
  }
}
