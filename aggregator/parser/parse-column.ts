// A column of CREATE or ALTER TABLE: its type is read elsewhere, its attributes here.

import type {
  CheckSyntax,
  ColumnSyntax,
  IndexPartSyntax,
  ReferenceAction,
  ReferenceClause,
  SourceExpression,
} from './ast-definition.ts';

import { parseTypeName } from './parse-type-name.ts';
import { printExpression } from './print.ts';
import type { TokenReader } from './token-reader.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** name type attributes. */
export function parseColumn(reader: TokenReader): ColumnSyntax {
  const { at } = reader;
  const name = reader.name();
  return parseColumnRest(reader, at, name);
}

/** The type and attributes of a column whose name has been read. */
function parseColumnRest(reader: TokenReader, at: number, name: string): ColumnSyntax {
  const isSerial = reader.isWord('serial');
  const column: Mutable<ColumnSyntax> & { checks: CheckSyntax[] } = {
    at,
    name,
    type: parseTypeName(reader),
    nullable: isSerial ? false : null,
    default: null,
    autoIncrement: isSerial,
    onUpdateCurrentTimestamp: false,
    key: isSerial ? 'unique' : null,
    comment: '',
    generated: null,
    checks: [],
    references: null,
  };
  while (parseAttribute(reader, column)) continue;
  return column;
}

function parseAttribute(
  reader: TokenReader,
  column: Mutable<ColumnSyntax> & { checks: CheckSyntax[] },
): boolean {
  const { keyword } = reader.lexer;
  switch (keyword) {
    case 'not':
      reader.next();
      if (reader.acceptWord('secondary')) return true;
      reader.expectWord('null');
      column.nullable = false;
      return true;
    case 'null':
      reader.next();
      column.nullable = true;
      return true;
    case 'default':
      reader.next();
      column.default = parseDefault(reader);
      return true;
    case 'auto_increment':
      reader.next();
      column.autoIncrement = true;
      return true;
    case 'on':
      reader.next();
      reader.expectWord('update');
      parseCurrentTimestamp(reader);
      column.onUpdateCurrentTimestamp = true;
      return true;
    case 'unique':
      reader.next();
      reader.acceptWord('key');
      column.key ??= 'unique';
      return true;
    case 'primary':
      reader.next();
      reader.expectWord('key');
      column.key = 'primary';
      return true;
    case 'key':
      reader.next();
      column.key = 'primary';
      return true;
    case 'comment':
      reader.next();
      column.comment = reader.string();
      return true;
    default:
      return parseRareAttribute(reader, column);
  }
}

function parseRareAttribute(
  reader: TokenReader,
  column: Mutable<ColumnSyntax> & { checks: CheckSyntax[] },
): boolean {
  const { keyword } = reader.lexer;
  switch (keyword) {
    case 'collate':
      reader.next();
      column.type = { ...column.type, collation: reader.charsetName() };
      return true;
    case 'generated':
    case 'as':
      if (reader.acceptWord('generated')) reader.expectWord('always');
      reader.expectWord('as');
      column.generated = parseGenerated(reader);
      return true;
    case 'references':
      column.references = parseReferences(reader);
      return true;
    case 'constraint':
    case 'check':
      column.checks.push(parseCheck(reader));
      return true;
    case 'column_format':
    case 'storage':
      reader.next();
      reader.anyWord();
      return true;
    case 'visible':
      reader.next();
      return true;
    case 'invisible':
      throw reader.unsupported('INVISIBLE columns');
    case 'serial':
      reader.next();
      reader.expectWords('default value');
      column.nullable = false;
      column.autoIncrement = true;
      column.key ??= 'unique';
      return true;
    case 'srid':
      reader.next();
      reader.integer();
      return true;
    default:
      return false;
  }
}

/** A literal, CURRENT_TIMESTAMP, or an expression in parentheses. */
export function parseDefault(reader: TokenReader): SourceExpression {
  return parseSource(reader, () => reader.parseTerm());
}

