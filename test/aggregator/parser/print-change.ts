// INSERT, UPDATE and DELETE back to MySQL text.

import type {
  Assignment,
  DeleteStatement,
  InsertStatement,
  UpdateStatement,
} from '#aggregator/parser/ast-change.ts';
import { fromText, limitText, withText } from '#aggregator/parser/print-query.ts';
import { nameText } from '#shared/sql/name-text.ts';
import {
  nameListText,
  orderByText,
  tableNameText,
  words,
  type Printer,
} from '#aggregator/parser/print-text.ts';

/** The statement, with REPLACE, IGNORE and ON DUPLICATE KEY UPDATE as it had them. */
export function insertText(printer: Printer, insert: InsertStatement): string {
  const { columns, rowAlias, onDuplicate } = insert;
  const aliasColumns = rowAlias?.columns ?? [];
  return words(
    insert.replace ? 'REPLACE' : 'INSERT',
    insert.ignore && 'IGNORE',
    `INTO ${tableNameText(insert.table)}`,
    columns !== null && nameListText(columns),
    sourceText(printer, insert),
    rowAlias !== null && `AS ${nameText(rowAlias.name)}`,
    aliasColumns.length > 0 && nameListText(aliasColumns),
    onDuplicate.length > 0 && `ON DUPLICATE KEY UPDATE ${assignmentsText(printer, onDuplicate)}`,
  );
}

function sourceText(printer: Printer, insert: InsertStatement): string {
  const { source } = insert;
  if (source.kind === 'query') return printer.query(source.query);
  const rows = source.rows.map((row) => {
    return `(${row.map((value) => printer.expression(value)).join(', ')})`;
  });
  return `VALUES ${rows.join(', ')}`;
}

function assignmentsText(printer: Printer, assignments: readonly Assignment[]): string {
  const texts = assignments.map(({ column, value }) => {
    return `${printer.expression(column)} = ${printer.expression(value)}`;
  });
  return texts.join(', ');
}

export function updateText(printer: Printer, update: UpdateStatement): string {
  const { where } = update;
  return words(
    update.with !== null && withText(printer, update.with),
    'UPDATE',
    update.ignore && 'IGNORE',
    fromText(printer, update.from),
    `SET ${assignmentsText(printer, update.assignments)}`,
    where !== null && `WHERE ${printer.expression(where)}`,
    orderByText(printer, update.orderBy),
    limitText(printer, update.limit),
  );
}

export function deleteText(printer: Printer, statement: DeleteStatement): string {
  const { where, targets } = statement;
  return words(
    statement.with !== null && withText(printer, statement.with),
    'DELETE',
    statement.ignore && 'IGNORE',
    targets !== null && targets.map(tableNameText).join(', '),
    `FROM ${fromText(printer, statement.from)}`,
    where !== null && `WHERE ${printer.expression(where)}`,
    orderByText(printer, statement.orderBy),
    limitText(printer, statement.limit),
  );
}
