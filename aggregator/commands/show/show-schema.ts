// SHOW of databases, tables, columns and keys, and of what makes them again.

import type { Accounts } from '#aggregator/metadata/accounts.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { existingTable } from '#aggregator/metadata/find-table.ts';
import { tableColumns, typeFields } from '#aggregator/metadata/information-schema/column-tables.ts';
import type { InformationSchema } from '#aggregator/metadata/information-schema.ts';
import { tableStatistics } from '#aggregator/metadata/information-schema/key-tables.ts';
import type { VirtualRow } from '#aggregator/metadata/information-schema/virtual-table.ts';
import { showCreateTable } from '#aggregator/metadata/show-create-table.ts';
import { showCreateView } from '#aggregator/metadata/show-create-view.ts';
import type { ShowWhat, TableName } from '#aggregator/parser/ast.ts';
import { nameText } from '#shared/sql/name-text.ts';
import type { Session } from '#aggregator/session.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { answer, type ShowAnswer } from './show-answer.ts';
import {
  columnsView,
  fullColumnsView,
  indexesView,
  tableStatusView,
  viewAnswer,
} from './show-views.ts';

export interface ShowParts {
  readonly schema: InformationSchema;
  readonly accounts: Accounts;
}

function databaseName(session: Session, written: string | null): string {
  const name = written ?? session.database;
  if (name === null) throw databaseError('noDatabase', {});
  return name;
}

function findDatabase(parts: ShowParts, session: Session, name: string): DatabaseDefinition {
  return parts.schema.scope(session).catalog.database(name);
}

interface FoundTable {
  readonly database: string;
  readonly table: TableDefinition;
}

/** Throws noDatabase, unknownDatabase or unknownTable. */
function findTable(parts: ShowParts, session: Session, name: TableName): FoundTable {
  const database = databaseName(session, name.database);
  return { database, table: existingTable(findDatabase(parts, session, database), name.table) };
}

export function showDatabases(parts: ShowParts, session: Session): ShowAnswer {
  const { databases } = parts.schema.scope(session);
  const own = databases.map((database) => database.name);
  const names = ['information_schema', 'performance_schema', ...own].toSorted();
  return answer(
    ['Database'],
    names.map((name) => [name]),
  );
}

export function showTables(
  parts: ShowParts,
  session: Session,
  what: Extract<ShowWhat, { kind: 'tables' }>,
): ShowAnswer {
  const name = databaseName(session, what.database);
  const virtual = parts.schema.isVirtualDatabase(name);
  const database = virtual ? null : findDatabase(parts, session, name);
  const rows =
    database === null
      ? parts.schema.tableNames(name).map((table) => [table, 'SYSTEM VIEW'])
      : parts.schema
          .scope(session)
          .tables(database)
          .map(({ name: table, view }) => [table, view === undefined ? 'BASE TABLE' : 'VIEW']);
  const header = `Tables_in_${name}`;
  if (what.full) return answer([header, 'Table_type'], rows);
  return answer(
    [header],
    rows.map((row) => row.slice(0, 1)),
  );
}

export async function showTableStatus(
  parts: ShowParts,
  session: Session,
  written: string | null,
): Promise<ShowAnswer> {
  const name = databaseName(session, written);
  if (!parts.schema.isVirtualDatabase(name)) findDatabase(parts, session, name);
  const rows = await parts.schema.read(parts.schema.table('TABLES'), session);
  return viewAnswer(
    tableStatusView,
    rows.filter((row) => row['TABLE_SCHEMA'] === name),
  );
}

/** Columns of a table of information_schema have a type and nothing else to tell. */
function virtualRows(parts: ShowParts, database: string, table: string): readonly VirtualRow[] {
  const columns = parts.schema.columns(database, table);
  if (columns === null) throw databaseError('unknownTable', { database, table });
  return columns.map((column) => ({
    COLUMN_NAME: column.name,
    IS_NULLABLE: column.nullable ? 'YES' : 'NO',
    ...typeFields(column.type),
    COLUMN_KEY: '',
    EXTRA: '',
    PRIVILEGES: 'select',
    COLUMN_COMMENT: '',
  }));
}

/** SHOW COLUMNS and DESCRIBE. */
export function showColumns(
  parts: ShowParts,
  session: Session,
  what: { readonly table: TableName; readonly full: boolean },
): ShowAnswer {
  const view = what.full ? fullColumnsView : columnsView;
  const name = databaseName(session, what.table.database);
  if (parts.schema.isVirtualDatabase(name)) {
    return viewAnswer(view, virtualRows(parts, name, what.table.table));
  }
  const { database, table } = findTable(parts, session, what.table);
  const scope = parts.schema.scope(session);
  const described = scope.described(session, scope.catalog.database(database), table);
  return viewAnswer(view, tableColumns(database, described));
}

export function showIndexes(parts: ShowParts, session: Session, name: TableName): ShowAnswer {
  const { database, table } = findTable(parts, session, name);
  return viewAnswer(indexesView, tableStatistics(database, table));
}

export async function showCreate(
  parts: ShowParts,
  session: Session,
  name: TableName,
): Promise<ShowAnswer> {
  const { database, table } = findTable(parts, session, name);
  const { view } = table;
  if (view !== undefined) return createViewAnswer({ ...table, view });
  const counts = table.columns.some((column) => column.autoIncrement);
  const scope = parts.schema.scope(session);
  const next = counts ? await scope.nextNumber(database, table.id) : null;
  return answer(['Table', ['Create Table', 'long']], [[table.name, showCreateTable(table, next)]]);
}

/** SHOW CREATE VIEW. Throws notView and unknownTable. */
export function showCreateOfView(parts: ShowParts, session: Session, name: TableName): ShowAnswer {
  const { database, table } = findTable(parts, session, name);
  const { view } = table;
  if (view === undefined) throw databaseError('notView', { database, table: table.name });
  return createViewAnswer({ ...table, view });
}

function createViewAnswer(view: Parameters<typeof showCreateView>[0]): ShowAnswer {
  const { characterSetClient, collationConnection } = view.view;
  return answer(
    ['View', ['Create View', 'long'], 'character_set_client', 'collation_connection'],
    [[view.name, showCreateView(view), characterSetClient, collationConnection]],
  );
}

export function showCreateDatabase(
  parts: ShowParts,
  session: Session,
  what: Extract<ShowWhat, { kind: 'createDatabase' }>,
): ShowAnswer {
  const { name, collation } = findDatabase(parts, session, what.name);
  const exists = what.ifNotExists ? '/*!32312 IF NOT EXISTS*/ ' : '';
  const text =
    `CREATE DATABASE ${exists}${nameText(name)} ` +
    `/*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE ${collation} */`;
  return answer(['Database', ['Create Database', 'long']], [[name, text]]);
}
