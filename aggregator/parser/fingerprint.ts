// A statement's text with its literals taken out: statements that differ in them alone have the
// same fingerprint, and may be answered by the same plan.
//
// One pass over the text, which follows the lexer token by token. What it is not sure of stays in
// the fingerprint as it is written, or gives the statement none: it is never guessed.

import { isDigitCode, isSpaceCode, isWordCode } from './character-class.ts';
import type { LexerOptions } from './lexer.ts';
import { unescapeString } from './unescape-string.ts';

/** A literal and where its token stands. A parameter is a `?`. */
export interface ScannedLiteral {
  readonly kind: 'integer' | 'decimal' | 'double' | 'string' | 'parameter';
  readonly start: number;
  readonly end: number;
}

export interface Fingerprint {
  /** The text with a mark in place of each literal, which says what type it has. */
  readonly key: string;
  readonly literals: readonly ScannedLiteral[];
}

/** Longer statements are planned each time: they are loads, whose values cost more than plans. */
const TEXT_LENGTH_MAX = 256 * 1024;

/** Of more literals a plan would be made for too long, and looked for nearly as long as made. */
const LITERALS_MAX = 4096;

/** More digits than a BIGINT always holds: such a number's type depends on its value. */
const INTEGER_DIGITS_MAX = 18;

/** A string of more characters has another type. */
const SHORT_STRING_MAX = 16_383;

/** Begins each mark. No statement that the lexer accepts has it outside of strings. */
const MARK = '\u0001';

const firstWords = /^\s*(?:select|insert|replace|update|delete|with)\b/i;

/** Null for what is not one query or change of rows, or is written in a way that is rare. */
export function fingerprint(text: string, options: LexerOptions): Fingerprint | null {
  if (text.length > TEXT_LENGTH_MAX) return null;
  const start = afterComment(text);
  if (start < 0 || !firstWords.test(start === 0 ? text : text.slice(start))) return null;
  const scanner = new Scanner(text, start, options);
  return scanner.run() ? { key: scanner.key, literals: scanner.literals } : null;
}

/** Behind a comment at the start, where tools write whence a statement comes; -1: unclosed. */
function afterComment(text: string): number {
  let at = 0;
  while (isSpaceCode(text.charCodeAt(at))) at++;
  if (text.charCodeAt(at) !== 47 || text.charCodeAt(at + 1) !== 42) return 0;
  const third = text.charCodeAt(at + 2);
  if (third === 33 || third === 43) return -1;
  const close = text.indexOf('*/', at + 2);
  return close < 0 ? -1 : close + 2;
}

class Scanner {
  key = '';
  readonly literals: ScannedLiteral[] = [];
  readonly #text: string;
  readonly #options: LexerOptions;
  #at: number;
  /** What is not in the key yet begins here. */
  #pending: number;
  /** The first backslash from where it was looked for last; Infinity: there is none. */
  #backslash = -1;

  constructor(text: string, start: number, options: LexerOptions) {
    this.#text = text;
    this.#options = options;
    this.#at = start;
    this.#pending = start;
  }

  /** False where the statement has no fingerprint. */
  run(): boolean {
    const text = this.#text;
    let afterDot = false;
    while (this.#at < text.length) {
      if (this.literals.length > LITERALS_MAX) return false;
      const code = text.charCodeAt(this.#at);
      if (isDigitCode(code) && !afterDot) {
        this.#number();
      } else if (isWordCode(code)) {
        if (!this.#word(code)) return false;
      } else if (code === 46) {
        afterDot = !this.#dot(afterDot);
        continue;
      } else if (isSpaceCode(code)) {
        this.#at++;
      } else if (code === 59) {
        return this.#endsHere();
      } else if (!this.#symbol(code)) {
        return false;
      }
      afterDot = false;
    }
    this.#flush(text.length);
    return true;
  }

  #flush(end: number): void {
    this.key += this.#text.slice(this.#pending, end);
    this.#pending = end;
  }

  #take(kind: ScannedLiteral['kind'], end: number, mark: string): void {
    const start = this.#at;
    this.#flush(start);
    this.key += MARK + mark;
    this.literals.push({ kind, start, end });
    this.#pending = end;
    this.#at = end;
  }

