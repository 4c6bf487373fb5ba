// The door of the parser: MySQL text in, statements with their own source text out.

import { databaseError } from '#shared/error.ts';
import type { ExplainStatement, Statement } from './ast.ts';
import type { Expression } from './ast-query.ts';
import { Lexer, type LexerOptions, type TokenKind } from './lexer.ts';
import { parseAdministration, parseUnsupported } from './parse-administration.ts';
import { parseGrant, parseRevoke } from './parse-account.ts';
import { parseDelete, parseInsert, parseUpdate } from './parse-change.ts';
import {
  parseAlter,
  parseCreate,
  parseDrop,
  parseRename,
  parseTruncate,
} from './parse-definition.ts';
import { parseExpression as expression, parseOperand, parseTerm } from './parse-expression.ts';
import { parseLoad } from './parse-load.ts';
import { parseExplainReplication, parseReplicate, parseReplicating } from './parse-replication.ts';
import { parseQuery, parseQueryRest } from './parse-select.ts';
import { parseSet } from './parse-set.ts';
import { parseDescribeTable, parseShow } from './parse-show.ts';
import { parseBegin, parseEnd, parseSavepoint } from './parse-transaction.ts';
import { parseWithClause } from './parse-with.ts';
import { readAhead } from './read-ahead.ts';
import { TokenReader, type Grammar, type ParserOptions } from './token-reader.ts';

export type { ParserOptions } from './token-reader.ts';

/** A statement, the text it was written in, and how many `?` it has. */
export interface ParsedStatement {
  readonly statement: Statement;
  readonly text: string;
  readonly parameterCount: number;
}

/** MySQL 8.0's default sql_mode, as far as the parser is concerned. */
export const defaultParserOptions: ParserOptions = {
  ansiQuotes: false,
  noBackslashEscapes: false,
  pipesAsConcat: false,
  realAsFloat: false,
};

/** The parser's share of a sql_mode, whose names are in upper case. */
export function parserOptions(sqlMode: ReadonlySet<string>): ParserOptions {
  return {
    ansiQuotes: sqlMode.has('ANSI_QUOTES'),
    noBackslashEscapes: sqlMode.has('NO_BACKSLASH_ESCAPES'),
    pipesAsConcat: sqlMode.has('PIPES_AS_CONCAT'),
    realAsFloat: sqlMode.has('REAL_AS_FLOAT'),
  };
}

const grammar: Grammar = {
  expression,
  operand: parseOperand,
  term: parseTerm,
  query: parseQuery,
  queryRest: parseQueryRest,
};

/** A shorter text is parsed in one go: that takes a millisecond or two. */
export const LONG_TEXT_MIN = 16 * 1024;

/**
 * The statements of a text, separated by `;`, one at a time: what comes behind a statement is
 * not looked at before it is asked for, so that earlier statements run although a later one is
 * wrong. Amid `longMin` characters or more it yields null now and then, after 4 KiB or one item of
 * a list: others may have a turn. Throws syntax or unsupported; emptyQuery when there is no
 * statement at all.
 */
export function* stepStatements(
  source: string,
  options: ParserOptions = defaultParserOptions,
  longMin: number = LONG_TEXT_MIN,
): Generator<ParsedStatement | null, void, void> {
  const reader = new TokenReader(source, options, grammar);
  let textStart = 0;
  let isEmpty = true;
  for (;;) {
    if (reader.acceptOperator(';')) {
      textStart = reader.lastEnd;
      continue;
    }
    if (reader.lexer.kind === 'end') break;
    isEmpty = false;
    reader.beginStatement();
    if (source.length - reader.at >= longMin) yield* readAhead(reader);
    const statement = parseStatement(reader);
    if (!reader.isEnd()) throw reader.syntaxError();
    const text = source.slice(textStart, reader.at).trim();
    yield { statement, text, parameterCount: reader.parameterCount };
  }
  if (isEmpty) throw databaseError('emptyQuery', {});
}

/** All statements of a text. Throws syntax, unsupported or emptyQuery. */
export function parseStatements(
  source: string,
  options: ParserOptions = defaultParserOptions,
): ParsedStatement[] {
  const parsed: ParsedStatement[] = [];
  for (const step of stepStatements(source, options, Infinity)) {
    if (step !== null) parsed.push(step);
  }
  return parsed;
}

/** The one expression that the text is: a default, a generated column, a check. */
export function parseExpression(
  source: string,
  options: ParserOptions = defaultParserOptions,
): Expression {
  const reader = new TokenReader(source, options, grammar);
  reader.beginStatement();
  const parsed = reader.parseExpression();
  if (reader.lexer.kind !== 'end') throw reader.syntaxError();
  return parsed;
}

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** What it says, unescaped; an operator's own text. */
  readonly value: string;
}

