// Function calls: plain ones, aggregates, windows, and those with a syntax of their own.

import type {
  AggregateExpression,
  AggregateName,
  CallExpression,
  Expression,
  IntervalUnit,
  OrderItem,
} from './ast-query.ts';
import { parseCastType } from './parse-cast-type.ts';
import { parseColumnName, parseIntervalUnit } from './parse-name.ts';
import { parseOrderItem, parseWindow } from './parse-window.ts';
import { isFunctionWord } from './reserved-words.ts';
import type { TokenReader } from './token-reader.ts';

const aggregateNames: ReadonlyMap<string, AggregateName> = new Map([
  ['count', 'count'],
  ['sum', 'sum'],
  ['avg', 'avg'],
  ['min', 'min'],
  ['max', 'max'],
  ['group_concat', 'group_concat'],
  ['bit_and', 'bit_and'],
  ['bit_or', 'bit_or'],
  ['bit_xor', 'bit_xor'],
  ['std', 'std'],
  ['stddev', 'std'],
  ['stddev_pop', 'std'],
  ['stddev_samp', 'stddev_samp'],
  ['variance', 'variance'],
  ['var_pop', 'variance'],
  ['var_samp', 'var_samp'],
  ['any_value', 'any_value'],
  ['json_arrayagg', 'json_arrayagg'],
  ['json_objectagg', 'json_objectagg'],
]);

/** Functions that are called without parentheses too. */
const bareFunctions: ReadonlySet<string> = new Set(
  (
    'current_user current_date current_time current_timestamp localtime localtimestamp ' +
    'utc_date utc_time utc_timestamp'
  ).split(' '),
);

/** name(arguments), with OVER behind it. The current token is the name. */
export function parseCall(reader: TokenReader): Expression {
  const { at, lexer } = reader;
  const name = lexer.keyword;
  if (!isFunctionWord(name)) throw reader.syntaxError();
  reader.next();
  reader.expectOperator('(');
  const aggregate = aggregateNames.get(name);
  if (aggregate !== undefined) return parseOver(reader, parseAggregate(reader, at, aggregate));
  return parseOver(reader, { kind: 'call', at, name, arguments: parseArguments(reader) });
}

function parseArguments(reader: TokenReader): Expression[] {
  if (reader.acceptOperator(')')) return [];
  const list = reader.list(() => reader.parseExpression());
  reader.expectOperator(')');
  return list;
}

/** What follows `COUNT(`. */
function parseAggregate(reader: TokenReader, at: number, name: AggregateName): AggregateExpression {
  const plain = { kind: 'aggregate', at, name, orderBy: [], separator: ',' } as const;
  if (name === 'count' && reader.acceptOperator('*')) {
    reader.expectOperator(')');
    return { ...plain, distinct: false, arguments: [] };
  }
  const distinct = parseDistinct(reader, name);
  const list = [reader.parseExpression()];
  const most = argumentsMax(name, distinct);
  while (list.length < most && reader.acceptOperator(',')) list.push(reader.parseExpression());
  let orderBy: OrderItem[] = [];
  let separator = ',';
  if (name === 'group_concat') {
    if (reader.acceptWords('order by')) orderBy = reader.list(() => parseOrderItem(reader));
    if (reader.acceptWord('separator')) separator = reader.string();
  }
  reader.expectOperator(')');
  return { ...plain, distinct, arguments: list, orderBy, separator };
}

/** Aggregates that take DISTINCT. */
const distinctAggregates: ReadonlySet<AggregateName> = new Set<AggregateName>([
  'count',
  'sum',
  'avg',
  'min',
  'max',
  'group_concat',
]);

function parseDistinct(reader: TokenReader, name: AggregateName): boolean {
  let distinct = false;
  if (distinctAggregates.has(name)) {
    distinct = reader.acceptOneOf(['distinct', 'distinctrow'] as const) !== null;
  }
  reader.acceptWord('all');
  return distinct;
}

function argumentsMax(name: AggregateName, distinct: boolean): number {
  if (name === 'group_concat' || (name === 'count' && distinct)) return Infinity;
  return name === 'json_objectagg' ? 2 : 1;
}

