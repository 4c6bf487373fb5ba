// Text to tokens, one at a time and without an array: MySQL's words, literals and operators.
//
// The lexer holds exactly one token, the current one, in its public fields. `mark` and `reset`
// go back to an earlier one. Version comments (/*!50705 … */) are read as if they were not
// comments when the version is at most 80099.

import { isDigitCode, isHexCode, isSpaceCode, isUpperCode, isWordCode } from './character-class.ts';
import { operatorAt } from './operator-at.ts';
import { unescapeString } from './unescape-string.ts';

/** What the sql_mode says about tokens. */
export interface LexerOptions {
  /** ANSI_QUOTES: "…" is an identifier. */
  readonly ansiQuotes: boolean;
  /** NO_BACKSLASH_ESCAPES: `\` is a character like any other. */
  readonly noBackslashEscapes: boolean;
}

/**
 * word: a bare identifier or keyword. quoted: `…`. string: '…'. userVariable: @name.
 * hex and bit: their digits. invalid: no token of SQL begins so, or it has no end.
 */
export type TokenKind =
  | 'word'
  | 'quoted'
  | 'string'
  | 'nationalString'
  | 'integer'
  | 'decimal'
  | 'double'
  | 'hex'
  | 'bit'
  | 'parameter'
  | 'userVariable'
  | 'operator'
  | 'invalid'
  | 'end';

/** A place to come back to. */
export interface LexerMark {
  readonly start: number;
  readonly inVersionComment: boolean;
}

/** The newest MySQL whose version comments we execute. */
const VERSION_MAX = 80_099;

export class Lexer {
  readonly source: string;
  kind: TokenKind = 'end';
  /** Where the current token begins and where it ends (exclusive). */
  start = 0;
  end = 0;
  /** What a word, literal or variable says, unescaped; '' for operators. */
  value = '';
  /** The word in lower case; '' for every other kind. */
  keyword = '';
  /** The operator; '' for every other kind. */
  operator = '';
  readonly #options: LexerOptions;
  #inVersionComment = false;

  constructor(source: string, options: LexerOptions, start = 0) {
    this.source = source;
    this.#options = options;
    this.end = start;
    this.next();
  }

  mark(): LexerMark {
    return { start: this.start, inVersionComment: this.#inVersionComment };
  }

  /** Makes the token at the mark the current one again. */
  reset(mark: LexerMark): void {
    this.#inVersionComment = mark.inVersionComment;
    this.#scan(mark.start, mark.start > 0 && this.source.charCodeAt(mark.start - 1) === 46);
  }

  /** Continues with the token at or after `position`: for text with a grammar of its own. */
  seek(position: number): void {
    this.end = position;
    this.operator = '';
    this.next();
  }

  /** Moves to the next token. At the end it stays there. */
  next(): void {
    const afterDot = this.operator === '.';
    const start = this.#skipSpace(this.end);
    this.#scan(start, afterDot && start === this.end);
  }

  /** True when the next token is `(`. */
  isBeforeParenthesis(): boolean {
    const code = this.source.charCodeAt(this.end);
    if (code === 40) return true;
    if (!isSpaceCode(code) && code !== 47 && code !== 45 && code !== 35) return false;
    return this.source.charCodeAt(this.#peekStart()) === 40;
  }

  /** True when `.` follows the current token. */
  isBeforeDot(): boolean {
    const code = this.source.charCodeAt(this.end);
    if (code === 46) return true;
    return isSpaceCode(code) && this.source.charCodeAt(this.#peekStart()) === 46;
  }

  #peekStart(): number {
    const inVersionComment = this.#inVersionComment;
    const start = this.#skipSpace(this.end);
    this.#inVersionComment = inVersionComment;
    return start;
  }

  /** The first position, at or after `from`, that is neither space nor in a comment. */
  #skipSpace(from: number): number {
    const { source } = this;
    let at = from;
    for (;;) {
      const code = source.charCodeAt(at);
      if (isSpaceCode(code)) {
        at++;
        continue;
      }
      const after = this.#skipComment(at, code);
      if (after === at) return at;
      at = after;
    }
  }

  /** Where the comment at `at` ends; `at` where there is none. */
  #skipComment(at: number, code: number): number {
    const { source } = this;
    if (code === 35) return this.#skipLine(at);
    const second = source.charCodeAt(at + 1);
    if (code === 45 && second === 45) {
      const third = source.charCodeAt(at + 2);
      return Number.isNaN(third) || third <= 32 ? this.#skipLine(at) : at;
    }
    if (code === 42 && second === 47 && this.#inVersionComment) {
      this.#inVersionComment = false;
      return at + 2;
    }
    if (code !== 47 || second !== 42) return at;
    if (source.charCodeAt(at + 2) === 33 && !this.#inVersionComment) {
      const body = this.#versionCommentBody(at + 3);
      if (body !== null) {
        this.#inVersionComment = true;
        return body;
      }
    }
    const close = source.indexOf('*/', at + 2);
    // A comment without an end is no comment: it must not hide half a condition.
    return close === -1 ? at : close + 2;
  }

