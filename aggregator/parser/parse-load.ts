// LOAD DATA LOCAL INFILE.

import type { UnsupportedStatement } from './ast-administration.ts';
import type { LoadDataStatement, LoadFormat, LoadTarget } from './ast-change.ts';
import { parseUnsupported } from './parse-administration.ts';
import { parseAssignment } from './parse-change.ts';
import type { TokenReader } from './token-reader.ts';

/** LOAD DATA, whose first word is the current token. */
export function parseLoad(reader: TokenReader): LoadDataStatement | UnsupportedStatement {
  const { at } = reader;
  reader.next();
  if (reader.isWord('xml')) return parseUnsupported(reader, at, 'LOAD XML');
  reader.expectWord('data');
  reader.acceptOneOf(['low_priority', 'concurrent'] as const);
  // The server reads no files of its machine for clients.
  if (!reader.acceptWord('local')) {
    return parseUnsupported(reader, at, 'LOAD DATA INFILE without LOCAL');
  }
  reader.expectWord('infile');
  const file = reader.string();
  // LOCAL takes rows that are in the way as IGNORE does, whether that is written or not.
  const replace = reader.acceptOneOf(['replace', 'ignore'] as const) === 'replace';
  reader.expectWords('into table');
  const table = reader.tableName();
  if (reader.isWord('partition')) throw reader.unsupported('PARTITION (…) after a table');
  const charset = parseCharset(reader);
  const format = parseFormat(reader);
  const ignoreLines = parseIgnoreLines(reader);
  const targets = reader.isOperator('(') ? reader.parenthesized(() => parseTarget(reader)) : null;
  const assignments = reader.acceptWord('set') ? reader.list(() => parseAssignment(reader)) : [];
  return {
    kind: 'loadData',
    at,
    ...{ file, replace, table, charset, format, ignoreLines, targets, assignments },
  };
}

function parseCharset(reader: TokenReader): string | null {
  const isNamed = reader.acceptWords('character set') || reader.acceptWord('charset');
  return isNamed ? reader.charsetName() : null;
}

function parseFormat(reader: TokenReader): LoadFormat {
  let fieldsTerminatedBy = '\t';
  let enclosedBy = '';
  let escapedBy = '\\';
  let linesStartingBy = '';
  let linesTerminatedBy = '\n';
  if (reader.acceptOneOf(['fields', 'columns'] as const) !== null) {
    for (;;) {
      if (reader.acceptWords('terminated by')) fieldsTerminatedBy = reader.string();
      else if (reader.acceptWords('escaped by')) escapedBy = character(reader);
      else if (reader.acceptWords('optionally enclosed by')) enclosedBy = character(reader);
      else if (reader.acceptWords('enclosed by')) enclosedBy = character(reader);
      else break;
    }
  }
  if (reader.acceptWord('lines')) {
    for (;;) {
      if (reader.acceptWords('terminated by')) linesTerminatedBy = reader.string();
      else if (reader.acceptWords('starting by')) linesStartingBy = reader.string();
      else break;
    }
  }
  if (fieldsTerminatedBy === '' || linesTerminatedBy === '') {
    throw reader.unsupported('LOAD DATA with fields or lines that nothing ends');
  }
  return { fieldsTerminatedBy, enclosedBy, escapedBy, linesStartingBy, linesTerminatedBy };
}

/** One byte, or none. */
function character(reader: TokenReader): string {
  const text = reader.string();
  if (Buffer.byteLength(text) > 1) throw reader.unsupported('ENCLOSED or ESCAPED BY several bytes');
  return text;
}

function parseIgnoreLines(reader: TokenReader): number {
  if (!reader.acceptWord('ignore')) return 0;
  const count = reader.integer();
  reader.expectOneOf(['lines', 'rows'] as const);
  return count;
}

function parseTarget(reader: TokenReader): LoadTarget {
  const { lexer } = reader;
  if (lexer.kind !== 'userVariable') return { kind: 'column', name: reader.name() };
  const name = lexer.value;
  reader.next();
  return { kind: 'userVariable', name };
}
