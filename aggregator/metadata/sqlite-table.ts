// A table as SQLite statements: storage, keys by collation, and the checks behind MySQL's errors.
//
// Names that a leaf reads out of SQLite's messages: a check is called `range:<column>` (1264) or
// `length:<column>` (1406); an index is called `<table>.<key>`, as MySQL's 1062 names it.

import type {
  ColumnDefinition,
  ForeignKeyDefinition,
  IndexDefinition,
  TableDefinition,
} from '#shared/cluster/table-definition.ts';
import { collationKeySql } from '#shared/sql/collation.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { isWide } from '#shared/sql/decimal.ts';
import { integerRange } from '#shared/sql/store-number.ts';
import { isUint64 } from '#shared/sql/unsigned-integer.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { must } from '#shared/assert.ts';

/** Which partition of a database a statement is for: what lives there differs. */
export type PartitionPlace = 'first' | 'other' | 'reference';

/** What lives in the partition of that ordinal. */
export function placeOf(ordinal: number): PartitionPlace {
  if (ordinal === REFERENCE_ORDINAL) return 'reference';
  return ordinal === 0 ? 'first' : 'other';
}

/** Whether the table's rows, and so its SQLite table, are in such a partition; a view has none. */
export function livesIn(table: TableDefinition, place: PartitionPlace): boolean {
  if (table.view !== undefined) return false;
  switch (table.spread) {
    case 'sharded':
      return place !== 'reference';
    case 'single':
      return place === 'first';
    case 'reference':
      return place === 'reference';
  }
}

type StorageClass = 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB' | 'ANY';

/** The SQLite type of the stored form (column-type.ts). */
function storageClass(column: ColumnDefinition): StorageClass {
  const { type } = column;
  if (isUint64(type) && !column.autoIncrement) return 'ANY';
  switch (type.kind) {
    case 'integer':
    case 'bit':
    case 'year':
    case 'enum':
    case 'set':
    case 'time':
      return 'INTEGER';
    case 'decimal':
      return isWide(type) ? 'TEXT' : 'INTEGER';
    case 'float':
    case 'double':
      return 'REAL';
    case 'binary':
      return 'BLOB';
    case 'string':
    case 'json':
    case 'date':
    case 'datetime':
    case 'timestamp':
    case 'null':
      return 'TEXT';
  }
}

/** The least and the greatest stored value, where the type has bounds that SQLite has not. */
function storedRange(type: ColumnType): [bigint, bigint] | null {
  switch (type.kind) {
    case 'integer': {
      if (type.bits === 64 && !type.unsigned) return null;
      const { min, max } = integerRange(type);
      return [min, max];
    }
    case 'decimal': {
      if (isWide(type)) return null;
      const greatest = 10n ** BigInt(type.precision) - 1n;
      return [type.unsigned ? 0n : -greatest, greatest];
    }
    case 'bit':
      return [0n, 2n ** BigInt(type.length) - 1n];
    case 'set':
      return [0n, 2n ** BigInt(type.members.length) - 1n];
    case 'enum':
      return [0n, BigInt(type.members.length)];
    case 'year':
      return [0n, 2155n];
    default:
      return null;
  }
}

/** CHECK constraints of a column: the net below the conversion that the aggregator does. */
function columnChecks(column: ColumnDefinition): string[] {
  const { name, type } = column;
  const quoted = quoteIdentifier(name);
  const range = storedRange(type);
  if (range !== null) {
    // Of 64 bits without a sign: BLOBs, which are above all numbers, are told from them by 8 bytes.
    const between = isUint64(type)
      ? `${quoted} >= 0 AND typeof(${quoted}) IN ('integer', 'blob', 'null')`
      : `${quoted} BETWEEN ${range[0]} AND ${range[1]}`;
    return [`CONSTRAINT ${quoteIdentifier(`range:${name}`)} CHECK (${between})`];
  }
  const length = lengthExpression(type, quoted);
  if (length === null) return [];
  return [`CONSTRAINT ${quoteIdentifier(`length:${name}`)} CHECK (${length})`];
}

function lengthExpression(type: ColumnType, quoted: string): string | null {
  if (type.kind === 'binary') return `octet_length(${quoted}) <= ${type.length}`;
  if (type.kind !== 'string') return null;
  const isCounted = type.form === 'char' || type.form === 'varchar';
  return `${isCounted ? 'length' : 'octet_length'}(${quoted}) <= ${type.length}`;
}

/** The SQL that an index or a comparison of this column goes by. */
function keyExpression(column: ColumnDefinition): string {
  const quoted = quoteIdentifier(column.name);
  return column.type.kind === 'string' ? collationKeySql(quoted, column.type.collation) : quoted;
}

function columnNamed(table: TableDefinition, name: string): ColumnDefinition {
  return must(table.columns.find((column) => column.name === name));
}

/** Its values may be more than a quarter of a page of SQLite, which no key of it holds whole. */
function isLarge(type: ColumnType): boolean {
  if (type.kind === 'json') return true;
  if (type.kind !== 'string' && type.kind !== 'binary') return false;
  return type.length > 1024;
}

