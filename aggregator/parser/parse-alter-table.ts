// ALTER TABLE: its actions, one after another.

import type { AlterAction, AlterTable, ColumnPosition, TableOption } from './ast-definition.ts';
import { parseCheck, parseColumn, parseDefault } from './parse-column.ts';
import { parseKeyElement } from './parse-key.ts';
import { parseTableOption } from './parse-table-options.ts';
import type { TokenReader } from './token-reader.ts';

/** What follows ALTER TABLE. */
export function parseAlterTable(reader: TokenReader, at: number): AlterTable {
  const table = reader.tableName();
  const actions: AlterAction[] = [];
  if (!reader.isEnd()) {
    do actions.push(...parseAction(reader));
    while (reader.acceptOperator(','));
  }
  return { kind: 'alterTable', at, table, actions };
}

function parseAction(reader: TokenReader): AlterAction[] {
  const { at, lexer } = reader;
  switch (lexer.keyword) {
    case 'add':
      reader.next();
      return parseAdd(reader, at);
    case 'drop':
      reader.next();
      return [parseDrop(reader, at)];
    case 'modify': {
      reader.next();
      reader.acceptWord('column');
      const column = parseColumn(reader);
      const position = parsePosition(reader);
      return [{ kind: 'changeColumn', at, name: column.name, column, position }];
    }
    case 'change': {
      reader.next();
      reader.acceptWord('column');
      const name = reader.name();
      const column = parseColumn(reader);
      return [{ kind: 'changeColumn', at, name, column, position: parsePosition(reader) }];
    }
    case 'rename':
      reader.next();
      return [parseRename(reader, at)];
    case 'alter':
      reader.next();
      return [parseAlterColumn(reader, at)];
    default:
      return [parseRareAction(reader, at)];
  }
}

const partitionWords: ReadonlySet<string> = new Set([
  'partition',
  'remove',
  'truncate',
  'coalesce',
  'reorganize',
  'exchange',
  'analyze',
  'optimize',
  'rebuild',
  'repair',
  'check',
]);

function parseSortColumn(reader: TokenReader): void {
  reader.name();
  reader.acceptOneOf(['asc', 'desc'] as const);
}

/** After ORDER BY a, the word behind a comma is a further column, or the next action. */
function isSortColumnNext(reader: TokenReader): boolean {
  if (!reader.isOperator(',')) return false;
  const mark = reader.mark();
  reader.next();
  const isColumn = reader.isName() && !actionWords.has(reader.lexer.keyword);
  reader.reset(mark);
  return isColumn;
}

/** Words that begin an action and could be column names as well. */
const actionWords: ReadonlySet<string> = new Set(
  'modify enable disable algorithm force engine comment auto_increment'.split(' '),
);

function parseRareAction(reader: TokenReader, at: number): AlterAction {
  const start = reader.lexer.start;
  const text = () => reader.lexer.source.slice(start, reader.lastEnd);
  if (reader.acceptWord('convert')) {
    reader.expectWord('to');
    if (!reader.acceptWord('charset')) {
      reader.expectOneOf(['character', 'char'] as const);
      reader.expectWord('set');
    }
    const charset = reader.charsetName();
    const collation = reader.acceptWord('collate') ? reader.charsetName() : null;
    return { kind: 'convertCharset', at, charset, collation };
  }
  if (reader.acceptOneOf(['enable', 'disable'] as const) !== null) {
    reader.expectWord('keys');
    return { kind: 'hint', at, text: text() };
  }
  if (reader.acceptOneOf(['algorithm', 'lock'] as const) !== null) {
    reader.acceptOperator('=');
    reader.anyWord();
    return { kind: 'hint', at, text: text() };
  }
  if (reader.acceptWord('force')) return { kind: 'hint', at, text: text() };
  if (reader.acceptWord('order')) {
    reader.expectWord('by');
    parseSortColumn(reader);
    while (isSortColumnNext(reader)) {
      reader.next();
      parseSortColumn(reader);
    }
    return { kind: 'hint', at, text: text() };
  }
  if (partitionWords.has(reader.lexer.keyword)) {
    throw reader.unsupported('ALTER TABLE on MySQL partitions');
  }
  if (reader.isWord('secondary_load') || reader.isWord('secondary_unload')) {
    throw reader.unsupported('ALTER TABLE … SECONDARY_LOAD');
  }
  if (reader.acceptOneOf(['with', 'without'] as const) !== null) {
    reader.expectWord('validation');
    return { kind: 'hint', at, text: text() };
  }
  if (reader.isWord('discard') || reader.isWord('import')) {
    throw reader.unsupported('ALTER TABLE … TABLESPACE');
  }
  return { kind: 'options', at, options: parseOptions(reader) };
}

