// A foreign key as MySQL text.

import { nameText } from '#shared/sql/name-text.ts';
import type { ForeignKeyDefinition } from './table-definition.ts';

/** As SHOW CREATE TABLE prints it. */
export function foreignKeyText(key: ForeignKeyDefinition): string {
  const columns = key.columns.map(nameText).join(', ');
  const referenced = key.referencedColumns.map(nameText).join(', ');
  const action = (word: string, value: string): string =>
    value === 'no action' ? '' : ` ON ${word} ${value.toUpperCase()}`;
  return (
    `CONSTRAINT ${nameText(key.name)} FOREIGN KEY (${columns}) ` +
    `REFERENCES ${nameText(key.referencedTable)} (${referenced})` +
    action('DELETE', key.onDelete) +
    action('UPDATE', key.onUpdate)
  );
}

/** As errors 1451 and 1452 name it; `table` is the one that has it. */
export function foreignKeyOf(database: string, table: string, key: ForeignKeyDefinition): string {
  return `${nameText(database)}.${nameText(table)}, ${foreignKeyText(key)}`;
}
