// CREATE TABLE: columns, keys, shard key, options, LIKE and AS SELECT.

import { databaseError } from '#shared/error.ts';
import type {
  CheckSyntax,
  ColumnListSyntax,
  ColumnSyntax,
  CreateTable,
  ForeignKeySyntax,
  IndexSyntax,
} from './ast-definition.ts';
import type { Query } from './ast-query.ts';
import { parseCheck, parseColumn } from './parse-column.ts';
import { parseKeyElement } from './parse-key.ts';
import { parseTableOptions } from './parse-table-options.ts';
import type { TokenReader } from './token-reader.ts';

interface Elements {
  readonly columns: ColumnSyntax[];
  readonly indexes: IndexSyntax[];
  readonly foreignKeys: ForeignKeySyntax[];
  readonly checks: CheckSyntax[];
  shardKey: ColumnListSyntax | null;
  sortKey: ColumnListSyntax | null;
}

/** What follows CREATE [REFERENCE | ROWSTORE | TEMPORARY] TABLE. */
export function parseCreateTable(
  reader: TokenReader,
  head: { at: number; reference: boolean; temporary: boolean },
): CreateTable {
  const ifNotExists = reader.acceptWords('if not exists');
  const table = reader.tableName();
  const elements: Elements = {
    columns: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    shardKey: null,
    sortKey: null,
  };
  const node = { kind: 'createTable', ...head, ifNotExists, table } as const;
  const like = parseLike(reader);
  if (like !== null) {
    return { ...node, ...elements, options: [], like, query: null, partitioned: false };
  }
  if (reader.isOperator('(') && !isQueryInParentheses(reader)) {
    reader.parenthesized(() => parseElement(reader, elements));
  }
  const options = parseTableOptions(reader);
  const partitioned = parsePartitionBy(reader);
  const query = parseAsQuery(reader);
  if (query === null && elements.columns.length === 0) throw reader.syntaxError();
  return { ...node, ...elements, options, like: null, query, partitioned };
}

function parseLike(reader: TokenReader): CreateTable['like'] {
  if (reader.acceptWord('like')) return reader.tableName();
  if (!reader.isOperator('(')) return null;
  const mark = reader.mark();
  reader.next();
  if (!reader.acceptWord('like')) {
    reader.reset(mark);
    return null;
  }
  const table = reader.tableName();
  reader.expectOperator(')');
  return table;
}

function isQueryInParentheses(reader: TokenReader): boolean {
  const mark = reader.mark();
  reader.next();
  const isQuery = reader.isQueryStart() || reader.isOperator('(');
  reader.reset(mark);
  return isQuery;
}

function parseElement(reader: TokenReader, elements: Elements): void {
  const special = parseShardOrSortKey(reader);
  if (special?.kind === 'shard') {
    if (elements.shardKey !== null) throw databaseError('multipleShardKeys', {});
    elements.shardKey = special.list;
    return;
  }
  if (special?.kind === 'sort') {
    elements.sortKey = special.list;
    return;
  }
  const key = parseKeyElement(reader);
  if (key?.kind === 'index') elements.indexes.push(key.index);
  else if (key?.kind === 'foreignKey') elements.foreignKeys.push(key.foreignKey);
  else if (reader.isWord('check') || reader.isWord('constraint')) {
    elements.checks.push(parseCheck(reader));
  } else elements.columns.push(parseColumn(reader));
}

/** SHARD KEY [name] (columns) or SORT KEY (columns); null when a column begins here. */
function parseShardOrSortKey(
  reader: TokenReader,
): { kind: 'shard' | 'sort'; list: ColumnListSyntax } | null {
  if (!reader.isWord('shard') && !reader.isWord('sort')) return null;
  const { at } = reader;
  const mark = reader.mark();
  const kind = reader.acceptWord('shard') ? 'shard' : 'sort';
  if (kind === 'sort') reader.acceptWord('sort');
  if (!reader.acceptWord('key')) {
    reader.reset(mark);
    return null;
  }
  if (reader.isName()) reader.name();
  reader.expectOperator('(');
  if (reader.acceptOperator(')')) return { kind, list: { at, columns: [] } };
  const columns = reader.list(() => {
    const name = reader.name();
    reader.acceptOneOf(['asc', 'desc'] as const);
    return name;
  });
  reader.expectOperator(')');
  return { kind, list: { at, columns } };
}

/** PARTITION BY … (MySQL's own): everything up to AS, SELECT or the end is skipped. */
function parsePartitionBy(reader: TokenReader): boolean {
  if (!reader.acceptWords('partition by')) return false;
  let depth = 0;
  while (!reader.isEnd() && reader.lexer.kind !== 'invalid') {
    if (depth === 0 && (reader.isWord('as') || reader.isWord('select'))) break;
    if (reader.isOperator('(')) depth++;
    if (reader.isOperator(')')) depth--;
    if (depth < 0) throw reader.syntaxError();
    reader.next();
  }
  if (depth !== 0) throw reader.syntaxError();
  return true;
}

function parseAsQuery(reader: TokenReader): Query | null {
  if (reader.acceptOneOf(['ignore', 'replace'] as const) !== null) {
    throw reader.unsupported('CREATE TABLE … IGNORE or REPLACE SELECT');
  }
  if (reader.acceptWord('as') || reader.isQueryStart() || reader.isOperator('(')) {
    return reader.parseQuery();
  }
  return null;
}
