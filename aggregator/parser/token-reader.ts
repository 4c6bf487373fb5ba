// The lexer as the grammar sees it: ask for a word, take a name, refuse what does not fit.

import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { Expression, Query, TableName } from './ast-query.ts';
import { Lexer, type LexerOptions } from './lexer.ts';
import type { ListsAhead, ReaderMark } from './lists-ahead.ts';
import { isReservedWord } from './reserved-words.ts';

/** What the sql_mode says about the grammar. */
export interface ParserOptions extends LexerOptions {
  /** PIPES_AS_CONCAT: `||` concatenates; else it is OR. */
  readonly pipesAsConcat: boolean;
  /** REAL_AS_FLOAT: REAL is FLOAT; else it is DOUBLE. */
  readonly realAsFloat: boolean;
}

/** The rules that all others lead back to. */
export interface Grammar {
  expression(reader: TokenReader): Expression;
  /** An expression without comparisons, AND or OR, as in POSITION(operand IN operand). */
  operand(reader: TokenReader): Expression;
  /** One operand with its unary operators. */
  term(reader: TokenReader): Expression;
  /** A query with its WITH, ORDER BY and LIMIT; not the parentheses around it. */
  query(reader: TokenReader): Query;
  /** UNION, ORDER BY and LIMIT after `left`, which stood in parentheses; or just `left`. */
  queryRest(reader: TokenReader, left: Query): Query;
}

/** How deep expressions and queries may nest; the JavaScript stack holds several times that. */
const DEPTH_MAX = 200;
/** How high a syntax tree may grow, counting chains like 1 + 1 + 1 too. */
const HEIGHT_MAX = 800;
/** How much of the text a syntax error shows, as in MySQL. */
const NEAR_CHARACTERS_MAX = 80;

export class TokenReader {
  readonly lexer: Lexer;
  readonly options: ParserOptions;
  /** Of the statement that is being read; null where nothing was read ahead. */
  ahead: ListsAhead | null = null;
  readonly #grammar: Grammar;
  /** Of the tree that the running rule has built so far; kept by `nest` and the operators. */
  #height = 0;
  #statementStart = 0;
  #parameterCount = 0;
  #depth = 0;
  #lastEnd = 0;

  constructor(source: string, options: ParserOptions, grammar: Grammar) {
    this.lexer = new Lexer(source, options);
    this.options = options;
    this.#grammar = grammar;
  }

  /** Where the current token begins: the `at` of a node that begins with it. */
  get at(): number {
    return this.lexer.start;
  }

  /** Where the token before the current one ended. */
  get lastEnd(): number {
    return this.#lastEnd;
  }

  /** Parameters and lines are counted from here on. */
  beginStatement(): void {
    this.#statementStart = this.lexer.start;
    this.#parameterCount = 0;
    this.#depth = 0;
    this.#height = 0;
    this.ahead = null;
  }

  get parameterCount(): number {
    return this.#parameterCount;
  }

  /** The number of the next `?`. */
  takeParameterIndex(): number {
    return this.#parameterCount++;
  }