function parseSource(
  reader: TokenReader,
  rule: () => SourceExpression['expression'],
): SourceExpression {
  const { at } = reader;
  const expression = rule();
  const { ansiQuotes, noBackslashEscapes, pipesAsConcat, realAsFloat } = reader.options;
  const isUsual = !(ansiQuotes || noBackslashEscapes || pipesAsConcat || realAsFloat);
  const source = reader.lexer.source.slice(at, reader.lastEnd);
  return { at, expression, text: isUsual ? source : printExpression(expression) };
}

/** (expression), whose text is kept without the parentheses. */
function parseParenthesizedSource(reader: TokenReader): SourceExpression {
  reader.expectOperator('(');
  const source = parseSource(reader, () => reader.parseExpression());
  reader.expectOperator(')');
  return source;
}

function parseCurrentTimestamp(reader: TokenReader): void {
  reader.expectOneOf(['current_timestamp', 'now', 'localtime', 'localtimestamp'] as const);
  if (!reader.acceptOperator('(')) return;
  if (reader.acceptOperator(')')) return;
  reader.integer();
  reader.expectOperator(')');
}

function parseGenerated(reader: TokenReader): NonNullable<ColumnSyntax['generated']> {
  const source = parseParenthesizedSource(reader);
  const stored = reader.acceptOneOf(['stored', 'virtual', 'persistent'] as const);
  return { ...source, stored: stored === 'stored' || stored === 'persistent' };
}

/** [CONSTRAINT [name]] CHECK (condition) [[NOT] ENFORCED]. */
export function parseCheck(reader: TokenReader): CheckSyntax {
  const { at } = reader;
  let name: string | null = null;
  if (reader.acceptWord('constraint') && !reader.isWord('check')) name = reader.name();
  reader.expectWord('check');
  const expression = parseParenthesizedSource(reader);
  const isNot = reader.acceptWords('not enforced');
  if (!isNot) reader.acceptWord('enforced');
  return { at, name, expression, enforced: !isNot };
}

/** REFERENCES table (columns) [MATCH …] [ON DELETE …] [ON UPDATE …]. */
export function parseReferences(reader: TokenReader): ReferenceClause {
  const { at } = reader;
  reader.expectWord('references');
  const table = reader.tableName();
  const columns = reader.isOperator('(') ? reader.parenthesized(() => reader.name()) : [];
  let onDelete: ReferenceAction | null = null;
  let onUpdate: ReferenceAction | null = null;
  for (;;) {
    if (reader.acceptWord('match')) reader.expectOneOf(['full', 'partial', 'simple'] as const);
    else if (reader.acceptWords('on delete')) onDelete = parseReferenceAction(reader);
    else if (reader.acceptWords('on update')) onUpdate = parseReferenceAction(reader);
    else return { at, table, columns, onDelete, onUpdate };
  }
}

function parseReferenceAction(reader: TokenReader): ReferenceAction {
  if (reader.acceptWord('set')) {
    return reader.expectOneOf(['null', 'default'] as const) === 'null' ? 'set null' : 'set default';
  }
  if (reader.acceptWord('no')) {
    reader.expectWord('action');
    return 'no action';
  }
  return reader.expectOneOf(['restrict', 'cascade'] as const);
}

/** column [(length)] [ASC | DESC], or (expression). */
export function parseIndexPart(reader: TokenReader): IndexPartSyntax {
  const { at } = reader;
  if (reader.isOperator('(')) {
    const expression = parseParenthesizedSource(reader);
    return { kind: 'expression', at, expression, descending: parseDirection(reader) };
  }
  const column = reader.name();
  let prefixLength: number | null = null;
  if (reader.acceptOperator('(')) {
    prefixLength = reader.integer();
    reader.expectOperator(')');
  }
  return { kind: 'column', at, column, prefixLength, descending: parseDirection(reader) };
}

function parseDirection(reader: TokenReader): boolean {
  if (reader.acceptWord('desc')) return true;
  reader.acceptWord('asc');
  return false;
}
