// Goes through all the tables that a session may see, with pauses: a cluster may have thousands.

import { Breather } from '#aggregator/breather.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { VirtualRow, VirtualScope } from './virtual-table.ts';

type Rows = readonly VirtualRow[];

/** Every table that the scope may see, with its rows. Rejects with queryInterrupted. */
export async function perTable(
  scope: VirtualScope,
  rowsOf: (database: DatabaseDefinition, table: TableDefinition) => Rows | Promise<Rows>,
): Promise<Rows> {
  const breather = new Breather(scope.clock, scope.session.signal);
  const rows: VirtualRow[] = [];
  for (const database of scope.databases) {
    for (const table of scope.tables(database)) {
      rows.push(...(await rowsOf(database, table)));
      if (breather.isDue) await breather.pause();
    }
  }
  return rows;
}
