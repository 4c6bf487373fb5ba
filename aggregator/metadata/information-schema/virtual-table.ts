// What a table of information_schema is: its columns, and how its rows are made when it is read.

import type { CatalogReader, LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { AccountDefinition } from '#aggregator/metadata/account.ts';
import type { Accounts } from '#aggregator/metadata/accounts.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { PlanCache } from '#aggregator/kept-plans/plan-cache.ts';
import type { SessionRegistry } from '#aggregator/session-registry.ts';
import type { Session } from '#aggregator/session.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { Clock } from '#shared/clock.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType, Row, StoredValue } from '#shared/sql/column-type.ts';

/** A row by the names of its columns; what is missing is NULL. */
export type VirtualRow = Readonly<Record<string, StoredValue>>;

export interface VirtualColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** What all virtual tables are made from. */
export interface VirtualSources {
  readonly catalog: CatalogReader;
  readonly accounts: Accounts;
  readonly registry: SessionRegistry;
  /** The plans that are kept, for their counters. */
  readonly plans: PlanCache;
  readonly leaves: LeafDirectory;
  readonly clock: Clock;
  /** This aggregator's node id. */
  readonly nodeId: number;
  /** The next AUTO_INCREMENT of a table, or null where none was used. */
  readonly nextNumber: (database: string, tableId: number) => Promise<bigint | null>;
  /** The table; a view with its columns as the tables behind it have them now. */
  readonly described: (
    session: Session,
    database: DatabaseDefinition,
    table: TableDefinition,
  ) => TableDefinition;
}

/** What one reading of a virtual table may see. */
export interface VirtualScope extends VirtualSources {
  readonly session: Session;
  /** Null for an account that was dropped while its client stayed: it sees nothing. */
  readonly account: AccountDefinition | null;
  /** The databases that the account may know of, by name. */
  readonly databases: readonly DatabaseDefinition[];
  /** The tables of a database that it may know of, by name. */
  tables(database: DatabaseDefinition): readonly TableDefinition[];
  /** True where it has the privilege everywhere. */
  holds(...anyOf: readonly string[]): boolean;
}

export interface VirtualTable {
  /** In upper case. */
  readonly name: string;
  readonly columns: readonly VirtualColumn[];
  /** Its rows; may wait for other nodes. */
  readonly rows: (scope: VirtualScope) => readonly VirtualRow[] | Promise<readonly VirtualRow[]>;
}

/** `name64` a name, `text` longer text, `count` a number; each with `?` where NULL may stand. */
type TypeWord = 'name64' | 'text' | 'long' | 'yes' | 'count' | 'number' | 'moment' | 'double';

const utf8 = { kind: 'string', collation: 'utf8mb4_general_ci' } as const;

const types: Record<TypeWord, ColumnType> = {
  name64: { ...utf8, form: 'varchar', length: 64 },
  text: { ...utf8, form: 'varchar', length: 2048 },
  long: { ...utf8, form: 'longtext', length: 0xffff_ffff },
  yes: { ...utf8, form: 'varchar', length: 3 },
  count: { kind: 'integer', bits: 64, unsigned: true },
  number: { kind: 'integer', bits: 64, unsigned: false },
  double: { kind: 'double', unsigned: false },
  moment: { kind: 'datetime', fsp: 0 },
};

/** Columns by `NAME type` or `NAME type?`, one a line. */
export function virtualColumns(lines: string): readonly VirtualColumn[] {
  return lines
    .trim()
    .split(/\s*\n\s*/)
    .map((line) => {
      const [name = '', word = 'text'] = line.split(' ');
      const nullable = word.endsWith('?');
      const type = types[word.replace('?', '') as TypeWord];
      return { name, type, nullable };
    });
}

/** A table whose rows come in the order of its columns, from someone who knows them. */
export function virtualTable(
  name: string,
  columns: readonly ResultColumn[],
  rows: () => Promise<readonly Row[]>,
): VirtualTable {
  return {
    name,
    columns: columns.map(({ name: column, type, nullable }) => ({ name: column, type, nullable })),
    rows: async () => (await rows()).map((row) => rowByName(columns, row)),
  };
}

function rowByName(columns: readonly ResultColumn[], row: Row): VirtualRow {
  return Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null]));
}
