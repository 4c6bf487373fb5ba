// SCHEMATA, TABLES and COLUMNS.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { defaultText } from '#aggregator/metadata/show-create-table.ts';
import { dataTypeName, typeName } from '#aggregator/metadata/type-name.ts';
import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { perTable } from './per-table.ts';
import {
  virtualColumns,
  type VirtualRow,
  type VirtualScope,
  type VirtualTable,
} from './virtual-table.ts';

const CHARACTER_BYTES_MAX = 4;
const PRIVILEGES = 'select,insert,update,references';

const schemata: VirtualTable = {
  name: 'SCHEMATA',
  columns: virtualColumns(`
    CATALOG_NAME name64
    SCHEMA_NAME name64
    DEFAULT_CHARACTER_SET_NAME name64
    DEFAULT_COLLATION_NAME name64
    SQL_PATH text?
    DEFAULT_ENCRYPTION yes`),
  rows: (scope) => [
    schemaRow('information_schema', 'utf8mb3', 'utf8mb3_general_ci'),
    schemaRow('performance_schema', 'utf8mb4', 'utf8mb4_general_ci'),
    ...scope.databases.map(({ name, collation }) => schemaRow(name, 'utf8mb4', collation)),
  ],
};

function schemaRow(name: string, charset: string, collation: string): VirtualRow {
  return {
    CATALOG_NAME: 'def',
    SCHEMA_NAME: name,
    DEFAULT_CHARACTER_SET_NAME: charset,
    DEFAULT_COLLATION_NAME: collation,
    DEFAULT_ENCRYPTION: 'NO',
  };
}

const tables: VirtualTable = {
  name: 'TABLES',
  columns: virtualColumns(`
    TABLE_CATALOG name64
    TABLE_SCHEMA name64
    TABLE_NAME name64
    TABLE_TYPE name64
    ENGINE name64?
    VERSION count?
    ROW_FORMAT name64?
    TABLE_ROWS count?
    AVG_ROW_LENGTH count?
    DATA_LENGTH count?
    MAX_DATA_LENGTH count?
    INDEX_LENGTH count?
    DATA_FREE count?
    AUTO_INCREMENT count?
    CREATE_TIME moment?
    UPDATE_TIME moment?
    CHECK_TIME moment?
    TABLE_COLLATION name64?
    CHECKSUM number?
    CREATE_OPTIONS text?
    TABLE_COMMENT text`),
  rows: (scope) =>
    perTable(scope, async (database, table) => [await tableRow(scope, database, table)]),
};

async function tableRow(
  scope: VirtualScope,
  database: DatabaseDefinition,
  table: TableDefinition,
): Promise<VirtualRow> {
  if (table.view !== undefined) {
    const named = { TABLE_CATALOG: 'def', TABLE_SCHEMA: database.name, TABLE_NAME: table.name };
    return { ...named, TABLE_TYPE: 'VIEW', TABLE_COMMENT: 'VIEW' };
  }
  const counts = table.columns.some((column) => column.autoIncrement);
  return {
    TABLE_CATALOG: 'def',
    TABLE_SCHEMA: database.name,
    TABLE_NAME: table.name,
    TABLE_TYPE: 'BASE TABLE',
    ENGINE: 'InnoDB',
    VERSION: 10n,
    ROW_FORMAT: 'Dynamic',
    AUTO_INCREMENT: counts ? ((await scope.nextNumber(database.name, table.id)) ?? 1n) : null,
    TABLE_COLLATION: table.collation,
    CREATE_OPTIONS: table.spread === 'sharded' ? '' : `spread=${table.spread}`,
    TABLE_COMMENT: table.comment,
  };
}

const columns: VirtualTable = {
  name: 'COLUMNS',
  columns: virtualColumns(`
    TABLE_CATALOG name64
    TABLE_SCHEMA name64
    TABLE_NAME name64
    COLUMN_NAME name64?
    ORDINAL_POSITION count
    COLUMN_DEFAULT long?
    IS_NULLABLE yes
    DATA_TYPE long?
    CHARACTER_MAXIMUM_LENGTH number?
    CHARACTER_OCTET_LENGTH number?
    NUMERIC_PRECISION count?
    NUMERIC_SCALE count?
    DATETIME_PRECISION count?
    CHARACTER_SET_NAME name64?
    COLLATION_NAME name64?
    COLUMN_TYPE long
    COLUMN_KEY yes
    EXTRA text?
    PRIVILEGES text?
    COLUMN_COMMENT long
    GENERATION_EXPRESSION long
    SRS_ID count?`),
  rows: (scope) =>
    perTable(scope, (database, table) =>
      tableColumns(database.name, scope.described(scope.session, database, table)),
    ),
};

