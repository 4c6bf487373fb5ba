// STATISTICS, KEY_COLUMN_USAGE and the tables of constraints.

import type {
  ForeignKeyDefinition,
  IndexDefinition,
  TableDefinition,
} from '#shared/cluster/table-definition.ts';
import { tableNamed } from '#aggregator/metadata/find-table.ts';
import { perTable } from './per-table.ts';
import { virtualColumns, type VirtualRow, type VirtualTable } from './virtual-table.ts';

/** Keys that clients see: the hidden key of a keyless table is none. */
function visibleIndexes(table: TableDefinition): readonly IndexDefinition[] {
  const hidden = new Set(table.columns.filter((each) => each.hidden).map((each) => each.name));
  return table.indexes.filter((index) => !index.parts.some((part) => hidden.has(part.column)));
}

/** `PRIMARY` first, then unique keys, then the others, as MySQL orders them. */
function ordered(indexes: readonly IndexDefinition[]): readonly IndexDefinition[] {
  const rank = { primary: 0, unique: 1, index: 2, fulltext: 3, spatial: 3 };
  return indexes.toSorted((a, b) => rank[a.kind] - rank[b.kind]);
}

const statistics: VirtualTable = {
  name: 'STATISTICS',
  columns: virtualColumns(`
    TABLE_CATALOG name64
    TABLE_SCHEMA name64
    TABLE_NAME name64
    NON_UNIQUE number
    INDEX_SCHEMA name64
    INDEX_NAME name64?
    SEQ_IN_INDEX count
    COLUMN_NAME name64?
    COLLATION yes?
    CARDINALITY number?
    SUB_PART number?
    PACKED name64?
    NULLABLE yes
    INDEX_TYPE name64
    COMMENT text
    INDEX_COMMENT text
    IS_VISIBLE yes
    EXPRESSION long?`),
  rows: (scope) => perTable(scope, ({ name }, table) => tableStatistics(name, table)),
};

const indexTypes = {
  primary: 'BTREE',
  unique: 'BTREE',
  index: 'BTREE',
  fulltext: 'FULLTEXT',
  spatial: 'SPATIAL',
} as const;

/** One table's rows of STATISTICS: a row for each column of each key. */
export function tableStatistics(database: string, table: TableDefinition): readonly VirtualRow[] {
  const nullable = new Map(table.columns.map((column) => [column.name, column.nullable]));
  return ordered(visibleIndexes(table)).flatMap((index) =>
    index.parts.map((part, position) => ({
      TABLE_CATALOG: 'def',
      TABLE_SCHEMA: database,
      TABLE_NAME: table.name,
      NON_UNIQUE: index.kind === 'primary' || index.kind === 'unique' ? 0n : 1n,
      INDEX_SCHEMA: database,
      INDEX_NAME: index.name,
      SEQ_IN_INDEX: BigInt(position + 1),
      COLUMN_NAME: part.column,
      COLLATION: index.kind === 'fulltext' ? null : part.descending ? 'D' : 'A',
      SUB_PART: part.prefixLength === undefined ? null : BigInt(part.prefixLength),
      NULLABLE: nullable.get(part.column) === true ? 'YES' : '',
      INDEX_TYPE: indexTypes[index.kind],
      COMMENT: '',
      INDEX_COMMENT: index.comment,
      IS_VISIBLE: 'YES',
    })),
  );
}

const keyColumnUsage: VirtualTable = {
  name: 'KEY_COLUMN_USAGE',
  columns: virtualColumns(`
    CONSTRAINT_CATALOG name64
    CONSTRAINT_SCHEMA name64
    CONSTRAINT_NAME name64?
    TABLE_CATALOG name64
    TABLE_SCHEMA name64
    TABLE_NAME name64
    COLUMN_NAME name64?
    ORDINAL_POSITION count
    POSITION_IN_UNIQUE_CONSTRAINT count?
    REFERENCED_TABLE_SCHEMA name64?
    REFERENCED_TABLE_NAME name64?
    REFERENCED_COLUMN_NAME name64?`),
  rows: (scope) =>
    perTable(scope, ({ name: database }, table) => [
      ...uniqueKeys(table).flatMap((index) =>
        index.parts.map((part, position) => ({
          ...constraint(database, table, index.name),
          COLUMN_NAME: part.column,
          ORDINAL_POSITION: BigInt(position + 1),
        })),
      ),
      ...table.foreignKeys.flatMap((key) => foreignKeyColumns(database, table, key)),
    ]),
};

function uniqueKeys(table: TableDefinition): readonly IndexDefinition[] {
  return ordered(visibleIndexes(table)).filter(
    (index) => index.kind === 'primary' || index.kind === 'unique',
  );
}