/** A statement that makes one index, or null for a key that is kept by name only. */
function createIndexStatement(table: TableDefinition, index: IndexDefinition): string | null {
  if (index.kind === 'fulltext' || index.kind === 'spatial') return null;
  const parts = index.parts.map((part) => {
    const key = keyExpression(columnNamed(table, part.column));
    return part.descending ? `${key} DESC` : key;
  });
  const unique = index.kind === 'index' ? '' : 'UNIQUE ';
  const name = quoteIdentifier(`${table.name}.${index.name}`);
  return `CREATE ${unique}INDEX ${name} ON ${quoteIdentifier(table.name)} (${parts.join(', ')})`;
}

/** A primary key compared by collation has an index of its keys beside the raw values. */
function needsKeyIndex(table: TableDefinition, index: IndexDefinition): boolean {
  if (index.kind !== 'primary') return true;
  return index.parts.some((part) => columnNamed(table, part.column).type.kind === 'string');
}

function foreignKeyClause(key: ForeignKeyDefinition): string {
  const columns = key.columns.map(quoteIdentifier).join(', ');
  const referenced = key.referencedColumns.map(quoteIdentifier).join(', ');
  return (
    `CONSTRAINT ${quoteIdentifier(key.name)} FOREIGN KEY (${columns}) ` +
    `REFERENCES ${quoteIdentifier(key.referencedTable)} (${referenced}) ` +
    `ON DELETE ${key.onDelete.toUpperCase()} ON UPDATE ${key.onUpdate.toUpperCase()}`
  );
}

/** True where SQLite's own row numbers hold every value of the column. */
function isRowidType(column: ColumnDefinition): boolean {
  return column.type.kind === 'integer' && storageClass(column) === 'INTEGER';
}

/** CREATE TABLE under the given name, without its indexes. */
function createTableStatement(table: TableDefinition, as = table.name): string {
  const primary = must(table.indexes.find((index) => index.kind === 'primary'));
  const keyColumns = primary.parts.map((part) => columnNamed(table, part.column));
  const [only] = keyColumns;
  const isRowid = only !== undefined && keyColumns.length === 1 && isRowidType(only);
  const columns = table.columns.map((column) => {
    const parts = [quoteIdentifier(column.name), storageClass(column)];
    if (!column.nullable) parts.push('NOT NULL');
    if (isRowid && column === only) parts.push('PRIMARY KEY');
    const { generated } = column;
    if (generated !== undefined) parts.push(`GENERATED ALWAYS AS (${generated.sqlite}) STORED`);
    return [...parts, ...columnChecks(column)].join(' ');
  });
  const keys = keyColumns.map((column) => quoteIdentifier(column.name)).join(', ');
  const clauses = isRowid ? columns : [...columns, `PRIMARY KEY (${keys})`];
  clauses.push(...table.foreignKeys.map(foreignKeyClause));
  for (const { name, sqlite } of table.checks) {
    clauses.push(`CONSTRAINT ${quoteIdentifier(`check:${name}`)} CHECK (${sqlite})`);
  }
  // Clustered by its key like InnoDB's, unless large values would bloat the key's tree.
  const isClustered = !isRowid && !table.columns.some((column) => isLarge(column.type));
  const options = isClustered ? 'STRICT, WITHOUT ROWID' : 'STRICT';
  return `CREATE TABLE ${quoteIdentifier(as)} (${clauses.join(', ')}) ${options}`;
}

/** The statements that make the table's indexes. */
function createIndexStatements(table: TableDefinition): string[] {
  const indexes = table.indexes.filter((index) => needsKeyIndex(table, index));
  return indexes.map((index) => createIndexStatement(table, index)).filter((sql) => sql !== null);
}

/** Everything SQLite needs for the table in such a partition; nothing where it does not live. */
export function createTableStatements(table: TableDefinition, place: PartitionPlace): string[] {
  if (!livesIn(table, place)) return [];
  return [createTableStatement(table), ...createIndexStatements(table)];
}

/** A name for the table while it is made anew. */
function rebuildName(table: TableDefinition): string {
  return `_twinleaf_rebuild_${table.name}`;
}

/**
 * Makes a table anew with another shape: its rows are copied, by `values`, the SQLite expression
 * of each new column over the old ones.
 */
export function rebuildStatements(
  change: { readonly before: TableDefinition; readonly after: TableDefinition },
  values: ReadonlyMap<string, string>,
  place: PartitionPlace,
): string[] {
  const { before, after } = change;
  if (!livesIn(before, place)) return createTableStatements(after, place);
  const old = quoteIdentifier(before.name);
  if (!livesIn(after, place)) return [`DROP TABLE ${old}`];
  const fresh = quoteIdentifier(rebuildName(after));
  const copied = after.columns.filter((column) => column.generated === undefined);
  const names = copied.map((column) => quoteIdentifier(column.name)).join(', ');
  const sources = copied.map((column) => must(values.get(column.name))).join(', ');
  return [
    createTableStatement(after, rebuildName(after)),
    `INSERT INTO ${fresh} (${names}) SELECT ${sources} FROM ${old}`,
    `DROP TABLE ${old}`,
    `ALTER TABLE ${fresh} RENAME TO ${quoteIdentifier(after.name)}`,
    ...createIndexStatements(after),
  ];
}
