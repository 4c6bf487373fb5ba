// Tables of information_schema about what does not exist here: asked by tools, always empty.

import { virtualColumns, type VirtualTable } from './virtual-table.ts';

function empty(name: string, columns: string): VirtualTable {
  return { name, columns: virtualColumns(columns), rows: () => [] };
}

export const emptyTables: readonly VirtualTable[] = [
  empty(
    'ROUTINES',
    `SPECIFIC_NAME name64
     ROUTINE_CATALOG name64
     ROUTINE_SCHEMA name64
     ROUTINE_NAME name64
     ROUTINE_TYPE name64
     DATA_TYPE long?
     CHARACTER_MAXIMUM_LENGTH number?
     NUMERIC_PRECISION count?
     NUMERIC_SCALE count?
     DTD_IDENTIFIER long?
     ROUTINE_BODY name64
     ROUTINE_DEFINITION long?
     EXTERNAL_NAME number?
     EXTERNAL_LANGUAGE name64
     PARAMETER_STYLE name64
     IS_DETERMINISTIC yes
     SQL_DATA_ACCESS name64
     SQL_PATH text?
     SECURITY_TYPE name64
     CREATED moment
     LAST_ALTERED moment
     SQL_MODE text
     ROUTINE_COMMENT text
     DEFINER text
     CHARACTER_SET_CLIENT name64
     COLLATION_CONNECTION name64
     DATABASE_COLLATION name64`,
  ),
  empty(
    'PARAMETERS',
    `SPECIFIC_CATALOG name64
     SPECIFIC_SCHEMA name64
     SPECIFIC_NAME name64
     ORDINAL_POSITION count
     PARAMETER_MODE name64?
     PARAMETER_NAME name64?
     DATA_TYPE long?
     CHARACTER_MAXIMUM_LENGTH number?
     NUMERIC_PRECISION count?
     NUMERIC_SCALE number?
     DTD_IDENTIFIER text
     ROUTINE_TYPE name64`,
  ),
  empty(
    'TRIGGERS',
    `TRIGGER_CATALOG name64
     TRIGGER_SCHEMA name64
     TRIGGER_NAME name64
     EVENT_MANIPULATION name64
     EVENT_OBJECT_CATALOG name64
     EVENT_OBJECT_SCHEMA name64
     EVENT_OBJECT_TABLE name64
     ACTION_ORDER count
     ACTION_CONDITION long?
     ACTION_STATEMENT long
     ACTION_ORIENTATION name64
     ACTION_TIMING name64
     CREATED moment?
     SQL_MODE text
     DEFINER text
     CHARACTER_SET_CLIENT name64
     COLLATION_CONNECTION name64
     DATABASE_COLLATION name64`,
  ),
  empty(
    'EVENTS',
    `EVENT_CATALOG name64
     EVENT_SCHEMA name64
     EVENT_NAME name64
     DEFINER text
     TIME_ZONE name64
     EVENT_BODY name64
     EVENT_DEFINITION long
     EVENT_TYPE name64
     EXECUTE_AT moment?
     INTERVAL_VALUE text?
     INTERVAL_FIELD name64?
     SQL_MODE text
     STARTS moment?
     ENDS moment?
     STATUS name64
     ON_COMPLETION name64
     CREATED moment
     LAST_ALTERED moment
     LAST_EXECUTED moment?
     EVENT_COMMENT text
     ORIGINATOR count
     CHARACTER_SET_CLIENT name64
     COLLATION_CONNECTION name64
     DATABASE_COLLATION name64`,
  ),
  empty(
    'PARTITIONS',
    `TABLE_CATALOG name64
     TABLE_SCHEMA name64
     TABLE_NAME name64
     PARTITION_NAME name64?
     SUBPARTITION_NAME name64?
     PARTITION_ORDINAL_POSITION count?
     PARTITION_METHOD name64?
     PARTITION_EXPRESSION text?
     PARTITION_DESCRIPTION text?
     TABLE_ROWS count?
     PARTITION_COMMENT text`,
  ),
  empty(
    'FILES',
    `FILE_ID number?
     FILE_NAME text?
     FILE_TYPE name64?
     TABLESPACE_NAME text
     LOGFILE_GROUP_NAME text?
     LOGFILE_GROUP_NUMBER number?
     ENGINE name64
     TOTAL_EXTENTS number?
     INITIAL_SIZE number?
     EXTENT_SIZE number?
     STATUS name64?
     EXTRA text?`,
  ),
  empty(
    'COLUMN_PRIVILEGES',
    `GRANTEE text
     TABLE_CATALOG name64
     TABLE_SCHEMA name64
     TABLE_NAME name64
     COLUMN_NAME name64
     PRIVILEGE_TYPE name64
     IS_GRANTABLE yes`,
  ),
  empty(
    'COLUMN_STATISTICS',
    'SCHEMA_NAME name64\nTABLE_NAME name64\nCOLUMN_NAME name64\nHISTOGRAM long',
  ),
  empty(
    'PROFILING',
    `QUERY_ID number
     SEQ number
     STATE name64
     DURATION double`,
  ),
  empty(
    'VIEW_TABLE_USAGE',
    `VIEW_CATALOG name64
     VIEW_SCHEMA name64
     VIEW_NAME name64
     TABLE_CATALOG name64
     TABLE_SCHEMA name64
     TABLE_NAME name64`,
  ),
  empty(
    'VIEW_ROUTINE_USAGE',
    `TABLE_CATALOG name64
     TABLE_SCHEMA name64
     TABLE_NAME name64
     SPECIFIC_CATALOG name64
     SPECIFIC_SCHEMA name64
     SPECIFIC_NAME name64`,
  ),
  empty(
    'ENABLED_ROLES',
    `ROLE_NAME text?
     ROLE_HOST text?
     IS_DEFAULT yes?
     IS_MANDATORY yes`,
  ),
  ...['APPLICABLE_ROLES', 'ADMINISTRABLE_ROLE_AUTHORIZATIONS'].map((name) =>
    empty(
      name,
      `USER text?
       HOST text?
       GRANTEE text?
       GRANTEE_HOST text?
       ROLE_NAME text?
       ROLE_HOST text?
       IS_GRANTABLE yes
       IS_DEFAULT yes?
       IS_MANDATORY yes`,
    ),
  ),
];
