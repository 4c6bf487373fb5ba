// The columns of a view as they are now: its tables may have been altered since it was made.

import { columnOfResult } from '#aggregator/metadata/column-of-result.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type {
  ColumnDefinition,
  TableDefinition,
  ViewDefinition,
} from '#shared/cluster/table-definition.ts';
import { DatabaseError } from '#shared/error.ts';
import { outputColumns } from './resolve-from.ts';
import type { ResolveEnvironment } from './resolve-environment.ts';
import { resolveQuery } from './resolve-query.ts';
import { parseViewQuery, viewEnvironment } from './resolve-view.ts';

/** A view of tables that are gone keeps the columns that it was made with. */
export function describeView(
  reader: ResolveEnvironment,
  database: DatabaseDefinition,
  table: TableDefinition,
): TableDefinition {
  const { view, name } = table;
  if (view === undefined) return table;
  try {
    const columns = viewOutput(reader, database, { name, view });
    const names = table.columns.map((column) => column.name);
    return { ...table, columns: viewColumns(columns, names, reader) };
  } catch (error) {
    if (error instanceof DatabaseError) return table;
    throw error;
  }
}

/** The columns that the query of a view answers now. Throws what resolving it throws. */
export function viewOutput(
  reader: ResolveEnvironment,
  database: DatabaseDefinition,
  table: Pick<TableDefinition, 'name'> & { readonly view: ViewDefinition },
): readonly ResultColumn[] {
  const environment = viewEnvironment(reader, database, table);
  return outputColumns(resolveQuery(parseViewQuery(table.view), environment));
}

/** The columns of a query as a view has them, by these names. */
export function viewColumns(
  columns: readonly ResultColumn[],
  names: readonly string[],
  { catalog }: Pick<ResolveEnvironment, 'catalog'>,
): readonly ColumnDefinition[] {
  return columns.map((column, i) => ({
    ...columnOfResult(catalog, column),
    name: names[i] ?? column.name,
    onUpdateCurrentTimestamp: false,
  }));
}
