// The door of the printers: a query, or an expression with the queries in it, to MySQL text.
//
// The text parses to the same tree under MySQL's default sql_mode, except that CONCAT() stands for
// the `concat` operator of PIPES_AS_CONCAT.

import type { Expression, Query } from './ast-query.ts';
import { expressionText } from './print-expression.ts';
import { queryText } from './print-query.ts';
import type { Printer } from './print-text.ts';

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
