// Operators, from OR down to unary minus, with MySQL's exact precedence.
//
// One function climbs the levels below. MySQL's grammar has the same levels under other names:
// 5 is its bool_pri, 6 its predicate, 7 to 12 its bit_expr, 14 its simple_expr.

import type { BinaryOperator, ComparisonOperator, Expression, UnaryOperator } from './ast-query.ts';
import { parseIntervalUnit } from './parse-name.ts';
import { parsePrimary } from './parse-primary.ts';
import type { TokenReader } from './token-reader.ts';

const OR = 1;
const XOR = 2;
const AND = 3;
const NOT = 4;
const COMPARISON = 5;
const PREDICATE = 6;
const BIT_OR = 7;
const CONCAT = 13;
const UNARY = 14;

interface Infix {
  readonly level: number;
  readonly operator: BinaryOperator | 'and' | 'or' | 'is' | 'predicate';
}

const operatorInfixes: ReadonlyMap<string, Infix> = new Map<string, Infix>([
  ['&&', { level: AND, operator: 'and' }],
  ['=', { level: COMPARISON, operator: '=' }],
  ['<=>', { level: COMPARISON, operator: '<=>' }],
  ['<>', { level: COMPARISON, operator: '<>' }],
  ['!=', { level: COMPARISON, operator: '<>' }],
  ['<', { level: COMPARISON, operator: '<' }],
  ['<=', { level: COMPARISON, operator: '<=' }],
  ['>', { level: COMPARISON, operator: '>' }],
  ['>=', { level: COMPARISON, operator: '>=' }],
  ['|', { level: BIT_OR, operator: '|' }],
  ['&', { level: 8, operator: '&' }],
  ['<<', { level: 9, operator: '<<' }],
  ['>>', { level: 9, operator: '>>' }],
  ['+', { level: 10, operator: '+' }],
  ['-', { level: 10, operator: '-' }],
  ['*', { level: 11, operator: '*' }],
  ['/', { level: 11, operator: '/' }],
  ['%', { level: 11, operator: '%' }],
  ['^', { level: 12, operator: '^' }],
]);

const predicate: Infix = { level: PREDICATE, operator: 'predicate' };

const wordInfixes: ReadonlyMap<string, Infix> = new Map<string, Infix>([
  ['or', { level: OR, operator: 'or' }],
  ['xor', { level: XOR, operator: 'xor' }],
  ['and', { level: AND, operator: 'and' }],
  ['is', { level: COMPARISON, operator: 'is' }],
  ['div', { level: 11, operator: 'div' }],
  ['mod', { level: 11, operator: '%' }],
  ['in', predicate],
  ['like', predicate],
  ['between', predicate],
  ['regexp', predicate],
  ['rlike', predicate],
  ['not', predicate],
  ['sounds', predicate],
  ['member', predicate],
]);

const pipesAsOr: Infix = { level: OR, operator: 'or' };
const pipesAsConcat: Infix = { level: CONCAT, operator: 'concat' };

/** A whole expression. */
export function parseExpression(reader: TokenReader): Expression {
  return parseLevel(reader, OR);
}

/** An operand without comparisons, AND or OR: MySQL's bit_expr. */
export function parseOperand(reader: TokenReader): Expression {
  return parseLevel(reader, BIT_OR);
}

/** One operand with its unary operators: MySQL's simple_expr. */
export function parseTerm(reader: TokenReader): Expression {
  return parseUnary(reader);
}

function currentInfix(reader: TokenReader): Infix | undefined {
  const { keyword, operator } = reader.lexer;
  if (keyword !== '') return wordInfixes.get(keyword);
  if (operator === '||') return reader.options.pipesAsConcat ? pipesAsConcat : pipesAsOr;
  return operatorInfixes.get(operator);
}

