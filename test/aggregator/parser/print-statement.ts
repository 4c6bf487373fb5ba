// Statements back to MySQL text, which parses to the same tree: what the parser is held to.
//
// The text is for a session with MySQL's default sql_mode, where CONCAT() stands for the `concat`
// operator of PIPES_AS_CONCAT.

import type {
  DeleteStatement,
  InsertStatement,
  UpdateStatement,
} from '#aggregator/parser/ast-change.ts';
import type { DefinitionStatement } from '#aggregator/parser/ast-definition.ts';
import type { Query } from '#aggregator/parser/ast-query.ts';
import { expressionText } from '#aggregator/parser/print-expression.ts';
import { queryText } from '#aggregator/parser/print-query.ts';
import type { Printer } from '#aggregator/parser/print-text.ts';
import { deleteText, insertText, updateText } from './print-change.ts';
import { definitionText } from './print-definition.ts';

/** What can be printed. */
export type PrintableStatement =
  Query | InsertStatement | UpdateStatement | DeleteStatement | DefinitionStatement;

const printer: Printer = {
  expression: (expression) => expressionText(printer, expression),
  query: (query) => queryText(printer, query),
};

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
