// Would foreign keys act where changes are made once more, which hold what they did already?

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { readChangeset } from '#shared/log/changeset.ts';

/**
 * True where a row that another may refer to is deleted, or may have got another number. In a
 * changeset no update changes the primary key: that is a delete and an insert.
 */
export function firesActions(
  changes: Uint8Array,
  tables: ReadonlyMap<string, TableDefinition>,
): boolean {
  if (changes.length === 0) return false;
  const referenced = new Set<string>();
  const referencedElsewhere = new Set<string>();
  for (const { foreignKeys } of tables.values()) {
    for (const { referencedTable, referencedColumns } of foreignKeys) {
      const name = referencedTable.toLowerCase();
      referenced.add(name);
      const primary = tables.get(referencedTable)?.indexes.find(({ kind }) => kind === 'primary');
      const key = new Set(primary?.parts.map(({ column }) => column));
      if (!referencedColumns.every((column) => key.has(column))) referencedElsewhere.add(name);
    }
  }
  for (const { table, operation } of readChangeset(changes)) {
    const acting = operation === 'delete' ? referenced : referencedElsewhere;
    if (operation !== 'insert' && acting.has(table.toLowerCase())) return true;
  }
  return false;
}
