// A table as plain data: the same on an aggregator, in a partition and at the other cluster.

import type { Collation, ColumnType, StoredValue } from '#shared/sql/column-type.ts';

/** What a column gets when an INSERT does not name it. */
export type ColumnDefault =
  | { readonly kind: 'none' }
  | { readonly kind: 'value'; readonly value: StoredValue }
  | { readonly kind: 'currentTimestamp'; readonly fsp: number }
  /** A MySQL expression, kept as its text: DEFAULT (uuid()). */
  | { readonly kind: 'expression'; readonly text: string };

export interface GeneratedColumn {
  /** The MySQL expression, as it was written. */
  readonly text: string;
  /** STORED, not VIRTUAL: what SHOW CREATE TABLE says. */
  readonly stored: boolean;
  /** The same over the table's columns as SQLite has them, converted to the column's type. */
  readonly sqlite: string;
  /** The columns that it reads. */
  readonly columns: readonly string[];
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly default: ColumnDefault;
  readonly autoIncrement: boolean;
  /** ON UPDATE CURRENT_TIMESTAMP. */
  readonly onUpdateCurrentTimestamp: boolean;
  /** GENERATED ALWAYS AS (text). SQLite stores it, whether MySQL would or not. */
  readonly generated?: GeneratedColumn;
  readonly comment: string;
  /** True only for the key that we add to a table without a PRIMARY KEY. No client ever sees it. */
  readonly hidden: boolean;
}

export interface IndexPart {
  readonly column: string;
  /** Characters of a prefix index, as declared. SQLite indexes the whole value. */
  readonly prefixLength?: number;
  readonly descending: boolean;
}

export interface IndexDefinition {
  /** 'PRIMARY' for the primary key. */
  readonly name: string;
  readonly kind: 'primary' | 'unique' | 'index' | 'fulltext' | 'spatial';
  readonly parts: readonly IndexPart[];
  readonly comment: string;
}

export type ReferentialAction = 'restrict' | 'cascade' | 'set null' | 'no action';

export interface ForeignKeyDefinition {
  readonly name: string;
  readonly columns: readonly string[];
  readonly referencedTable: string;
  readonly referencedColumns: readonly string[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
}

export interface CheckDefinition {
  readonly name: string;
  /** The MySQL expression, as it was written. */
  readonly text: string;
  /** The same over the table's columns as SQLite has them. */
  readonly sqlite: string;
  /** The columns that it reads. */
  readonly columns: readonly string[];
}

/** A query that stands under a name, and by whose rights it is read. */
export interface ViewDefinition {
  /**
   * The query as MySQL text, for a session without any sql_mode: its stars are spelled out, and
   * names without a database are in the view's own, whatever that is called.
   */
  readonly query: string;
  /** The query does not call its columns as the view does: CREATE VIEW has to list them. */
  readonly listed: boolean;
  /** The tables and views that it names; a null database is the view's own. */
  readonly reads: readonly { readonly database: string | null; readonly table: string }[];
  readonly algorithm: 'UNDEFINED' | 'MERGE' | 'TEMPTABLE';
  readonly definer: { readonly user: string; readonly host: string };
  /** Whose rights it is read by. */
  readonly security: 'DEFINER' | 'INVOKER';
  readonly checkOption: 'NONE' | 'LOCAL' | 'CASCADED';
  /** Of the session that made it. */
  readonly characterSetClient: string;
  /** The same; its literals are of it. */
  readonly collationConnection: string;
}

/**
 * Where the rows of a table live:
 * - sharded: spread over all partitions by the hash of the shard key's values;
 * - single: all in partition 0 (keys or foreign keys that no spreading could enforce);
 * - reference: a full copy on every leaf, in the database's reference partition.
 */
export type TableSpread = 'sharded' | 'single' | 'reference';

export interface TableDefinition {
  /** Unique in the database, never used again. */
  readonly id: number;
  readonly name: string;
  readonly spread: TableSpread;
  /**
   * The columns whose values decide the slot. Sharded tables only, else empty.
   * A keyless table has its hidden key here.
   */
  readonly shardKey: readonly string[];
  /** True when CREATE TABLE said SHARD KEY: such a table is never made single on its own. */
  readonly shardKeyExplicit: boolean;
  readonly columns: readonly ColumnDefinition[];
  /** A table's always hold one of kind 'primary': SQLite captures changes of keyed tables only. */
  readonly indexes: readonly IndexDefinition[];
  readonly foreignKeys: readonly ForeignKeyDefinition[];
  readonly checks: readonly CheckDefinition[];
  readonly collation: Collation;
  readonly comment: string;
  /** A view has columns and no rows, keys or place of its own. Absent: a table. */
  readonly view?: ViewDefinition;
}
