// The databases of virtual tables: information_schema, and the little of performance_schema that
// clients ask for.

import { Breather, forEachInTurn } from '#aggregator/breather.ts';
import { hasAny, hasPrivilege } from '#aggregator/metadata/privilege.ts';
import type { Session } from '#aggregator/session.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { VirtualTables } from '#aggregator/virtual-tables.ts';
import { databaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { clusterTables, maySeeCluster } from './information-schema/cluster-tables.ts';
import { columnTables } from './information-schema/column-tables.ts';
import { emptyTables } from './information-schema/empty-tables.ts';
import { keyTables } from './information-schema/key-tables.ts';
import { privilegeTables } from './information-schema/privilege-tables.ts';
import { performanceTables, serverTables } from './information-schema/server-tables.ts';
import { viewTables } from './information-schema/view-tables.ts';
import type {
  VirtualRow,
  VirtualScope,
  VirtualSources,
  VirtualTable,
} from './information-schema/virtual-table.ts';

type Tables = ReadonlyMap<string, VirtualTable>;

const everywhere = { database: null, table: null };

function byName(tables: readonly VirtualTable[]): Tables {
  return new Map(tables.map((table) => [table.name, table]));
}

/** The table, empty for those who may not see the cluster. */
function ofTheCluster(table: VirtualTable): VirtualTable {
  return { ...table, rows: (scope) => (maySeeCluster(scope) ? table.rows(scope) : []) };
}

export class InformationSchema implements VirtualTables {
  readonly #sources: VirtualSources;
  readonly #databases: ReadonlyMap<string, Tables>;

  /** `more` are tables of information_schema that others know about: the links' MV_… views. */
  constructor(sources: VirtualSources, more: readonly VirtualTable[] = []) {
    this.#sources = sources;
    const information = [
      ...columnTables,
      ...keyTables,
      ...serverTables,
      ...privilegeTables,
      ...clusterTables,
      ...viewTables,
      ...emptyTables,
      ...more.map(ofTheCluster),
    ];
    this.#databases = new Map([
      ['information_schema', byName(information)],
      ['performance_schema', byName(performanceTables)],
    ]);
  }

  isVirtualDatabase(name: string): boolean {
    return this.#databases.has(name.toLowerCase());
  }

  columns(database: string, name: string): readonly ResultColumn[] | null {
    const table = this.#find(database, name);
    if (table === null) return null;
    return table.columns.map((column) => ({
      ...column,
      originalName: column.name,
      table: table.name,
      originalTable: table.name,
      database: database.toLowerCase(),
      primaryKey: false,
      autoIncrement: false,
    }));
  }

  async rows(database: string, name: string, session: Session): Promise<readonly Row[]> {
    const table = this.#find(database, name);
    if (table === null) throw databaseError('unknownTable', { database, table: name });
    const named = await this.read(table, session);
    const rows: Row[] = [];
    await forEachInTurn(new Breather(this.#sources.clock, session.signal), named, (row) => {
      rows.push(table.columns.map((column) => row[column.name] ?? null));
    });
    return rows;
  }

  /** The rows of a table by the names of its columns. */
  async read(table: VirtualTable, session: Session): Promise<readonly VirtualRow[]> {
    return await table.rows(this.scope(session));
  }

  /** The table of information_schema of that name, in upper case. Throws unknownTable. */
  table(name: string): VirtualTable {
    const table = this.#find('information_schema', name);
    if (table !== null) return table;
    throw databaseError('unknownTable', { database: 'information_schema', table: name });
  }

  /** The tables of a virtual database, in the order of their names. */
  tableNames(database: string): readonly string[] {
    return [...(this.#databases.get(database.toLowerCase())?.keys() ?? [])].sort();
  }

  /** What the session may see at this moment. */
  scope(session: Session): VirtualScope {
    const account = this.#sources.accounts.find(session.account);
    const holds = (...anyOf: readonly string[]) =>
      account !== null && anyOf.some((name) => hasPrivilege(account, name, everywhere));
    const seesAll = holds('SHOW DATABASES', 'SHOW METADATA', 'CLUSTER', 'SUPER');
    const maySee = (database: string, table: string | null) =>
      seesAll || (account !== null && hasAny(account, { database, table }));
    return {
      ...this.#sources,
      session,
      account,
      holds,
      databases: this.#sources.catalog.databases().filter(({ name }) => maySee(name, null)),
      tables: (database) =>
        Object.values(database.tables)
          .filter((table) => maySee(database.name, table.name))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }

  #find(database: string, name: string): VirtualTable | null {
    return this.#databases.get(database.toLowerCase())?.get(name.toUpperCase()) ?? null;
  }
}