  parseExpression(): Expression {
    return this.nest(this.#grammar.expression);
  }

  parseOperand(): Expression {
    return this.nest(this.#grammar.operand);
  }

  /** One operand with its unary operators: what binds tighter than any other operator. */
  parseTerm(): Expression {
    return this.nest(this.#grammar.term);
  }

  parseQuery(): Query {
    return this.nest(this.#grammar.query);
  }

  /** Runs a rule one level deeper. Throws tooDeep. */
  nest<T>(rule: (reader: TokenReader) => T): T {
    if (this.#depth >= DEPTH_MAX) throw databaseError('tooDeep', { depth: DEPTH_MAX });
    const height = this.#height;
    this.#height = 0;
    this.#depth++;
    const result = rule(this);
    this.#depth--;
    this.height = Math.max(height, this.#height + 1);
    return result;
  }

  get height(): number {
    return this.#height;
  }

  /** Throws tooDeep: what walks the tree later must not run out of stack. */
  set height(height: number) {
    if (height > HEIGHT_MAX) throw databaseError('tooDeep', { depth: HEIGHT_MAX });
    this.#height = height;
  }

  parseQueryRest(left: Query): Query {
    return this.#grammar.queryRest(this, left);
  }

  /** True at SELECT, WITH, TABLE t and VALUES ROW: what begins a query without parentheses. */
  isQueryStart(): boolean {
    const { keyword } = this.lexer;
    if (keyword === 'values') return !this.lexer.isBeforeParenthesis();
    return keyword === 'select' || keyword === 'with' || keyword === 'table';
  }

  next(): void {
    this.#lastEnd = this.lexer.end;
    this.lexer.next();
  }

  /** Continues at `position`: for text with a grammar of its own. */
  seek(position: number): void {
    this.#lastEnd = position;
    this.lexer.seek(position);
  }

  mark(): ReaderMark {
    return {
      ...this.lexer.mark(),
      depth: this.#depth,
      parameterCount: this.#parameterCount,
      lastEnd: this.#lastEnd,
    };
  }

  /** Goes back to a mark of this reader. */
  reset(mark: ReaderMark): void {
    this.lexer.reset(mark);
    this.#depth = mark.depth;
    this.#parameterCount = mark.parameterCount;
    this.#lastEnd = mark.lastEnd;
  }

  /** Whether something of that height may stand here. */
  mayNest(height: number): boolean {
    return this.#depth + height < DEPTH_MAX;
  }

  isWord(keyword: string): boolean {
    return this.lexer.keyword === keyword;
  }

  isOperator(operator: string): boolean {
    return this.lexer.operator === operator;
  }

  isEnd(): boolean {
    return this.lexer.kind === 'end' || this.lexer.operator === ';';
  }

  /** Takes the keyword when it is the current token. */
  acceptWord(keyword: string): boolean {
    if (this.lexer.keyword !== keyword) return false;
    this.next();
    return true;
  }

  /** Takes the words, separated by single spaces, when all of them follow; else none. */
  acceptWords(keywords: string): boolean {
    const { keyword } = this.lexer;
    if (keyword === '' || !keywords.startsWith(keyword)) return false;
    const words = keywords.split(' ');
    if (keyword !== words[0]) return false;
    const mark = this.mark();
    for (const word of words) {
      if (this.acceptWord(word)) continue;
      this.reset(mark);
      return false;
    }
    return true;
  }

  /** Takes the first of the keywords that is the current token; null when none is. */
  acceptOneOf<T extends string>(keywords: readonly T[]): T | null {
    for (const keyword of keywords) {
      if (this.acceptWord(keyword)) return keyword;
    }
    return null;
  }

  acceptOperator(operator: string): boolean {
    if (this.lexer.operator !== operator) return false;
    this.next();
    return true;
  }

  expectWord(keyword: string): void {
    if (!this.acceptWord(keyword)) throw this.syntaxError();
  }

  /** Expects the words, separated by single spaces. */
  expectWords(keywords: string): void {
    for (const keyword of keywords.split(' ')) this.expectWord(keyword);
  }

  expectOneOf<T extends string>(keywords: readonly T[]): T {
    const keyword = this.acceptOneOf(keywords);
    if (keyword === null) throw this.syntaxError();
    return keyword;
  }

  expectOperator(operator: string): void {
    if (!this.acceptOperator(operator)) throw this.syntaxError();
  }

  /** True when the current token can be a bare or quoted name. */
  isName(): boolean {
    const { kind, keyword } = this.lexer;
    return kind === 'quoted' || (kind === 'word' && !isReservedWord(keyword));
  }

  /** A name: a bare word that is not reserved, or anything in backquotes. */
  name(): string {
    if (!this.isName() || this.lexer.value === '') throw this.syntaxError();
    return this.#take();
  }

  /** A name after a dot, where reserved words are names too. */
  nameAfterDot(): string {
    const { kind, value } = this.lexer;
    if ((kind !== 'word' && kind !== 'quoted') || value === '') throw this.syntaxError();
    return this.#take();
  }

  /** A name or a string: an alias after AS, a character set, a user. */
  nameOrString(): string {
    return this.lexer.kind === 'string' ? this.#take() : this.name();
  }

  /** A character set or collation in lower case; `binary` is one too. */
  charsetName(): string {
    if (this.lexer.keyword === 'binary' || this.lexer.keyword === 'default') return this.anyWord();
    return this.nameOrString().toLowerCase();
  }

  /** Any bare word at all, in lower case. */
  anyWord(): string {
    const { kind, keyword } = this.lexer;
    if (kind !== 'word') throw this.syntaxError();
    this.next();
    return keyword;
  }

  /** A user variable's name in lower case. */
  userVariable(): string {
    if (this.lexer.kind !== 'userVariable') throw this.syntaxError();
    return this.#take().toLowerCase();
  }

  /** A string literal's value. */
  string(): string {
    if (this.lexer.kind !== 'string') throw this.syntaxError();
    return this.#take();
  }

  /** An integer literal that fits a safe number. */
  integer(): number {
    const value = Number(this.lexer.value);
    if (this.lexer.kind !== 'integer' || !Number.isSafeInteger(value)) throw this.syntaxError();
    this.next();
    return value;
  }

  tableName(): TableName {
    const { at } = this;
    if (this.acceptOperator('.')) return { at, database: null, table: this.nameAfterDot() };
    const first = this.name();
    if (!this.acceptOperator('.')) return { at, database: null, table: first };
    return { at, database: first, table: this.nameAfterDot() };
  }

  /** One or more, with commas between. */
  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.acceptOperator(',')) items.push(item());
    return items;
  }

  /** As `list`, for lists that may be long: what was read ahead is taken as it is. */
  longList<T>(item: () => T): readonly T[] {
    return this.ahead?.take<T>(this) ?? this.list(item);
  }

  /** A list in parentheses. */
  parenthesized<T>(item: () => T): T[] {
    this.expectOperator('(');
    const items = this.list(item);
    this.expectOperator(')');
    return items;
  }

  /** MySQL's error 1064, about the current token. */
  syntaxError(): DatabaseError {
    return this.syntaxErrorAt(this.lexer.start);
  }

  derivedTableAlias(): DatabaseError {
    return databaseError('derivedTableAlias', {});
  }

  /** Error 1235: MySQL knows `what`, we do not. */
  unsupported(what: string): DatabaseError {
    return databaseError('unsupported', { what });
  }

  syntaxErrorAt(position: number): DatabaseError {
    const { source } = this.lexer;
    let line = 1;
    for (let at = this.#statementStart; at < position; at++) {
      if (source.charCodeAt(at) === 10) line++;
    }
    const near = source.slice(position, position + NEAR_CHARACTERS_MAX);
    return databaseError('syntax', { near, line });
  }

  #take(): string {
    const { value } = this.lexer;
    this.next();
    return value;
  }
}