/** An expression of operators at `level` and above. */
function parseLevel(reader: TokenReader, level: number): Expression {
  const outerHeight = reader.height;
  reader.height = 0;
  let left = parsePrefix(reader, level);
  // What a predicate yields is no operand of a higher operator: (a LIKE b) + 1 needs parentheses.
  let levelMax = CONCAT;
  for (;;) {
    const infix = currentInfix(reader);
    if (infix === undefined || infix.level < level || infix.level > levelMax) break;
    const next = parseInfix(reader, left, infix);
    if (next === null) break;
    left = next;
    if (infix.level === PREDICATE) levelMax = COMPARISON;
  }
  reader.height = Math.max(outerHeight, reader.height);
  return left;
}

function parsePrefix(reader: TokenReader, level: number): Expression {
  if (level > NOT || !reader.isWord('not')) return parseUnary(reader);
  const { at } = reader;
  reader.next();
  const operand = reader.nest(parseNotOperand);
  return { kind: 'unary', at, operator: 'not', operand };
}

function parseNotOperand(reader: TokenReader): Expression {
  return parseLevel(reader, NOT);
}

const unaryOperators: ReadonlyMap<string, UnaryOperator> = new Map<string, UnaryOperator>([
  ['-', '-'],
  ['+', '+'],
  ['~', '~'],
  ['!', 'not'],
]);

function parseUnary(reader: TokenReader): Expression {
  const { at } = reader;
  const { lexer } = reader;
  let operator = lexer.operator === '' ? undefined : unaryOperators.get(lexer.operator);
  if (lexer.keyword === 'binary') operator = 'binary';
  if (operator === undefined) return parseCollate(reader);
  reader.next();
  const operand = reader.nest(parseUnary);
  return { kind: 'unary', at, operator, operand };
}

function parseCollate(reader: TokenReader): Expression {
  let operand = parsePrimary(reader);
  while (reader.isWord('collate')) {
    const { at } = reader;
    reader.next();
    const collation = reader.isWord('binary') ? reader.anyWord() : reader.nameOrString();
    operand = { kind: 'collate', at, operand, collation: collation.toLowerCase() };
    reader.height++;
  }
  return operand;
}

/** The operator and what stands right of it; null when it is no operator after all. */
function parseInfix(reader: TokenReader, left: Expression, infix: Infix): Expression | null {
  const { at } = reader;
  const { operator, level } = infix;
  switch (operator) {
    case 'and':
    case 'or':
      reader.next();
      return flatten({ kind: operator, at, left, right: parseRight(reader, level + 1, false) });
    case 'is':
      reader.next();
      reader.height++;
      return parseIs(reader, at, left);
    case 'predicate':
      return parsePredicate(reader, at, left);
    default:
      reader.next();
      if (level === COMPARISON) return parseComparison(reader, at, left, operator);
      if ((operator === '+' || operator === '-') && isInterval(reader)) {
        return parseIntervalRight(reader, at, left, operator);
      }
      return { kind: 'binary', at, operator, left, right: parseRight(reader, level + 1, true) };
  }
}

/** The right operand; with `grows` the two sides make a new, higher node. */
function parseRight(reader: TokenReader, level: number, grows: boolean): Expression {
  const height = reader.height;
  reader.height = 0;
  const right = parseLevel(reader, level);
  reader.height = Math.max(height, reader.height) + (grows ? 1 : 0);
  return right;
}

function flatten(node: {
  kind: 'and' | 'or';
  at: number;
  left: Expression;
  right: Expression;
}): Expression {
  const { kind, left, right } = node;
  const operands = left.kind === kind ? (left.operands as Expression[]) : [left];
  if (right.kind === kind) operands.push(...right.operands);
  else operands.push(right);
  return { kind, at: left.kind === kind ? left.at : node.at, operands };
}

function parseIs(reader: TokenReader, at: number, operand: Expression): Expression {
  const negated = reader.acceptWord('not');
  const value = reader.expectOneOf(['null', 'true', 'false', 'unknown'] as const);
  return { kind: 'is', at, operand, value, negated };
}

