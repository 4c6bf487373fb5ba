// FROM: tables, derived tables and joins.

import type { JoinKind, Query, TableReference } from './ast-query.ts';
import type { TokenReader } from './token-reader.ts';

/** Tables with commas between: each comma is a cross join. */
export function parseFrom(reader: TokenReader): TableReference {
  let left = parseJoined(reader);
  for (;;) {
    const { at } = reader;
    if (!reader.acceptOperator(',')) return left;
    const right = parseJoined(reader);
    reader.height++;
    left = { kind: 'join', at, join: 'cross', natural: false, left, right, on: null, using: null };
  }
}

function parseJoined(reader: TokenReader): TableReference {
  return parseJoins(reader, parseFactor(reader));
}

function parseJoins(reader: TokenReader, first: TableReference): TableReference {
  let left = first;
  for (;;) {
    const join = parseJoinWord(reader);
    if (join === null) return left;
    reader.height++;
    left = parseRightSide(reader, left, join);
  }
}

interface JoinWord {
  readonly at: number;
  readonly join: JoinKind;
  readonly natural: boolean;
}

function isJoinWord(reader: TokenReader): boolean {
  const { keyword } = reader.lexer;
  return ['join', 'inner', 'cross', 'left', 'right', 'natural', 'straight_join'].includes(keyword);
}

function parseJoinWord(reader: TokenReader): JoinWord | null {
  const { at } = reader;
  if (!isJoinWord(reader)) return null;
  if (reader.acceptWord('straight_join')) return { at, join: 'straight', natural: false };
  const natural = reader.acceptWord('natural');
  const side = reader.acceptOneOf(['left', 'right', 'inner', 'cross'] as const);
  if (natural && side === 'cross') throw reader.syntaxError();
  if (side === 'left' || side === 'right') reader.acceptWord('outer');
  reader.expectWord('join');
  return { at, join: side ?? 'inner', natural };
}

/** What stands right of JOIN, with its condition. */
function parseRightSide(reader: TokenReader, left: TableReference, word: JoinWord): TableReference {
  let right = parseFactor(reader);
  const node = { kind: 'join', ...word, left } as const;
  if (word.natural) return { ...node, right, on: null, using: null };
  // a JOIN b JOIN c ON x ON y: the inner pair comes first, as in a JOIN (b JOIN c ON x) ON y.
  const isPaired = isJoinWord(reader);
  if (isPaired) right = reader.nest(() => parseJoins(reader, right));
  if (reader.acceptWord('on')) {
    return { ...node, right, on: reader.parseExpression(), using: null };
  }
  if (reader.acceptWord('using')) {
    return { ...node, right, on: null, using: reader.parenthesized(() => reader.name()) };
  }
  if (word.join === 'left' || word.join === 'right') throw reader.syntaxError();
  const bare = { kind: 'join', ...word, on: null, using: null } as const;
  if (!isPaired) return { ...bare, left, right };
  return replaceFirst(right, (first) => ({ ...bare, left, right: first }));
}

/**
 * a JOIN b LEFT JOIN c ON x without a second condition is (a JOIN b) LEFT JOIN c ON x: the
 * table that comes first in the tree is replaced. A RIGHT JOIN keeps its left side together.
 */
function replaceFirst(
  tree: TableReference,
  replace: (first: TableReference) => TableReference,
): TableReference {
  if (tree.kind !== 'join' || tree.join === 'right') return replace(tree);
  return { ...tree, left: replaceFirst(tree.left, replace) };
}

/** What parentheses held: a query without an alias yet, or tables. */
type Parenthesized =
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'tables'; readonly tables: TableReference };

function parseFactor(reader: TokenReader): TableReference {
  const { at } = reader;
  if (reader.isOperator('(')) {
    const inner = reader.nest(parseParentheses);
    return inner.kind === 'tables' ? inner.tables : parseDerived(reader, at, inner.query);
  }
  if (reader.acceptWord('lateral')) {
    reader.expectOperator('(');
    const query = reader.parseQuery();
    reader.expectOperator(')');
    return { ...parseDerived(reader, at, query), lateral: true };
  }
  if (reader.isWord('json_table')) throw reader.unsupported('JSON_TABLE');
  const table = reader.tableName();
  if (reader.isWord('partition')) throw reader.unsupported('PARTITION (…) after a table');
  const alias = parseTableAlias(reader);
  parseIndexHints(reader);
  return { kind: 'table', ...table, alias };
}

function parseParentheses(reader: TokenReader): Parenthesized {
  const { at } = reader;
  reader.expectOperator('(');
  if (reader.isQueryStart()) {
    const query = reader.parseQuery();
    reader.expectOperator(')');
    return { kind: 'query', query };
  }
  let first: TableReference | null = null;
  if (reader.isOperator('(')) {
    const inner = reader.nest(parseParentheses);
    if (inner.kind === 'query' && !isAliasStart(reader)) {
      const query = reader.parseQueryRest(inner.query);
      reader.expectOperator(')');
      return { kind: 'query', query };
    }
    first = inner.kind === 'tables' ? inner.tables : parseDerived(reader, at, inner.query);
  }
  const tables = first === null ? parseFrom(reader) : parseFromRest(reader, first);
  reader.expectOperator(')');
  return { kind: 'tables', tables };
}

function parseFromRest(reader: TokenReader, first: TableReference): TableReference {
  const left = parseJoins(reader, first);
  const { at } = reader;
  if (!reader.acceptOperator(',')) return left;
  const right = parseFrom(reader);
  return { kind: 'join', at, join: 'cross', natural: false, left, right, on: null, using: null };
}

function isAliasStart(reader: TokenReader): boolean {
  return reader.isWord('as') || reader.isName();
}

function parseDerived(
  reader: TokenReader,
  at: number,
  query: Query,
): TableReference & { kind: 'derived' } {
  const alias = parseTableAlias(reader);
  if (alias === null) throw reader.derivedTableAlias();
  const columns = reader.isOperator('(') ? reader.parenthesized(() => reader.name()) : [];
  return { kind: 'derived', at, query, alias, columns, lateral: false };
}

/** [AS] name, or null. */
export function parseTableAlias(reader: TokenReader): string | null {
  if (reader.acceptWord('as')) return reader.name();
  return reader.isName() ? reader.name() : null;
}

/** USE, FORCE and IGNORE INDEX: SQLite chooses for itself. */
function parseIndexHints(reader: TokenReader): void {
  for (;;) {
    const { keyword } = reader.lexer;
    if (keyword !== 'use' && keyword !== 'force' && keyword !== 'ignore') return;
    reader.next();
    reader.expectOneOf(['index', 'key'] as const);
    if (reader.acceptWord('for')) {
      if (!reader.acceptWord('join')) {
        reader.expectOneOf(['order', 'group'] as const);
        reader.expectWord('by');
      }
    }
    reader.expectOperator('(');
    if (reader.acceptOperator(')')) continue;
    reader.list(() => (reader.acceptWord('primary') ? 'primary' : reader.name()));
    reader.expectOperator(')');
  }
}
