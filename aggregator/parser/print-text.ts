// Names, strings and lists as MySQL text: what all printers share.

import { nameText } from '#shared/sql/name-text.ts';
import type { Expression, OrderItem, Query, TableName } from './ast-query.ts';

/** The two printers that all others lead back to. */
export interface Printer {
  expression(expression: Expression): string;
  query(query: Query): string;
}

/** A quoted literal, for a session without NO_BACKSLASH_ESCAPES. */
export function stringText(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

export function tableNameText(name: Pick<TableName, 'database' | 'table'>): string {
  return name.database === null
    ? nameText(name.table)
    : `${nameText(name.database)}.${nameText(name.table)}`;
}

/** `(a, b)` of names. */
export function nameListText(names: readonly string[]): string {
  return `(${names.map(nameText).join(', ')})`;
}

/** The parts that are not empty, with single spaces between. */
export function words(...parts: readonly (string | false | null)[]): string {
  return parts.filter((part) => part !== false && part !== null && part !== '').join(' ');
}

/** `ORDER BY a, b DESC`, or ''. */
export function orderByText(printer: Printer, items: readonly OrderItem[]): string {
  if (items.length === 0) return '';
  const texts = items.map((item) => {
    return words(printer.expression(item.expression), item.descending && 'DESC');
  });
  return `ORDER BY ${texts.join(', ')}`;
}
