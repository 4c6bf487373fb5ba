// A table or view by its names, where it may well not be there.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { DatabaseDefinition } from './database-definition.ts';

/** The database's table or view of that name. */
export function tableNamed(
  { tables }: Pick<DatabaseDefinition, 'tables'>,
  name: string,
): TableDefinition | undefined {
  // What any object inherits, such as `constructor`, is no table.
  return Object.hasOwn(tables, name) ? tables[name] : undefined;
}

/** The same where it must be there. Throws unknownTable. */
export function existingTable(
  database: Pick<DatabaseDefinition, 'name' | 'tables'>,
  name: string,
): TableDefinition {
  const table = tableNamed(database, name);
  if (table !== undefined) return table;
  throw databaseError('unknownTable', { database: database.name, table: name });
}

/** Null where there is no such database, or no such table in it. */
export function findTable(
  catalog: Pick<CatalogReader, 'database'>,
  database: string,
  table: string,
): TableDefinition | null {
  try {
    return tableNamed(catalog.database(database), table) ?? null;
  } catch (error) {
    if (error instanceof DatabaseError && error.is('unknownDatabase')) return null;
    throw error;
  }
}
