// What operators work on: literals, names, variables, parentheses, CASE, and calls.

import type { Expression } from './ast-query.ts';
import { digitBytes } from './digit-bytes.ts';
import { parseCall, parseOver, parseSpecialCall } from './parse-call.ts';
import { parseColumnName, parseStringLiteral } from './parse-name.ts';
import { introducerCharset, isReservedWord } from './reserved-words.ts';
import type { TokenReader } from './token-reader.ts';

/** One operand, without the operators around it. */
export function parsePrimary(reader: TokenReader): Expression {
  const { at, lexer } = reader;
  const { kind, value } = lexer;
  switch (kind) {
    case 'integer':
    case 'decimal':
    case 'double':
      reader.next();
      return { kind, at, text: value };
    case 'string':
    case 'nationalString':
      return parseStringLiteral(reader, kind === 'string' ? null : 'utf8mb4');
    case 'hex':
    case 'bit':
      reader.next();
      return { kind, at, bytes: digitBytes(value, kind), charset: null };
    case 'parameter':
      reader.next();
      return { kind, at, index: reader.takeParameterIndex() };
    case 'userVariable':
      return parseUserVariable(reader);
    case 'quoted':
      return parseNameOrQualifiedCall(reader);
    case 'word':
      return parseWord(reader);
    case 'operator':
      return parseSymbol(reader);
    default:
      throw reader.syntaxError();
  }
}

function parseUserVariable(reader: TokenReader): Expression {
  const { at, lexer } = reader;
  const name = lexer.value.toLowerCase();
  reader.next();
  if (!reader.acceptOperator(':=')) return { kind: 'userVariable', at, name };
  return { kind: 'assignment', at, name, value: reader.parseExpression() };
}

function parseSymbol(reader: TokenReader): Expression {
  const { at, lexer } = reader;
  switch (lexer.operator) {
    case '(':
      return parseParentheses(reader);
    case '@@':
      reader.next();
      return parseSystemVariable(reader, at);
    case '.':
      return parseName(reader);
    case '{':
      return parseEscape(reader);
    default:
      throw reader.syntaxError();
  }
}

/** ODBC's `{d '2024-01-01'}`, `{ts '…'}`, `{fn expression}`. */
function parseEscape(reader: TokenReader): Expression {
  reader.next();
  const { at } = reader;
  const word = reader.anyWord();
  const types = { d: 'date', t: 'time', ts: 'timestamp' } as const;
  let expression: Expression;
  if (word === 'd' || word === 't' || word === 'ts') {
    expression = { kind: 'temporal', at, type: types[word], text: reader.string() };
  } else expression = reader.parseExpression();
  reader.expectOperator('}');
  return expression;
}

/** A value, a row, or a subquery. */
function parseParentheses(reader: TokenReader): Expression {
  const { at } = reader;
  reader.next();
  if (reader.isQueryStart()) {
    const query = reader.parseQuery();
    reader.expectOperator(')');
    return { kind: 'scalarQuery', at, query };
  }
  const first = reader.parseExpression();
  if (first.kind === 'scalarQuery' && !reader.isOperator(',')) {
    const query = reader.parseQueryRest(first.query);
    reader.expectOperator(')');
    return { kind: 'scalarQuery', at, query };
  }
  if (reader.acceptOperator(')')) return first;
  const items = [first];
  while (reader.acceptOperator(',')) items.push(reader.parseExpression());
  reader.expectOperator(')');
  if (items.length === 1) throw reader.syntaxError();
  return { kind: 'row', at, items };
}

/** What follows `@@`: [GLOBAL. | SESSION. | LOCAL.] name. */
function parseSystemVariable(reader: TokenReader, at: number): Expression {
  const first = reader.nameAfterDot().toLowerCase();
  if (!reader.acceptOperator('.')) return { kind: 'systemVariable', at, scope: null, name: first };
  const name = reader.nameAfterDot().toLowerCase();
  if (first === 'global') return { kind: 'systemVariable', at, scope: 'global', name };
  if (first === 'session' || first === 'local') {
    return { kind: 'systemVariable', at, scope: 'session', name };
  }
  return { kind: 'systemVariable', at, scope: null, name: `${first}.${name}` };
}

