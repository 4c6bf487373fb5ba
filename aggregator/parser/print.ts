// The door of the printers: queries, row changes and definitions back to MySQL text.
//
// The text parses to the same tree. It is for a session with MySQL's default sql_mode, except
// that a `concat` operator needs PIPES_AS_CONCAT.

import type { Expression, Query } from './ast-query.ts';
import type { DeleteStatement, InsertStatement, UpdateStatement } from './ast-change.ts';
import type { DefinitionStatement } from './ast-definition.ts';
import { deleteText, insertText, updateText } from './print-change.ts';
import { definitionText } from './print-definition.ts';
import { expressionText } from './print-expression.ts';
import { queryText } from './print-query.ts';
import type { Printer } from './print-text.ts';

/** What can be printed. */
export type PrintableStatement =
  Query | InsertStatement | UpdateStatement | DeleteStatement | DefinitionStatement;

const printer: Printer = {
  expression: (expression) => expressionText(printer, expression),
  query: (query) => queryText(printer, query),
};

export function printExpression(expression: Expression): string {
  return printer.expression(expression);
}

export function printQuery(query: Query): string {
  return printer.query(query);
}

export function printStatement(statement: PrintableStatement): string {
  switch (statement.kind) {
    case 'select':
    case 'setOperation':
    case 'with':
    case 'values':
      return printer.query(statement);
    case 'insert':
      return insertText(printer, statement);
    case 'update':
      return updateText(printer, statement);
    case 'delete':
      return deleteText(printer, statement);
    default:
      return definitionText(printer, statement);
  }
}
