// INSERT, REPLACE, UPDATE and DELETE.

import { databaseError } from '#shared/error.ts';
import type {
  Assignment,
  DeleteStatement,
  InsertSource,
  InsertStatement,
  UpdateStatement,
  WithClause,
} from './ast-change.ts';
import type { Expression, TableName, TableReference } from './ast-query.ts';
import { parseFrom, parseTableAlias } from './parse-from.ts';
import { parseColumnName } from './parse-name.ts';
import { parseLimit } from './parse-select.ts';
import { parseOrderBy } from './parse-window.ts';
import type { TokenReader } from './token-reader.ts';

const priorities = ['low_priority', 'high_priority', 'delayed', 'quick'] as const;

/** Takes LOW_PRIORITY, IGNORE and their like; true when IGNORE is among them. */
function parseModifiers(reader: TokenReader): boolean {
  let ignore = false;
  for (;;) {
    if (reader.acceptWord('ignore')) ignore = true;
    else if (reader.acceptOneOf(priorities) === null) return ignore;
  }
}

/** INSERT or REPLACE, of which the first word is the current token. */
export function parseInsert(reader: TokenReader): InsertStatement {
  const { at } = reader;
  const replace = reader.expectOneOf(['insert', 'replace'] as const) === 'replace';
  const ignore = parseModifiers(reader);
  reader.acceptWord('into');
  const table = reader.tableName();
  if (reader.isWord('partition')) throw reader.unsupported('PARTITION (…) after a table');
  const node = { kind: 'insert', at, replace, ignore, table } as const;
  if (reader.acceptWord('set')) return parseInsertSet(reader, node);
  const columns = parseInsertColumns(reader);
  const source = parseInsertSource(reader);
  const rowAlias = source.kind === 'values' ? parseRowAlias(reader) : null;
  const onDuplicate = parseOnDuplicate(reader);
  return { ...node, columns, source, rowAlias, onDuplicate };
}

function parseInsertSet(
  reader: TokenReader,
  node: Pick<InsertStatement, 'kind' | 'at' | 'replace' | 'ignore' | 'table'>,
): InsertStatement {
  const assignments = reader.list(() => parseAssignment(reader));
  const columns = assignments.map((assignment) => assignment.column.column);
  const rows = [assignments.map((assignment) => assignment.value)];
  const rowAlias = parseRowAlias(reader);
  const onDuplicate = parseOnDuplicate(reader);
  return { ...node, columns, source: { kind: 'values', rows }, rowAlias, onDuplicate };
}

/** (a, b), or null; `(SELECT …` is not a column list. */
function parseInsertColumns(reader: TokenReader): string[] | null {
  if (!reader.isOperator('(')) return null;
  const mark = reader.mark();
  reader.next();
  if (reader.isQueryStart() || reader.isOperator('(')) {
    reader.reset(mark);
    return null;
  }
  if (reader.acceptOperator(')')) return [];
  const columns = reader.list(() => parseColumnName(reader).column);
  reader.expectOperator(')');
  return columns;
}

function parseInsertSource(reader: TokenReader): InsertSource {
  if (reader.isWord('values') || reader.isWord('value')) {
    const mark = reader.mark();
    reader.next();
    if (!reader.isWord('row')) {
      return { kind: 'values', rows: reader.longList(() => parseInsertRow(reader)) };
    }
    reader.reset(mark);
  }
  return { kind: 'query', query: reader.parseQuery() };
}

/** One row of VALUES. */
export function parseInsertRow(reader: TokenReader): Expression[] {
  reader.expectOperator('(');
  if (reader.acceptOperator(')')) return [];
  const row = reader.list(() => reader.parseExpression());
  reader.expectOperator(')');
  return row;
}

function parseRowAlias(reader: TokenReader): InsertStatement['rowAlias'] {
  if (!reader.acceptWord('as')) return null;
  const name = reader.name();
  const columns = reader.isOperator('(') ? reader.parenthesized(() => reader.name()) : [];
  return { name, columns };
}

function parseOnDuplicate(reader: TokenReader): Assignment[] {
  if (!reader.acceptWord('on')) return [];
  reader.expectWords('duplicate key update');
  return reader.list(() => parseAssignment(reader));
}

/** column = expression or DEFAULT. */
export function parseAssignment(reader: TokenReader): Assignment {
  const { at } = reader;
  const column = parseColumnName(reader);
  if (!reader.acceptOperator(':=')) reader.expectOperator('=');
  return { at, column, value: reader.parseExpression() };
}

/** UPDATE, whose WITH has been read. */
export function parseUpdate(reader: TokenReader, clause: WithClause | null): UpdateStatement {
  const { at } = reader;
  reader.expectWord('update');
  const ignore = parseModifiers(reader);
  const from = parseFrom(reader);
  reader.expectWord('set');
  const assignments = reader.list(() => parseAssignment(reader));
  const where = reader.acceptWord('where') ? reader.parseExpression() : null;
  const orderBy = parseOrderBy(reader);
  const limit = parseLimit(reader);
  if (from.kind === 'join' && (orderBy.length > 0 || limit !== null)) {
    const other = orderBy.length > 0 ? 'ORDER BY' : 'LIMIT';
    throw databaseError('wrongUsage', { first: 'UPDATE', second: other });
  }
  return { kind: 'update', at, ignore, with: clause, from, assignments, where, orderBy, limit };
}

/** DELETE, whose WITH has been read. */
export function parseDelete(reader: TokenReader, clause: WithClause | null): DeleteStatement {
  const { at } = reader;
  reader.expectWord('delete');
  const ignore = parseModifiers(reader);
  const tables = parseDeleteTables(reader);
  const where = reader.acceptWord('where') ? reader.parseExpression() : null;
  // Only the single-table form has an order and a limit.
  const isSingle = tables.targets === null;
  const orderBy = isSingle ? parseOrderBy(reader) : [];
  const limit = isSingle ? parseLimit(reader) : null;
  return { kind: 'delete', at, ignore, with: clause, ...tables, where, orderBy, limit };
}

/** `FROM t`, `FROM t1, t2 USING …`, or `t1, t2 FROM …`. */
function parseDeleteTables(reader: TokenReader): Pick<DeleteStatement, 'targets' | 'from'> {
  if (!reader.acceptWord('from')) {
    const targets = reader.list(() => parseTarget(reader));
    reader.expectWord('from');
    return { targets, from: parseFrom(reader) };
  }
  const first = parseTarget(reader);
  if (reader.isOperator(',') || reader.isWord('using')) {
    const targets = [first];
    while (reader.acceptOperator(',')) targets.push(parseTarget(reader));
    reader.expectWord('using');
    return { targets, from: parseFrom(reader) };
  }
  if (reader.isWord('partition')) throw reader.unsupported('PARTITION (…) after a table');
  const from: TableReference = { kind: 'table', ...first, alias: parseTableAlias(reader) };
  return { targets: null, from };
}

/** t, db.t, and the `.*` that older clients put behind it. */
function parseTarget(reader: TokenReader): TableName {
  const { at } = reader;
  const first = reader.name();
  if (!reader.acceptOperator('.')) return { at, database: null, table: first };
  if (reader.acceptOperator('*')) return { at, database: null, table: first };
  const table = reader.nameAfterDot();
  if (reader.acceptOperator('.')) reader.expectOperator('*');
  return { at, database: first, table };
}