/** One table's rows of COLUMNS, in the order of its columns. */
export function tableColumns(database: string, table: TableDefinition): readonly VirtualRow[] {
  const visible = table.columns.filter((column) => !column.hidden);
  return visible.map((column, index) => ({
    TABLE_CATALOG: 'def',
    TABLE_SCHEMA: database,
    TABLE_NAME: table.name,
    COLUMN_NAME: column.name,
    ORDINAL_POSITION: BigInt(index + 1),
    COLUMN_DEFAULT: defaultText(column),
    IS_NULLABLE: column.nullable ? 'YES' : 'NO',
    ...typeFields(column.type),
    COLUMN_KEY: keyWord(table, column.name),
    EXTRA: extra(column),
    PRIVILEGES,
    COLUMN_COMMENT: column.comment,
    GENERATION_EXPRESSION: column.generated?.text ?? '',
  }));
}

/** The columns that only tell of the type. */
export function typeFields(type: ColumnType): VirtualRow {
  return {
    DATA_TYPE: dataTypeName(type),
    COLUMN_TYPE: typeName(type),
    ...lengthFields(type),
    ...numberFields(type),
  };
}

function lengthFields(type: ColumnType): VirtualRow {
  const collated =
    'collation' in type ? { CHARACTER_SET_NAME: 'utf8mb4', COLLATION_NAME: type.collation } : {};
  switch (type.kind) {
    case 'string': {
      const short = type.form === 'char' || type.form === 'varchar';
      const octets = short ? type.length * CHARACTER_BYTES_MAX : type.length;
      return {
        ...collated,
        CHARACTER_MAXIMUM_LENGTH: BigInt(type.length),
        CHARACTER_OCTET_LENGTH: BigInt(octets),
      };
    }
    case 'binary': {
      const length = BigInt(type.length);
      return { CHARACTER_MAXIMUM_LENGTH: length, CHARACTER_OCTET_LENGTH: length };
    }
    case 'enum':
    case 'set': {
      const lengths = type.members.map((member) => [...member].length);
      const together = lengths.reduce((sum, length) => sum + length + 1, -1);
      const length = type.kind === 'enum' ? Math.max(0, ...lengths) : Math.max(0, together);
      return {
        ...collated,
        CHARACTER_MAXIMUM_LENGTH: BigInt(length),
        CHARACTER_OCTET_LENGTH: BigInt(length * CHARACTER_BYTES_MAX),
      };
    }
    default:
      return collated;
  }
}

const integerDigits = { 8: 3n, 16: 5n, 24: 7n, 32: 10n, 64: 19n } as const;

function numberFields(type: ColumnType): VirtualRow {
  switch (type.kind) {
    case 'integer': {
      // MySQL counts one digit more for BIGINT UNSIGNED, and for it alone.
      const more = type.bits === 64 && type.unsigned ? 1n : 0n;
      return { NUMERIC_PRECISION: integerDigits[type.bits] + more, NUMERIC_SCALE: 0n };
    }
    case 'decimal':
      return { NUMERIC_PRECISION: BigInt(type.precision), NUMERIC_SCALE: BigInt(type.scale) };
    case 'float':
      return { NUMERIC_PRECISION: 12n };
    case 'double':
      return { NUMERIC_PRECISION: 22n };
    case 'bit':
      return { NUMERIC_PRECISION: BigInt(type.length) };
    case 'datetime':
    case 'timestamp':
    case 'time':
      return { DATETIME_PRECISION: BigInt(type.fsp) };
    default:
      return {};
  }
}

/** PRI, UNI for the only column of a unique key, MUL for the first column of another. */
function keyWord(table: TableDefinition, column: string): string {
  const indexes = table.indexes.filter((index) => index.parts[0] !== undefined);
  const primary = indexes.find((index) => index.kind === 'primary');
  if (primary?.parts.some((part) => part.column === column) === true) return 'PRI';
  const leading = indexes.filter((index) => index.parts[0]?.column === column);
  const alone = leading.some((index) => index.kind === 'unique' && index.parts.length === 1);
  if (alone) return 'UNI';
  return leading.length > 0 ? 'MUL' : '';
}

function extra(column: ColumnDefinition): string {
  const words: string[] = [];
  if (column.autoIncrement) words.push('auto_increment');
  const computed =
    column.default.kind === 'currentTimestamp' || column.default.kind === 'expression';
  if (computed) words.push('DEFAULT_GENERATED');
  if (column.onUpdateCurrentTimestamp) {
    const fsp = 'fsp' in column.type && column.type.fsp > 0 ? `(${column.type.fsp})` : '';
    words.push(`on update CURRENT_TIMESTAMP${fsp}`);
  }
  if (column.generated !== undefined) {
    words.push(column.generated.stored ? 'STORED GENERATED' : 'VIRTUAL GENERATED');
  }
  return words.join(' ');
}

export const columnTables: readonly VirtualTable[] = [schemata, tables, columns];