  /** Where the text of a version comment begins; null when its version is above ours. */
  #versionCommentBody(at: number): number | null {
    let end = at;
    while (end < at + 6 && isDigitCode(this.source.charCodeAt(end))) end++;
    if (end - at < 5) return at;
    return Number(this.source.slice(at, end)) <= VERSION_MAX ? end : null;
  }

  #skipLine(at: number): number {
    const close = this.source.indexOf('\n', at);
    return close === -1 ? this.source.length : close + 1;
  }

  #scan(start: number, afterDot: boolean): void {
    this.start = start;
    this.value = '';
    this.keyword = '';
    this.operator = '';
    const code = this.source.charCodeAt(start);
    if (Number.isNaN(code)) this.#scanEnd(start);
    else if (isDigitCode(code)) {
      if (afterDot) this.#scanWord(start, code);
      else this.#scanNumber(start, code);
    } else if (isWordCode(code)) this.#scanWordOrPrefixed(start, code);
    else this.#scanSymbol(start, code, afterDot);
  }

  /** A version comment without an end is reported once. */
  #scanEnd(start: number): void {
    this.#set(this.#inVersionComment ? 'invalid' : 'end', start);
    this.#inVersionComment = false;
  }

  #set(kind: TokenKind, end: number): void {
    this.kind = kind;
    this.end = end;
  }

  #scanWordOrPrefixed(start: number, code: number): void {
    if (this.source.charCodeAt(start + 1) === 39) {
      const letter = code | 32;
      if (letter === 120) return this.#scanQuotedDigits(start, 'hex');
      if (letter === 98) return this.#scanQuotedDigits(start, 'bit');
      if (letter === 110) {
        this.#scanString(start + 1, 39);
        if (this.kind === 'string') this.kind = 'nationalString';
        return;
      }
    }
    this.#scanWord(start, code);
  }

  #scanWord(start: number, first: number): void {
    const { source } = this;
    let upper = isUpperCode(first);
    let end = start + 1;
    for (;;) {
      const code = source.charCodeAt(end);
      if (!isWordCode(code)) break;
      upper ||= isUpperCode(code);
      end++;
    }
    this.#set('word', end);
    this.value = source.slice(start, end);
    this.keyword = upper ? this.value.toLowerCase() : this.value;
  }

  /** x'4142' and b'0101'. */
  #scanQuotedDigits(start: number, kind: 'hex' | 'bit'): void {
    const close = this.source.indexOf("'", start + 2);
    const digits = close === -1 ? '!' : this.source.slice(start + 2, close);
    if (!hasDigits(digits, kind) || (kind === 'hex' && digits.length % 2 === 1)) {
      this.#set('invalid', start + 1);
      return;
    }
    this.#set(kind, close + 1);
    this.value = digits;
  }

  #scanNumber(start: number, first: number): void {
    const { source } = this;
    const second = source.charCodeAt(start + 1);
    if (first === 48 && (second === 120 || second === 98)) {
      if (this.#scanPrefixedDigits(start, second === 120 ? 'hex' : 'bit')) return;
    }
    let end = start + 1;
    while (isDigitCode(source.charCodeAt(end))) end++;
    const code = source.charCodeAt(end);
    if (code === 46) return this.#scanFraction(start, end);
    if ((code | 32) === 101) {
      const exponent = this.#exponentEnd(end);
      if (exponent !== end) return this.#setNumber('double', exponent);
    }
    if (isWordCode(code)) return this.#scanWord(start, first);
    this.#setNumber('integer', end);
  }

  /** The digits after the point at `point`, and an exponent. */
  #scanFraction(start: number, point: number): void {
    let end = point + 1;
    while (isDigitCode(this.source.charCodeAt(end))) end++;
    this.start = start;
    const exponent = this.#exponentEnd(end);
    this.#setNumber(exponent === end ? 'decimal' : 'double', exponent);
  }

  /** Where the exponent that begins at `at` ends; `at` when there is none. */
  #exponentEnd(at: number): number {
    const { source } = this;
    if ((source.charCodeAt(at) | 32) !== 101) return at;
    const sign = source.charCodeAt(at + 1);
    let end = sign === 43 || sign === 45 ? at + 2 : at + 1;
    if (!isDigitCode(source.charCodeAt(end))) return at;
    while (isDigitCode(source.charCodeAt(end))) end++;
    return end;
  }

  #setNumber(kind: 'integer' | 'decimal' | 'double', end: number): void {
    this.#set(kind, end);
    this.value = this.source.slice(this.start, end);
  }

  /** 0x4142 and 0b0101; false when it is a word such as `0xyz`. */
  #scanPrefixedDigits(start: number, kind: 'hex' | 'bit'): boolean {
    const { source } = this;
    let end = start + 2;
    while (isWordCode(source.charCodeAt(end))) end++;
    const digits = source.slice(start + 2, end);
    if (digits === '' || !hasDigits(digits, kind)) return false;
    this.#set(kind, end);
    this.value = digits;
    return true;
  }

  #scanSymbol(start: number, code: number, afterDot: boolean): void {
    switch (code) {
      case 39:
        return this.#scanString(start, code);
      case 34:
        return this.#options.ansiQuotes
          ? this.#scanQuoted('quoted', start, code)
          : this.#scanString(start, code);
      case 96:
        return this.#scanQuoted('quoted', start, code);
      case 63:
        return this.#set('parameter', start + 1);
      case 64:
        return this.#scanVariable(start);
      case 46:
        if (!afterDot && this.#isFractionAt(start)) return this.#scanFraction(start, start);
        return this.#scanOperator(start);
      default:
        return this.#scanOperator(start);
    }
  }

  /** `.5` is a number, but `t.5a` is a name. */
  #isFractionAt(point: number): boolean {
    if (!isDigitCode(this.source.charCodeAt(point + 1))) return false;
    const before = this.source.charCodeAt(point - 1);
    return point === 0 || !(isWordCode(before) || before === 96);
  }

  #scanString(start: number, quote: number): void {
    const { source } = this;
    const escapes = !this.#options.noBackslashEscapes;
    let plain = true;
    for (let at = start + 1; at < source.length; at++) {
      const code = source.charCodeAt(at);
      if (code === 92 && escapes) {
        plain = false;
        at++;
      } else if (code === quote) {
        if (source.charCodeAt(at + 1) === quote) {
          plain = false;
          at++;
          continue;
        }
        this.#set('string', at + 1);
        const inner = source.slice(start + 1, at);
        this.value = plain ? inner : unescapeString(inner, quote, escapes);
        return;
      }
    }
    this.#set('invalid', source.length);
  }

  /** Names and variables in quotes: only a doubled quote is special. */
  #scanQuoted(kind: 'quoted' | 'userVariable', start: number, quote: number): void {
    const { source } = this;
    const character = String.fromCharCode(quote);
    let close = source.indexOf(character, start + 1);
    while (close !== -1 && source.charCodeAt(close + 1) === quote) {
      close = source.indexOf(character, close + 2);
    }
    if (close === -1) return this.#set('invalid', source.length);
    this.#set(kind, close + 1);
    const inner = source.slice(start + 1, close);
    this.value = inner.includes(character)
      ? inner.replaceAll(character + character, character)
      : inner;
  }

  /** @name, @`name`, @'name'; `@@` is an operator. */
  #scanVariable(start: number): void {
    const { source } = this;
    const code = source.charCodeAt(start + 1);
    if (code === 64) return this.#scanOperator(start);
    if (code === 96 || code === 39 || code === 34) {
      return this.#scanQuoted('userVariable', start + 1, code);
    }
    let end = start + 1;
    while (isWordCode(source.charCodeAt(end)) || source.charCodeAt(end) === 46) end++;
    this.#set('userVariable', end);
    this.value = source.slice(start + 1, end);
  }

  #scanOperator(start: number): void {
    const { source } = this;
    if (source.startsWith('/*', start)) return this.#set('invalid', source.length);
    const operator = operatorAt(source, start);
    if (operator === '') return this.#set('invalid', start + 1);
    this.#set('operator', start + operator.length);
    this.operator = operator;
  }
}

function hasDigits(text: string, kind: 'hex' | 'bit'): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (kind === 'hex' ? !isHexCode(code) : code !== 48 && code !== 49) return false;
  }
  return true;
}