/** The call, or the window that OVER makes of it. */
export function parseOver(
  reader: TokenReader,
  called: CallExpression | AggregateExpression,
): Expression {
  if (reader.isWord('ignore') && reader.acceptWords('ignore nulls')) {
    throw reader.unsupported('IGNORE NULLS');
  }
  reader.acceptWords('respect nulls');
  if (!reader.isWord('over')) return called;
  const { at } = called;
  reader.next();
  if (!reader.isOperator('(')) {
    const over = { at: reader.at, base: reader.name(), partitionBy: [], orderBy: [], frame: null };
    return { kind: 'window', at, function: called, over };
  }
  return { kind: 'window', at, function: called, over: parseWindow(reader) };
}

type SpecialRule = (reader: TokenReader, at: number) => Expression;

/** Rules that begin behind `name(`; the closing parenthesis is taken after them. */
const specialRules: ReadonlyMap<string, SpecialRule> = new Map<string, SpecialRule>([
  ['cast', parseCast],
  ['convert', parseConvert],
  ['extract', parseExtract],
  ['trim', parseTrim],
  ['substring', parseSubstring],
  ['substr', parseSubstring],
  ['mid', parseSubstring],
  ['position', parsePosition],
  ['date_add', (reader, at) => parseDateAdd(reader, at, { operator: '+', days: false })],
  ['date_sub', (reader, at) => parseDateAdd(reader, at, { operator: '-', days: false })],
  ['adddate', (reader, at) => parseDateAdd(reader, at, { operator: '+', days: true })],
  ['subdate', (reader, at) => parseDateAdd(reader, at, { operator: '-', days: true })],
  ['timestampadd', parseTimestampAdd],
  ['timestampdiff', parseTimestampDiff],
  ['get_format', parseGetFormat],
  ['char', parseChar],
  ['values', (reader) => parseInsertedValue(reader)],
]);

/** A call with a syntax of its own; null when the current word begins none. */
export function parseSpecialCall(reader: TokenReader): Expression | null {
  const { at, lexer } = reader;
  const { keyword } = lexer;
  const rule = specialRules.get(keyword);
  if (rule !== undefined && lexer.isBeforeParenthesis()) {
    reader.next();
    reader.next();
    const call = rule(reader, at);
    reader.expectOperator(')');
    return call;
  }
  switch (keyword) {
    case 'interval':
      return parseInterval(reader, at);
    case 'row':
      if (!lexer.isBeforeParenthesis()) return null;
      reader.next();
      return parseRow(reader, at);
    case 'match':
      return parseMatch(reader, at);
    case 'default':
      return parseDefault(reader, at);
    default:
      if (!bareFunctions.has(keyword) || lexer.isBeforeParenthesis()) return null;
      reader.next();
      return { kind: 'call', at, name: keyword, arguments: [] };
  }
}

function parseRow(reader: TokenReader, at: number): Expression {
  const items = reader.parenthesized(() => reader.parseExpression());
  if (items.length === 1) throw reader.syntaxErrorAt(reader.lastEnd - 1);
  return { kind: 'row', at, items };
}

function parseCast(reader: TokenReader, at: number): Expression {
  const operand = reader.parseExpression();
  if (reader.acceptWords('at time zone')) throw reader.unsupported('AT TIME ZONE');
  reader.expectWord('as');
  const type = parseCastType(reader);
  if (reader.acceptWord('array')) throw reader.unsupported('CAST AS ARRAY');
  return { kind: 'cast', at, operand, type };
}

function parseConvert(reader: TokenReader, at: number): Expression {
  const operand = reader.parseExpression();
  if (reader.acceptWord('using')) {
    return { kind: 'convertUsing', at, operand, charset: reader.charsetName() };
  }
  reader.expectOperator(',');
  return { kind: 'cast', at, operand, type: parseCastType(reader) };
}

function parseExtract(reader: TokenReader, at: number): Expression {
  const unit = parseIntervalUnit(reader);
  reader.expectWord('from');
  return { kind: 'extract', at, unit, operand: reader.parseExpression() };
}

function parseTrim(reader: TokenReader, at: number): Expression {
  const written = reader.acceptOneOf(['both', 'leading', 'trailing'] as const);
  const side = written ?? 'both';
  if (written !== null && reader.acceptWord('from')) {
    return { kind: 'trim', at, side, remove: null, operand: reader.parseExpression() };
  }
  const first = reader.parseExpression();
  if (reader.acceptWord('from')) {
    return { kind: 'trim', at, side, remove: first, operand: reader.parseExpression() };
  }
  if (written !== null) throw reader.syntaxError();
  return { kind: 'trim', at, side, remove: null, operand: first };
}

