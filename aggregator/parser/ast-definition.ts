// The syntax tree of CREATE, ALTER, DROP, RENAME and TRUNCATE: plain data.

import type { AccountName } from './ast-administration.ts';
import type { Expression, Node, Query, TableName } from './ast-query.ts';

/** A column's type as written. */
export interface TypeName extends Node {
  /** Lower case, synonyms resolved: `int`, `varchar`, `double`, `decimal`, `geometry`, …. */
  readonly name: string;
  /** (n) or (n, m); empty where not written. */
  readonly lengths: readonly number[];
  /** Of ENUM and SET. */
  readonly members: readonly string[];
  readonly unsigned: boolean;
  readonly zerofill: boolean;
  /** CHARACTER SET, or null. */
  readonly charset: string | null;
  readonly collation: string | null;
  /** The BINARY attribute of a string type: the _bin collation. */
  readonly binary: boolean;
}

export interface ReferenceClause extends Node {
  readonly table: TableName;
  readonly columns: readonly string[];
  readonly onDelete: ReferenceAction | null;
  readonly onUpdate: ReferenceAction | null;
}

export type ReferenceAction = 'restrict' | 'cascade' | 'set null' | 'set default' | 'no action';

/**
 * An expression of a definition, with its text, which is what the catalog keeps: as it was written,
 * or as one would write it under MySQL's default sql_mode where another one reads it differently.
 */
export interface SourceExpression extends Node {
  readonly expression: Expression;
  readonly text: string;
}

export interface ColumnSyntax extends Node {
  readonly name: string;
  readonly type: TypeName;
  /** NULL or NOT NULL as written, else null. */
  readonly nullable: boolean | null;
  /** DEFAULT literal, DEFAULT CURRENT_TIMESTAMP or DEFAULT (expression). */
  readonly default: SourceExpression | null;
  readonly autoIncrement: boolean;
  readonly onUpdateCurrentTimestamp: boolean;
  readonly key: 'primary' | 'unique' | null;
  readonly comment: string;
  readonly generated: (SourceExpression & { readonly stored: boolean }) | null;
  readonly checks: readonly CheckSyntax[];
  readonly references: ReferenceClause | null;
}

export type IndexPartSyntax = Node &
  (
    | {
        readonly kind: 'column';
        readonly column: string;
        readonly prefixLength: number | null;
        readonly descending: boolean;
      }
    | {
        readonly kind: 'expression';
        readonly expression: SourceExpression;
        readonly descending: boolean;
      }
  );

export interface IndexSyntax extends Node {
  readonly kind: 'primary' | 'unique' | 'index' | 'fulltext' | 'spatial';
  /** Null where MySQL makes a name. */
  readonly name: string | null;
  readonly parts: readonly IndexPartSyntax[];
  readonly comment: string;
}

export interface ForeignKeySyntax extends Node {
  readonly name: string | null;
  readonly columns: readonly string[];
  readonly references: ReferenceClause;
}

export interface CheckSyntax extends Node {
  readonly name: string | null;
  readonly expression: SourceExpression;
  readonly enforced: boolean;
}

/** SHARD KEY (a, b) or SHARD KEY (); SORT KEY (a). */
export interface ColumnListSyntax extends Node {
  readonly columns: readonly string[];
}

/** ENGINE=, CHARSET=, … in the order written; names in lower case (`charset`, `collate`). */
export interface TableOption extends Node {
  readonly name: string;
  readonly value: string;
}

export interface CreateTable extends Node {
  readonly kind: 'createTable';
  readonly table: TableName;
  readonly ifNotExists: boolean;
  /** CREATE REFERENCE TABLE. */
  readonly reference: boolean;
  readonly temporary: boolean;
  readonly columns: readonly ColumnSyntax[];
  readonly indexes: readonly IndexSyntax[];
  readonly foreignKeys: readonly ForeignKeySyntax[];
  readonly checks: readonly CheckSyntax[];
  /** Null where not written. Two are error 1805, thrown by the parser. */
  readonly shardKey: ColumnListSyntax | null;
  readonly sortKey: ColumnListSyntax | null;
  readonly options: readonly TableOption[];
  /** CREATE TABLE t LIKE other. */
  readonly like: TableName | null;
  /** CREATE TABLE t [(…)] AS SELECT …. */
  readonly query: Query | null;
  /** PARTITION BY was written (MySQL's own partitions): taken with a warning, without effect. */
  readonly partitioned: boolean;
}

export type ColumnPosition =
  { readonly kind: 'first' } | { readonly kind: 'after'; readonly column: string };