function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return operatorInfixes.get(operator)?.level === COMPARISON;
}

function parseComparison(
  reader: TokenReader,
  at: number,
  left: Expression,
  operator: BinaryOperator,
): Expression {
  const { lexer } = reader;
  const isQuantifier = ['any', 'some', 'all'].includes(lexer.keyword);
  if (isQuantifier && lexer.isBeforeParenthesis() && isComparison(operator)) {
    const quantifier = lexer.keyword === 'all' ? 'all' : 'any';
    reader.next();
    reader.expectOperator('(');
    const query = reader.parseQuery();
    reader.expectOperator(')');
    return { kind: 'quantified', at, operator, quantifier, operand: left, query };
  }
  return { kind: 'binary', at, operator, left, right: parseRight(reader, PREDICATE, true) };
}

function isInterval(reader: TokenReader): boolean {
  return reader.isWord('interval');
}

function parseIntervalRight(
  reader: TokenReader,
  at: number,
  operand: Expression,
  operator: '+' | '-',
): Expression {
  reader.next();
  const amount = reader.parseExpression();
  const unit = parseIntervalUnit(reader);
  reader.height++;
  return { kind: 'dateArithmetic', at, operator, operand, amount, unit };
}

function parsePredicate(reader: TokenReader, at: number, operand: Expression): Expression | null {
  const mark = reader.mark();
  const negated = reader.acceptWord('not');
  const { keyword } = reader.lexer;
  reader.next();
  switch (keyword) {
    case 'in':
      return parseIn(reader, { at, operand, negated });
    case 'like': {
      const pattern = parseRight(reader, BIT_OR, true);
      const escape = parseEscape(reader);
      return { kind: 'like', at, operand, pattern, escape, negated };
    }
    case 'between': {
      const low = parseRight(reader, BIT_OR, true);
      reader.expectWord('and');
      const high = parseRight(reader, PREDICATE, true);
      return { kind: 'between', at, operand, low, high, negated };
    }
    case 'regexp':
    case 'rlike':
      return { kind: 'regexp', at, operand, pattern: parseRight(reader, BIT_OR, true), negated };
    case 'sounds':
      if (negated || !reader.acceptWord('like')) break;
      return { kind: 'soundsLike', at, left: operand, right: parseRight(reader, BIT_OR, true) };
    case 'member':
      if (negated || !reader.acceptWords('of')) break;
      return parseMemberOf(reader, at, operand);
    default:
      break;
  }
  // NOT NULL after a default, or an alias called `sounds` or `member`.
  reader.reset(mark);
  return null;
}

/** ESCAPE character. Without it the backslash escapes, unless the sql_mode has none: then ''. */
function parseEscape(reader: TokenReader): Expression | null {
  const { at } = reader;
  if (reader.acceptWord('escape')) return parseRight(reader, UNARY, false);
  const { noBackslashEscapes } = reader.options;
  return noBackslashEscapes ? { kind: 'string', at, value: '', charset: null } : null;
}

function parseMemberOf(reader: TokenReader, at: number, operand: Expression): Expression {
  reader.expectOperator('(');
  const array = reader.parseExpression();
  reader.expectOperator(')');
  return { kind: 'memberOf', at, operand, array };
}

function parseIn(
  reader: TokenReader,
  node: { at: number; operand: Expression; negated: boolean },
): Expression {
  reader.expectOperator('(');
  if (reader.isQueryStart()) {
    const query = reader.parseQuery();
    reader.expectOperator(')');
    return { kind: 'inQuery', ...node, query };
  }
  const list = reader.longList(() => reader.parseExpression());
  const [first] = list;
  if (list.length === 1 && first?.kind === 'scalarQuery') {
    const query = reader.parseQueryRest(first.query);
    reader.expectOperator(')');
    return { kind: 'inQuery', ...node, query };
  }
  reader.expectOperator(')');
  return { kind: 'in', ...node, list };
}