function parseOptions(reader: TokenReader): TableOption[] {
  const options: TableOption[] = [];
  for (;;) {
    const option = parseTableOption(reader);
    if (option === null) break;
    options.push(option);
  }
  if (options.length === 0) throw reader.syntaxError();
  return options;
}

function parseAdd(reader: TokenReader, at: number): AlterAction[] {
  if (reader.isWord('partition')) throw reader.unsupported('ALTER TABLE on MySQL partitions');
  const isColumn = reader.acceptWord('column');
  if (reader.isOperator('(')) {
    return reader.parenthesized(() => parseAddElement(reader));
  }
  const element = isColumn ? addColumn(reader) : parseAddElement(reader);
  if (element.kind !== 'addColumn') return [{ ...element, at }];
  return [{ ...element, at, position: parsePosition(reader) }];
}

/** One of ADD (a INT, KEY (a), CHECK (a > 1)). */
function parseAddElement(reader: TokenReader): AlterAction {
  const { at } = reader;
  const key = parseKeyElement(reader);
  if (key?.kind === 'index') return { kind: 'addIndex', at, index: key.index };
  if (key !== null) return { kind: 'addForeignKey', at, foreignKey: key.foreignKey };
  if (reader.isWord('check') || reader.isWord('constraint')) {
    return { kind: 'addCheck', at, check: parseCheck(reader) };
  }
  return addColumn(reader);
}

function addColumn(reader: TokenReader): AlterAction {
  const column = parseColumn(reader);
  return { kind: 'addColumn', at: column.at, column, position: null };
}

function parsePosition(reader: TokenReader): ColumnPosition | null {
  if (reader.acceptWord('first')) return { kind: 'first' };
  if (reader.acceptWord('after')) return { kind: 'after', column: reader.name() };
  return null;
}

function parseDrop(reader: TokenReader, at: number): AlterAction {
  if (reader.acceptWords('primary key')) return { kind: 'dropPrimaryKey', at };
  if (reader.acceptWords('foreign key')) {
    return { kind: 'dropForeignKey', at, name: reader.name() };
  }
  if (reader.acceptOneOf(['index', 'key'] as const) !== null) {
    if (reader.acceptWord('primary')) return { kind: 'dropPrimaryKey', at };
    return { kind: 'dropIndex', at, name: reader.name() };
  }
  if (reader.acceptWord('check')) return { kind: 'dropCheck', at, name: reader.name() };
  if (reader.acceptWord('constraint')) return { kind: 'dropConstraint', at, name: reader.name() };
  if (reader.isWord('partition')) throw reader.unsupported('ALTER TABLE on MySQL partitions');
  reader.acceptWord('column');
  const column = reader.name();
  reader.acceptOneOf(['restrict', 'cascade'] as const);
  return { kind: 'dropColumn', at, column };
}

function parseRename(reader: TokenReader, at: number): AlterAction {
  if (reader.acceptWord('column')) {
    const from = reader.name();
    reader.expectWord('to');
    return { kind: 'renameColumn', at, from, to: reader.name() };
  }
  if (reader.acceptOneOf(['index', 'key'] as const) !== null) {
    const from = reader.name();
    reader.expectWord('to');
    return { kind: 'renameIndex', at, from, to: reader.name() };
  }
  if (!reader.acceptOperator('=')) reader.acceptOneOf(['to', 'as'] as const);
  return { kind: 'rename', at, to: reader.tableName() };
}

/** ALTER [COLUMN] name SET DEFAULT …, DROP DEFAULT. */
function parseAlterColumn(reader: TokenReader, at: number): AlterAction {
  if (reader.isWord('index')) throw reader.unsupported('ALTER INDEX … INVISIBLE');
  if (reader.isWord('check') || reader.isWord('constraint')) {
    throw reader.unsupported('ALTER CHECK … ENFORCED');
  }
  reader.acceptWord('column');
  const column = reader.name();
  if (reader.acceptWords('drop default')) return { kind: 'setDefault', at, column, default: null };
  reader.expectWord('set');
  if (reader.isWord('visible') || reader.isWord('invisible')) {
    throw reader.unsupported('INVISIBLE columns');
  }
  reader.expectWord('default');
  return { kind: 'setDefault', at, column, default: parseDefault(reader) };
}