export type AlterAction = Node &
  (
    | {
        readonly kind: 'addColumn';
        readonly column: ColumnSyntax;
        readonly position: ColumnPosition | null;
      }
    | { readonly kind: 'dropColumn'; readonly column: string }
    /** MODIFY, and CHANGE with `name` the old name. */
    | {
        readonly kind: 'changeColumn';
        readonly name: string;
        readonly column: ColumnSyntax;
        readonly position: ColumnPosition | null;
      }
    | { readonly kind: 'renameColumn'; readonly from: string; readonly to: string }
    | {
        readonly kind: 'setDefault';
        readonly column: string;
        /** Null for DROP DEFAULT. */
        readonly default: SourceExpression | null;
      }
    | { readonly kind: 'addIndex'; readonly index: IndexSyntax }
    | { readonly kind: 'dropIndex'; readonly name: string }
    | { readonly kind: 'renameIndex'; readonly from: string; readonly to: string }
    | { readonly kind: 'dropPrimaryKey' }
    | { readonly kind: 'addForeignKey'; readonly foreignKey: ForeignKeySyntax }
    | { readonly kind: 'dropForeignKey'; readonly name: string }
    | { readonly kind: 'addCheck'; readonly check: CheckSyntax }
    | { readonly kind: 'dropCheck'; readonly name: string }
    /** DROP CONSTRAINT: a key, a foreign key or a check of that name. */
    | { readonly kind: 'dropConstraint'; readonly name: string }
    | { readonly kind: 'rename'; readonly to: TableName }
    | {
        readonly kind: 'convertCharset';
        readonly charset: string;
        readonly collation: string | null;
      }
    | { readonly kind: 'options'; readonly options: readonly TableOption[] }
    /** ENABLE KEYS, DISABLE KEYS, ALGORITHM=, LOCK=, FORCE, ORDER BY: taken, without effect. */
    | { readonly kind: 'hint'; readonly text: string }
  );

export interface CreateDatabase extends Node {
  readonly kind: 'createDatabase';
  readonly name: string;
  readonly ifNotExists: boolean;
  readonly durability: 'sync' | 'async' | null;
  /** PARTITIONS n, or null. */
  readonly partitions: number | null;
  readonly charset: string | null;
  readonly collation: string | null;
}

export type DefinitionStatement =
  | CreateDatabase
  | (Node & {
      readonly kind: 'dropDatabase';
      readonly name: string;
      readonly ifExists: boolean;
    })
  | (Node & {
      readonly kind: 'alterDatabase';
      /** Null for the session's database. */
      readonly name: string | null;
      readonly charset: string | null;
      readonly collation: string | null;
    })
  | CreateTable
  | AlterTable
  | (Node & {
      readonly kind: 'dropTable';
      readonly tables: readonly TableName[];
      readonly ifExists: boolean;
      readonly temporary: boolean;
    })
  | (Node & { readonly kind: 'truncateTable'; readonly table: TableName })
  | (Node & {
      readonly kind: 'renameTable';
      readonly renames: readonly { readonly from: TableName; readonly to: TableName }[];
    })
  | (Node & {
      readonly kind: 'createIndex';
      readonly table: TableName;
      readonly index: IndexSyntax;
    })
  | (Node & { readonly kind: 'dropIndex'; readonly table: TableName; readonly name: string })
  /** DROP of what there is none of: a note with IF EXISTS, an error without. */
  | (Node & {
      readonly kind: 'dropRoutine';
      readonly routine: 'trigger' | 'procedure' | 'function' | 'event';
      readonly name: TableName;
      readonly ifExists: boolean;
    })
  | CreateView
  | (Node & {
      readonly kind: 'dropView';
      readonly views: readonly TableName[];
      readonly ifExists: boolean;
    });

/** CREATE VIEW, and ALTER VIEW, which keeps what it does not say. */
export interface CreateView extends Node {
  readonly kind: 'createView' | 'alterView';
  readonly view: TableName;
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  /** Null where not written, as the next two. */
  readonly algorithm: 'undefined' | 'merge' | 'temptable' | null;
  readonly definer: AccountName | null;
  readonly security: 'definer' | 'invoker' | null;
  /** Empty where not written. */
  readonly columns: readonly string[];
  readonly query: Query;
  readonly checkOption: 'none' | 'local' | 'cascaded';
}

export interface AlterTable extends Node {
  readonly kind: 'alterTable';
  readonly table: TableName;
  readonly actions: readonly AlterAction[];
}