/** Every token of a text, comments left out. */
export function tokenize(source: string, options: LexerOptions = defaultParserOptions): Token[] {
  const lexer = new Lexer(source, options);
  const tokens: Token[] = [];
  for (; lexer.kind !== 'end'; lexer.next()) {
    const { kind, start, end } = lexer;
    tokens.push({ kind, start, end, value: lexer.operator || lexer.value });
  }
  return tokens;
}

function parseStatement(reader: TokenReader): Statement {
  const rows = parseExplained(reader);
  if (rows !== null) return rows;
  const { lexer, at } = reader;
  if (lexer.kind !== 'word') throw reader.syntaxError();
  switch (lexer.keyword) {
    case 'set':
      return parseSet(reader);
    case 'show':
      return parseShow(reader);
    case 'begin':
    case 'start':
      return parseBegin(reader);
    case 'commit':
    case 'rollback':
      return parseEnd(reader);
    case 'savepoint':
    case 'release':
      return parseSavepoint(reader);
    case 'explain':
    case 'describe':
    case 'desc':
      return parseExplain(reader, at);
    default:
      return parseRareStatement(reader, at);
  }
}

/** WITH before a query, an UPDATE or a DELETE. */
function parseWith(reader: TokenReader): ExplainStatement['statement'] {
  const clause = parseWithClause(reader);
  if (reader.isWord('update')) return parseUpdate(reader, clause);
  if (reader.isWord('delete')) return parseDelete(reader, clause);
  const query = reader.parseQuery();
  return clause === null ? query : { kind: 'with', ...clause, query };
}

function parseRareStatement(reader: TokenReader, at: number): Statement {
  const { keyword } = reader.lexer;
  switch (keyword) {
    case 'create':
      return parseCreate(reader);
    case 'alter':
      return parseAlter(reader);
    case 'drop':
      return parseDrop(reader);
    case 'rename':
      return parseRename(reader);
    case 'truncate':
      return parseTruncate(reader);
    case 'grant':
      return parseGrant(reader);
    case 'revoke':
      return parseRevoke(reader);
    case 'load':
      return parseLoad(reader);
    case 'replicate':
      return parseReplicate(reader);
    case 'pause':
    case 'continue':
    case 'stop':
      return parseReplicating(reader);
    default:
      return parseAdministration(reader) ?? parseRefused(reader, at);
  }
}

/** Statements of SingleStore about nodes, refused by their first two words. */
const refusedOfNodes = new Set([
  'add',
  'aggregator',
  'attach',
  'bootstrap',
  'clear',
  'detach',
  'promote',
]);

/** Statements of MySQL that are refused by their first word. */
const refused = new Set(
  (
    'xa handler import install uninstall binlog change purge reset shutdown clone cache ' +
    'signal resignal restart'
  ).split(' '),
);

function parseRefused(reader: TokenReader, at: number): Statement {
  const { keyword } = reader.lexer;
  if (refusedOfNodes.has(keyword)) {
    reader.next();
    return parseUnsupported(reader, at, `${keyword} ${reader.anyWord()}`.toUpperCase());
  }
  if (!refused.has(keyword)) throw reader.syntaxError();
  return parseUnsupported(reader, at, keyword.toUpperCase());
}

/** EXPLAIN of a statement, or DESCRIBE of a table: the three words mean the same. */
function parseExplain(reader: TokenReader, at: number): Statement {
  reader.next();
  if (reader.acceptWords('for connection')) throw reader.unsupported('EXPLAIN FOR CONNECTION');
  if (reader.acceptWords('rebalance partitions')) {
    throw reader.unsupported('EXPLAIN REBALANCE PARTITIONS');
  }
  const replication = parseExplainReplication(reader, at);
  if (replication !== null) return replication;
  const mark = reader.mark();
  const analyze = reader.acceptWord('analyze');
  if (!analyze) reader.acceptOneOf(['extended', 'partitions'] as const);
  const format = parseFormat(reader);
  const statement = parseExplained(reader);
  if (statement !== null) return { kind: 'explain', at, format, analyze, statement };
  reader.reset(mark);
  return parseDescribeTable(reader, at);
}

function parseFormat(reader: TokenReader): ExplainStatement['format'] {
  const mark = reader.mark();
  if (reader.acceptWord('format') && reader.acceptOperator('=')) {
    const format = reader.nameOrString().toLowerCase();
    if (format === 'json' || format === 'tree' || format === 'traditional') return format;
    throw reader.unsupported(`EXPLAIN FORMAT=${format}`);
  }
  reader.reset(mark);
  return 'traditional';
}

/** A query or a change of rows: what EXPLAIN may stand before. Null for anything else. */
function parseExplained(reader: TokenReader): ExplainStatement['statement'] | null {
  if (reader.isOperator('(')) return reader.parseQuery();
  switch (reader.lexer.keyword) {
    case 'select':
    case 'values':
    case 'table':
      return reader.parseQuery();
    case 'with':
      return parseWith(reader);
    case 'insert':
    case 'replace':
      return parseInsert(reader);
    case 'update':
      return parseUpdate(reader, null);
    case 'delete':
      return parseDelete(reader, null);
    default:
      return null;
  }
}
