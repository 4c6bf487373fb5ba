// A view as the CREATE VIEW that makes it again, in MySQL's own layout.

import { nameText } from '#shared/sql/name-text.ts';
import type { TableDefinition, ViewDefinition } from '#shared/cluster/table-definition.ts';

type View = Pick<TableDefinition, 'name' | 'columns'> & { readonly view: ViewDefinition };

/** Names that stand in the view's own database are not qualified. */
export function showCreateView({ name, columns, view }: View): string {
  const { algorithm, security, query, listed, checkOption } = view;
  const names = columns.map((column) => nameText(column.name)).join(',');
  const list = listed ? ` (${names})` : '';
  const check = checkOption === 'NONE' ? '' : ` WITH ${checkOption} CHECK OPTION`;
  return (
    `CREATE ALGORITHM=${algorithm} DEFINER=${definerText(view)} SQL SECURITY ${security} ` +
    `VIEW ${nameText(name)}${list} AS ${query}${check}`
  );
}

function definerText({ definer }: ViewDefinition): string {
  return `${nameText(definer.user)}@${nameText(definer.host)}`;
}