  /** Behind a `;` nothing but space may stand. */
  #endsHere(): boolean {
    this.#flush(this.#at);
    return this.#text.slice(this.#at + 1).trim() === '';
  }

  #word(first: number): boolean {
    const text = this.#text;
    if (text.charCodeAt(this.#at + 1) === 39) {
      const letter = first | 32;
      // x'41' and b'01' stay as they are; N'…' is rare.
      if (letter === 110) return false;
      if (letter === 120 || letter === 98) {
        const close = text.indexOf("'", this.#at + 2);
        this.#at = close + 1;
        return close >= 0;
      }
    }
    this.#at = this.#wordEnd(this.#at + 1);
    return true;
  }

  #wordEnd(from: number): number {
    let end = from;
    while (isWordCode(this.#text.charCodeAt(end))) end++;
    return end;
  }

  #digitsEnd(from: number): number {
    let end = from;
    while (isDigitCode(this.#text.charCodeAt(end))) end++;
    return end;
  }

  #number(): void {
    const text = this.#text;
    const start = this.#at;
    const end = this.#digitsEnd(start + 1);
    const code = text.charCodeAt(end);
    if (code === 46) return this.#fraction(start, end);
    if ((code | 32) === 101) {
      const exponent = this.#exponentEnd(end);
      if (exponent !== end) return this.#take('double', exponent, 'e');
    }
    // 0x41, 0b1 and names such as 2fa stay as they are.
    if (isWordCode(code)) this.#at = this.#wordEnd(end);
    else if (end - start > INTEGER_DIGITS_MAX) this.#at = end;
    else this.#take('integer', end, 'i');
  }

  /** The digits behind the point at `point`; the number begins at `start`. */
  #fraction(start: number, point: number): void {
    const end = this.#digitsEnd(point + 1);
    const exponent = this.#exponentEnd(end);
    if (exponent !== end) return this.#take('double', exponent, 'e');
    let first = start;
    while (this.#text.charCodeAt(first) === 48) first++;
    this.#take('decimal', end, `d${point - first}.${end - point - 1};`);
  }

  #exponentEnd(at: number): number {
    const text = this.#text;
    if ((text.charCodeAt(at) | 32) !== 101) return at;
    const sign = text.charCodeAt(at + 1);
    const digits = sign === 43 || sign === 45 ? at + 2 : at + 1;
    const end = this.#digitsEnd(digits);
    return end === digits ? at : end;
  }

  /** False for a number that begins with the point; true for the operator. */
  #dot(afterDot: boolean): boolean {
    const text = this.#text;
    const at = this.#at;
    const before = at === 0 ? 32 : text.charCodeAt(at - 1);
    const isNumber = isDigitCode(text.charCodeAt(at + 1)) && !afterDot;
    if (isNumber && !(isWordCode(before) || before === 96)) {
      this.#fraction(at, at);
      return true;
    }
    this.#at++;
    return false;
  }

  #symbol(code: number): boolean {
    switch (code) {
      case 39:
        return this.#string(code);
      case 34:
        return this.#options.ansiQuotes ? this.#quotedName(code) : this.#string(code);
      case 96:
        return this.#quotedName(code);
      case 63:
        this.#take('parameter', this.#at + 1, '?');
        return true;
      case 64:
        // Variables have values and types of their own.
        return false;
      case 35:
      case 45:
      case 47:
        return this.#maybeComment(code);
      default:
        this.#at++;
        return code >= 32;
    }
  }

  #string(quote: number): boolean {
    const text = this.#text;
    const character = String.fromCharCode(quote);
    let at = this.#at + 1;
    for (let close = text.indexOf(character, at); close >= 0;) {
      const backslash = this.#backslashFrom(at);
      if (backslash < close) at = backslash + 2;
      else if (text.charCodeAt(close + 1) === quote) at = close + 2;
      else {
        this.#take('string', close + 1, this.#stringMark(close, quote));
        return true;
      }
      if (close < at) close = text.indexOf(character, at);
    }
    return false;
  }

  /** Where the next character that escapes another stands; Infinity where there is none. */
  #backslashFrom(at: number): number {
    if (this.#options.noBackslashEscapes) return Infinity;
    if (this.#backslash < at) {
      const found = this.#text.indexOf('\\', at);
      this.#backslash = found < 0 ? Infinity : found;
    }
    return this.#backslash;
  }

  #stringMark(close: number, quote: number): string {
    if (close - this.#at <= SHORT_STRING_MAX) return 's';
    const inner = this.#text.slice(this.#at + 1, close);
    const value = unescapeString(inner, quote, !this.#options.noBackslashEscapes);
    return [...value].length <= SHORT_STRING_MAX ? 's' : 'S';
  }

  #quotedName(quote: number): boolean {
    const character = String.fromCharCode(quote);
    let close = this.#text.indexOf(character, this.#at + 1);
    while (close !== -1 && this.#text.charCodeAt(close + 1) === quote) {
      close = this.#text.indexOf(character, close + 2);
    }
    this.#at = close + 1;
    return close >= 0;
  }

  /** Comments within stay as they are: they are part of a column's header. */
  #maybeComment(code: number): boolean {
    const text = this.#text;
    const second = text.charCodeAt(this.#at + 1);
    if (code === 35) return false;
    if (code === 45 && second === 45) {
      const third = text.charCodeAt(this.#at + 2);
      if (Number.isNaN(third) || third <= 32) return false;
    }
    if (code !== 47 || second !== 42) {
      this.#at++;
      return true;
    }
    const third = text.charCodeAt(this.#at + 2);
    const close = text.indexOf('*/', this.#at + 2);
    if (third === 33 || third === 43 || close < 0) return false;
    if (text.slice(close + 2).trim() === '') {
      this.#flush(this.#at);
      this.#pending = text.length;
      this.#at = text.length;
    } else {
      this.#at = close + 2;
    }
    return true;
  }
}

/** What a string literal says. */
export function stringValue(
  text: string,
  { start, end }: ScannedLiteral,
  { noBackslashEscapes }: LexerOptions,
): string {
  const inner = text.slice(start + 1, end - 1);
  const quote = text.charCodeAt(start);
  const isPlain = !inner.includes('\\') && !inner.includes(String.fromCharCode(quote));
  return isPlain ? inner : unescapeString(inner, quote, !noBackslashEscapes);
}
