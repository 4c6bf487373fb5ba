// The table that a statement writes to: it must be there, be a real table, and take writes.

import type { TableName } from '#aggregator/parser/ast.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { existingTable } from '#aggregator/metadata/find-table.ts';
import type { ColumnDefinition, TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import { sameName, type ResolveEnvironment } from './resolve-environment.ts';

export interface WriteTarget {
  readonly database: DatabaseDefinition;
  readonly table: TableDefinition;
}

/**
 * Throws noDatabase, unknownDatabase, unknownTable, nonInsertableTable, databasePending or
 * readOnlySecondary.
 */
export function resolveTarget(name: TableName, environment: ResolveEnvironment): WriteTarget {
  const databaseName = name.database ?? environment.database;
  if (databaseName === null) throw databaseError('noDatabase', {});
  if (environment.virtualTables.isVirtualDatabase(databaseName)) {
    throw databaseError('unsupported', { what: `a write to ${databaseName}` });
  }
  const database = environment.catalog.database(databaseName);
  // A first copy that is on its way has no tables yet: what is wrong is that it is a secondary.
  requireWritable(database);
  const table = existingTable(database, name.table);
  if (table.view !== undefined) throw databaseError('nonInsertableTable', { name: table.name });
  return { database, table };
}

/** One that is made of a backup has its tables before it has their rows. */
export function refusePending({ name, state }: DatabaseDefinition): void {
  if (state === 'pending') throw databaseError('databasePending', { name });
}

/** A secondary takes its rows from its primary and from nobody else. */
export function requireWritable(database: DatabaseDefinition): void {
  if (database.role !== 'secondary') return refusePending(database);
  throw databaseError('readOnlySecondary', {
    database: database.name,
    primary: database.primaryUri,
  });
}

/** A column that a client may name. Throws unknownColumn. */
export function visibleColumn(table: TableDefinition, name: string): ColumnDefinition {
  const column = table.columns.find(
    (candidate) => !candidate.hidden && sameName(candidate.name, name),
  );
  if (column !== undefined) return column;
  throw databaseError('unknownColumn', { column: name, clause: 'field list' });
}

/** A column that a client may write. Throws unknownColumn and generatedColumn. */
export function writableColumn(table: TableDefinition, name: string): ColumnDefinition {
  const column = visibleColumn(table, name);
  if (column.generated !== undefined) {
    throw databaseError('generatedColumn', { column: column.name, table: table.name });
  }
  return column;
}
