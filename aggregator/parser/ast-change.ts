// The syntax tree of INSERT, REPLACE, UPDATE and DELETE: plain data.

import type {
  ColumnExpression,
  CommonTable,
  Expression,
  LimitClause,
  Node,
  OrderItem,
  Query,
  TableName,
  TableReference,
} from './ast-query.ts';

/** column = value. */
export interface Assignment extends Node {
  readonly column: ColumnExpression;
  readonly value: Expression;
}

export type InsertSource =
  /** An empty row stands for `()`: every column its default. */
  | { readonly kind: 'values'; readonly rows: readonly (readonly Expression[])[] }
  | { readonly kind: 'query'; readonly query: Query };

/** INSERT or REPLACE. `INSERT … SET a = 1` becomes columns and one row. */
export interface InsertStatement extends Node {
  readonly kind: 'insert';
  readonly replace: boolean;
  readonly ignore: boolean;
  readonly table: TableName;
  /** Null where no column list is written. */
  readonly columns: readonly string[] | null;
  readonly source: InsertSource;
  /** `AS new (a, b)` after VALUES. */
  readonly rowAlias: { readonly name: string; readonly columns: readonly string[] } | null;
  /** ON DUPLICATE KEY UPDATE; empty without it. */
  readonly onDuplicate: readonly Assignment[];
}

/** UPDATE of one table, or of several where `from` is a join. */
export interface UpdateStatement extends Node {
  readonly kind: 'update';
  readonly ignore: boolean;
  readonly with: WithClause | null;
  readonly from: TableReference;
  readonly assignments: readonly Assignment[];
  readonly where: Expression | null;
  readonly orderBy: readonly OrderItem[];
  readonly limit: LimitClause | null;
}

export interface WithClause extends Node {
  readonly recursive: boolean;
  readonly tables: readonly CommonTable[];
}

/** DELETE FROM t …, or DELETE t1, t2 FROM …. */
export interface DeleteStatement extends Node {
  readonly kind: 'delete';
  readonly ignore: boolean;
  readonly with: WithClause | null;
  /** The tables (or aliases) that lose rows; null for the single-table form. */
  readonly targets: readonly TableName[] | null;
  readonly from: TableReference;
  readonly where: Expression | null;
  readonly orderBy: readonly OrderItem[];
  readonly limit: LimitClause | null;
}

/** What a field or a line of LOAD DATA ends with, and so on. */
export interface LoadFormat {
  readonly fieldsTerminatedBy: string;
  /** One character, or '' for none. */
  readonly enclosedBy: string;
  /** One character, or '' for none. */
  readonly escapedBy: string;
  readonly linesStartingBy: string;
  readonly linesTerminatedBy: string;
}

/** Where a field goes: a column, or a variable that SET may use. */
export type LoadTarget =
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'userVariable'; readonly name: string };

/** LOAD DATA LOCAL INFILE. */
export interface LoadDataStatement extends Node {
  readonly kind: 'loadData';
  /** As the client knows it. */
  readonly file: string;
  readonly replace: boolean;
  readonly table: TableName;
  /** CHARACTER SET of the file, or null. */
  readonly charset: string | null;
  readonly format: LoadFormat;
  readonly ignoreLines: number;
  /** Null: every column of the table in its order. */
  readonly targets: readonly LoadTarget[] | null;
  readonly assignments: readonly Assignment[];
}