/** column, table.column, database.table.column, and -> behind it. */
function parseName(reader: TokenReader): Expression {
  const column = parseColumnName(reader);
  const { at } = reader;
  const unquote = reader.isOperator('->>');
  if (!unquote && !reader.isOperator('->')) return column;
  reader.next();
  return { kind: 'jsonExtract', at, operand: column, path: reader.string(), unquote };
}

function parseWord(reader: TokenReader): Expression {
  const { at, lexer } = reader;
  const { keyword } = lexer;
  switch (keyword) {
    case 'null':
      reader.next();
      return { kind: 'null', at };
    case 'true':
    case 'false':
      reader.next();
      return { kind: 'boolean', at, value: keyword === 'true' };
    case 'case':
      return parseCase(reader);
    case 'exists':
      return parseExists(reader);
    case 'date':
    case 'time':
    case 'timestamp': {
      const temporal = parseTemporal(reader, keyword);
      if (temporal !== null) return temporal;
      break;
    }
    default:
      break;
  }
  const literal = parseIntroducedLiteral(reader);
  if (literal !== null) return literal;
  const special = parseSpecialCall(reader);
  if (special !== null) return special;
  if (lexer.isBeforeParenthesis()) return parseCall(reader);
  if (isReservedWord(keyword)) throw reader.syntaxError();
  if (lexer.isBeforeDot()) return parseNameOrQualifiedCall(reader);
  return parseName(reader);
}

/** DATE'2024-01-01'; null when the word is a name or a function. */
function parseTemporal(
  reader: TokenReader,
  type: 'date' | 'time' | 'timestamp',
): Expression | null {
  const mark = reader.mark();
  const { at } = reader;
  reader.next();
  if (reader.lexer.kind === 'string') {
    return { kind: 'temporal', at, type, text: reader.string() };
  }
  reader.reset(mark);
  return null;
}

/** _utf8mb4'text', _binary x'41'; null when the word is no introducer. */
function parseIntroducedLiteral(reader: TokenReader): Expression | null {
  const { at, lexer } = reader;
  const charset = introducerCharset(lexer.keyword);
  if (charset === null) return null;
  const mark = reader.mark();
  reader.next();
  const { kind, value } = lexer;
  if (kind === 'string') return { ...parseStringLiteral(reader, charset), at };
  if (kind === 'hex' || kind === 'bit') {
    reader.next();
    return { kind, at, bytes: digitBytes(value, kind), charset };
  }
  reader.reset(mark);
  return null;
}

/** A function of a database, `db.f(1)`, is a stored function: its name keeps the database. */
function parseNameOrQualifiedCall(reader: TokenReader): Expression {
  const name = parseName(reader);
  if (name.kind !== 'column' || name.database !== null || !reader.isOperator('(')) return name;
  reader.next();
  const list = reader.isOperator(')') ? [] : reader.list(() => reader.parseExpression());
  reader.expectOperator(')');
  const { at, table, column } = name;
  const callee = table === null ? column.toLowerCase() : `${table}.${column}`;
  return parseOver(reader, { kind: 'call', at, name: callee, arguments: list });
}

function parseExists(reader: TokenReader): Expression {
  const { at } = reader;
  reader.next();
  reader.expectOperator('(');
  const query = reader.parseQuery();
  reader.expectOperator(')');
  return { kind: 'exists', at, query };
}

function parseCase(reader: TokenReader): Expression {
  const { at } = reader;
  reader.next();
  const operand = reader.isWord('when') ? null : reader.parseExpression();
  const branches: { when: Expression; then: Expression }[] = [];
  reader.expectWord('when');
  do {
    const when = reader.parseExpression();
    reader.expectWord('then');
    branches.push({ when, then: reader.parseExpression() });
  } while (reader.acceptWord('when'));
  const otherwise = reader.acceptWord('else') ? reader.parseExpression() : null;
  reader.expectWord('end');
  return { kind: 'case', at, operand, branches, otherwise };
}
