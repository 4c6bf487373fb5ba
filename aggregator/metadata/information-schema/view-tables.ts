// VIEWS: what each view stands for.

import { hasPrivilege } from '#aggregator/metadata/privilege.ts';
import { tablesRead } from '#aggregator/metadata/statement-tables.ts';
import { printQuery } from '#aggregator/parser/print.ts';
import { mapSyntax } from '#aggregator/planner/map-syntax.ts';
import { parseViewQuery } from '#aggregator/planner/resolve-view.ts';
import type { ViewDefinition } from '#shared/cluster/table-definition.ts';
import { perTable } from './per-table.ts';
import { virtualColumns, type VirtualScope, type VirtualTable } from './virtual-table.ts';

const views: VirtualTable = {
  name: 'VIEWS',
  columns: virtualColumns(`
    TABLE_CATALOG name64
    TABLE_SCHEMA name64
    TABLE_NAME name64
    VIEW_DEFINITION long?
    CHECK_OPTION name64?
    IS_UPDATABLE yes?
    DEFINER text?
    SECURITY_TYPE name64?
    CHARACTER_SET_CLIENT name64
    COLLATION_CONNECTION name64`),
  rows: (scope) =>
    perTable(scope, ({ name: database }, { name, view }) => {
      if (view === undefined) return [];
      const { definer, checkOption, security, characterSetClient, collationConnection } = view;
      return [
        {
          TABLE_CATALOG: 'def',
          TABLE_SCHEMA: database,
          TABLE_NAME: name,
          VIEW_DEFINITION: mayShow(scope, database, name) ? qualified(view, database) : '',
          CHECK_OPTION: checkOption,
          IS_UPDATABLE: 'NO',
          DEFINER: `${definer.user}@${definer.host}`,
          SECURITY_TYPE: security,
          CHARACTER_SET_CLIENT: characterSetClient,
          COLLATION_CONNECTION: collationConnection,
        },
      ];
    }),
};

function mayShow({ account }: VirtualScope, database: string, table: string): boolean {
  return account !== null && hasPrivilege(account, 'SHOW VIEW', { database, table });
}

/** The query with the database of every table, as MySQL shows it here. */
function qualified(view: ViewDefinition, database: string): string {
  const query = parseViewQuery(view);
  const own = new Set<object>(tablesRead(query).filter((table) => table.database === null));
  return printQuery(mapSyntax(query, (node) => (own.has(node) ? { ...node, database } : null)));
}

export const viewTables: readonly VirtualTable[] = [views];