function constraint(database: string, table: TableDefinition, name: string): VirtualRow {
  return {
    CONSTRAINT_CATALOG: 'def',
    CONSTRAINT_SCHEMA: database,
    CONSTRAINT_NAME: name,
    TABLE_CATALOG: 'def',
    TABLE_SCHEMA: database,
    TABLE_NAME: table.name,
  };
}

function foreignKeyColumns(
  database: string,
  table: TableDefinition,
  key: ForeignKeyDefinition,
): readonly VirtualRow[] {
  return key.columns.map((column, position) => ({
    ...constraint(database, table, key.name),
    COLUMN_NAME: column,
    ORDINAL_POSITION: BigInt(position + 1),
    POSITION_IN_UNIQUE_CONSTRAINT: BigInt(position + 1),
    REFERENCED_TABLE_SCHEMA: database,
    REFERENCED_TABLE_NAME: key.referencedTable,
    REFERENCED_COLUMN_NAME: key.referencedColumns[position] ?? null,
  }));
}

const tableConstraints: VirtualTable = {
  name: 'TABLE_CONSTRAINTS',
  columns: virtualColumns(`
    CONSTRAINT_CATALOG name64
    CONSTRAINT_SCHEMA name64
    CONSTRAINT_NAME name64?
    TABLE_SCHEMA name64
    TABLE_NAME name64
    CONSTRAINT_TYPE name64
    ENFORCED yes`),
  rows: (scope) =>
    perTable(scope, ({ name: database }, table) => {
      const row = (name: string, type: string) => ({
        ...constraint(database, table, name),
        CONSTRAINT_TYPE: type,
        ENFORCED: 'YES',
      });
      return [
        ...uniqueKeys(table).map((index) =>
          row(index.name, index.kind === 'primary' ? 'PRIMARY KEY' : 'UNIQUE'),
        ),
        ...table.foreignKeys.map((key) => row(key.name, 'FOREIGN KEY')),
        ...table.checks.map((check) => row(check.name, 'CHECK')),
      ];
    }),
};

const referentialConstraints: VirtualTable = {
  name: 'REFERENTIAL_CONSTRAINTS',
  columns: virtualColumns(`
    CONSTRAINT_CATALOG name64
    CONSTRAINT_SCHEMA name64
    CONSTRAINT_NAME name64?
    UNIQUE_CONSTRAINT_CATALOG name64
    UNIQUE_CONSTRAINT_SCHEMA name64
    UNIQUE_CONSTRAINT_NAME name64?
    MATCH_OPTION name64
    UPDATE_RULE name64
    DELETE_RULE name64
    TABLE_NAME name64
    REFERENCED_TABLE_NAME name64`),
  rows: (scope) =>
    perTable(scope, (database, table) =>
      table.foreignKeys.map((key) => ({
        ...constraint(database.name, table, key.name),
        UNIQUE_CONSTRAINT_CATALOG: 'def',
        UNIQUE_CONSTRAINT_SCHEMA: database.name,
        UNIQUE_CONSTRAINT_NAME: referencedKey(tableNamed(database, key.referencedTable), key),
        MATCH_OPTION: 'NONE',
        UPDATE_RULE: key.onUpdate.toUpperCase(),
        DELETE_RULE: key.onDelete.toUpperCase(),
        REFERENCED_TABLE_NAME: key.referencedTable,
      })),
    ),
};

/** The key of the parent that the foreign key points at. */
function referencedKey(
  parent: TableDefinition | undefined,
  key: ForeignKeyDefinition,
): string | null {
  const wanted = key.referencedColumns.join('\0');
  const found = parent?.indexes.find(
    (index) => index.parts.map((part) => part.column).join('\0') === wanted,
  );
  return found?.name ?? null;
}

const checkConstraints: VirtualTable = {
  name: 'CHECK_CONSTRAINTS',
  columns: virtualColumns(`
    CONSTRAINT_CATALOG name64
    CONSTRAINT_SCHEMA name64
    CONSTRAINT_NAME name64
    CHECK_CLAUSE long`),
  rows: (scope) =>
    perTable(scope, ({ name: database }, table) =>
      table.checks.map((check) => ({
        CONSTRAINT_CATALOG: 'def',
        CONSTRAINT_SCHEMA: database,
        CONSTRAINT_NAME: check.name,
        CHECK_CLAUSE: `(${check.text})`,
      })),
    ),
};

export const keyTables: readonly VirtualTable[] = [
  statistics,
  keyColumnUsage,
  tableConstraints,
  referentialConstraints,
  checkConstraints,
];
