// A table or view by its names, where it may well not be there.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { DatabaseError } from '#shared/error.ts';

/** Null where there is no such database, or no such table in it. */
export function findTable(
  catalog: Pick<CatalogReader, 'database'>,
  database: string,
  table: string,
): TableDefinition | null {
  try {
    return catalog.database(database).tables[table] ?? null;
  } catch (error) {
    if (error instanceof DatabaseError && error.is('unknownDatabase')) return null;
    throw error;
  }
}
