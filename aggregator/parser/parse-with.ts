// WITH [RECURSIVE] name (columns) AS (query), ….

import type { WithClause } from './ast-change.ts';
import type { CommonTable } from './ast-query.ts';
import type { TokenReader } from './token-reader.ts';

/** The clause before a query or a change; null when there is none. */
export function parseWithClause(reader: TokenReader): WithClause | null {
  const { at } = reader;
  if (!reader.acceptWord('with')) return null;
  const recursive = reader.acceptWord('recursive');
  return { at, recursive, tables: reader.list(() => parseCommonTable(reader)) };
}

function parseCommonTable(reader: TokenReader): CommonTable {
  const { at } = reader;
  const name = reader.name();
  const columns = reader.isOperator('(') ? reader.parenthesized(() => reader.name()) : [];
  reader.expectWord('as');
  reader.expectOperator('(');
  const query = reader.parseQuery();
  reader.expectOperator(')');
  return { at, name, columns, query };
}