function parseSubstring(reader: TokenReader, at: number): Expression {
  const list = [reader.parseExpression()];
  if (reader.acceptWord('from')) {
    list.push(reader.parseExpression());
    if (reader.acceptWord('for')) list.push(reader.parseExpression());
  } else {
    while (reader.acceptOperator(',')) list.push(reader.parseExpression());
  }
  return { kind: 'call', at, name: 'substring', arguments: list };
}

function parsePosition(reader: TokenReader, at: number): Expression {
  const part = reader.parseOperand();
  reader.expectWord('in');
  return { kind: 'call', at, name: 'locate', arguments: [part, reader.parseExpression()] };
}

/** DATE_ADD(x, INTERVAL n unit); with `days` a plain number counts days: ADDDATE(x, n). */
function parseDateAdd(
  reader: TokenReader,
  at: number,
  { operator, days }: { operator: '+' | '-'; days: boolean },
): Expression {
  const operand = reader.parseExpression();
  reader.expectOperator(',');
  const interval = reader.acceptWord('interval');
  if (!interval && !days) throw reader.syntaxError();
  const amount = reader.parseExpression();
  const unit = interval ? parseIntervalUnit(reader) : 'day';
  return { kind: 'dateArithmetic', at, operator, operand, amount, unit };
}

/** A unit of one part: no DAY_HOUR. */
function parseSimpleUnit(reader: TokenReader): IntervalUnit {
  const { at } = reader;
  const unit = parseIntervalUnit(reader);
  if (unit.includes('_')) throw reader.syntaxErrorAt(at);
  return unit;
}

function parseTimestampAdd(reader: TokenReader, at: number): Expression {
  const unit = parseSimpleUnit(reader);
  reader.expectOperator(',');
  const amount = reader.parseExpression();
  reader.expectOperator(',');
  const operand = reader.parseExpression();
  return { kind: 'dateArithmetic', at, operator: '+', operand, amount, unit };
}

function parseTimestampDiff(reader: TokenReader, at: number): Expression {
  const unit = parseSimpleUnit(reader);
  reader.expectOperator(',');
  const from = reader.parseExpression();
  reader.expectOperator(',');
  return { kind: 'timestampDiff', at, unit, from, to: reader.parseExpression() };
}

/** GET_FORMAT(DATE, 'USA'): the first argument becomes a string. */
function parseGetFormat(reader: TokenReader, at: number): Expression {
  const type = reader.expectOneOf(['date', 'time', 'datetime', 'timestamp'] as const);
  const first: Expression = { kind: 'string', at, value: type, charset: null };
  reader.expectOperator(',');
  return {
    kind: 'call',
    at,
    name: 'get_format',
    arguments: [first, reader.parseExpression()],
  };
}

function parseChar(reader: TokenReader, at: number): Expression {
  const list = reader.list(() => reader.parseExpression());
  const charset = reader.acceptWord('using') ? reader.charsetName() : null;
  return { kind: 'char', at, arguments: list, charset };
}

function parseInsertedValue(reader: TokenReader): Expression {
  const { at, column } = parseColumnName(reader);
  return { kind: 'insertedValue', at, column };
}

/** INTERVAL n unit + date, or the function INTERVAL(a, b, …). */
function parseInterval(reader: TokenReader, at: number): Expression {
  reader.next();
  const amount = reader.parseExpression();
  if (amount.kind === 'row') {
    return { kind: 'call', at, name: 'interval', arguments: amount.items };
  }
  const unit = parseIntervalUnit(reader);
  reader.expectOperator('+');
  const operand = reader.parseTerm();
  return { kind: 'dateArithmetic', at, operator: '+', operand, amount, unit };
}

function parseMatch(reader: TokenReader, at: number): Expression {
  reader.next();
  const inParentheses = reader.acceptOperator('(');
  const columns = reader.list(() => parseColumnName(reader));
  if (inParentheses) reader.expectOperator(')');
  reader.expectWord('against');
  reader.expectOperator('(');
  const against = reader.parseOperand();
  let modifier = '';
  while (reader.lexer.kind === 'word') modifier += ` ${reader.anyWord()}`;
  reader.expectOperator(')');
  return { kind: 'match', at, columns, against, modifier: modifier.trim() };
}

function parseDefault(reader: TokenReader, at: number): Expression {
  reader.next();
  if (!reader.acceptOperator('(')) return { kind: 'default', at, column: null };
  const column = parseColumnName(reader);
  reader.expectOperator(')');
  return { kind: 'default', at, column };
}
