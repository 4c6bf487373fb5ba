// SQLite functions of regular expressions, by JavaScript's engine with MySQL's flags.

import { databaseError } from '#shared/error.ts';
import { LruCache } from '#shared/sql/lru-cache.ts';
import { slice, unitIndex } from './characters.ts';
import { strict, type SqlFunction } from './sql-function.ts';

/** Compiled expressions that a connection keeps. */
const EXPRESSIONS_MAX = 256;

/** POSIX classes in the terms of JavaScript. */
const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: '\\p{L}',
  digit: '\\d',
  alnum: '\\p{L}\\p{N}',
  upper: '\\p{Lu}',
  lower: '\\p{Ll}',
  space: '\\s',
  blank: ' \\t',
  punct: '\\p{P}\\p{S}',
  cntrl: '\\p{Cc}',
  xdigit: '0-9A-Fa-f',
  print: '\\P{C}',
  graph: '\\p{L}\\p{N}\\p{P}\\p{S}',
  word: '\\w',
};

/**
 * In all of them `flags` are MySQL's match_type (c, i, m, n, u), '' for none, and `collation`
 * decides the case where the flags do not. Positions and occurrences are from 1.
 */
export function regexpFunctions(): readonly SqlFunction[] {
  const cache = new LruCache<string, RegExp>(EXPRESSIONS_MAX);
  const compile = (pattern: string, flags: string, collation: string): RegExp => {
    const options = javascriptFlags(flags, collation);
    return cache.get(`${options}/${pattern}`, () => expression(pattern, options));
  };
  return [
    /** tl_regexp_like(text, pattern, flags, collation): 1 or 0. */
    strict('tl_regexp_like', (s: string, pattern: string, flags: string, collation: string) => {
      const compiled = compile(pattern, flags, collation);
      compiled.lastIndex = 0;
      return compiled.test(s) ? 1n : 0n;
    }),
    /** tl_regexp_instr(text, pattern, position, occurrence, end (1 or 0), flags, collation). */
    strict('tl_regexp_instr', (s: string, pattern: string, ...rest: InstrOptions) => {
      const [position, occurrence, end, flags, collation] = rest;
      const match = nth(compile(pattern, flags, collation), s, { position, occurrence });
      if (match === null) return 0n;
      const at = match.index + (end === 1n ? match[0].length : 0);
      return BigInt(Array.from(s.slice(0, at)).length + 1);
    }),
    /** tl_regexp_substr(text, pattern, position, occurrence, flags, collation): NULL for none. */
    strict('tl_regexp_substr', (s: string, pattern: string, ...rest: SubstrOptions) => {
      const [position, occurrence, flags, collation] = rest;
      const match = nth(compile(pattern, flags, collation), s, { position, occurrence });
      return match === null ? null : match[0];
    }),
    /** tl_regexp_replace(text, pattern, new, position, occurrence, flags, collation): 0 is all. */
    strict(
      'tl_regexp_replace',
      (s: string, pattern: string, replacement: string, ...rest: SubstrOptions) => {
        const [position, occurrence, flags, collation] = rest;
        const compiled = compile(pattern, flags, collation);
        const from = startOf(s, position);
        let count = 0n;
        const replaced = s.slice(from).replace(compiled, (...match: unknown[]) => {
          count++;
          const isWanted = occurrence <= 0n || count === occurrence;
          return isWanted ? expand(replacement, match) : String(match[0]);
        });
        return s.slice(0, from) + replaced;
      },
    ),
  ];
}

type SubstrOptions = [position: bigint, occurrence: bigint, flags: string, collation: string];
type InstrOptions = [bigint, bigint, bigint, string, string];

function javascriptFlags(flags: string, collation: string): string {
  let ignoreCase = collation.endsWith('_ci');
  let options = 'gu';
  for (const flag of flags) {
    if (flag === 'c') ignoreCase = false;
    else if (flag === 'i') ignoreCase = true;
    else if (flag === 'm') options += 'm';
    else if (flag === 'n') options += 's';
    else if (flag !== 'u') throw illegal(`unknown flag '${flag}'`);
  }
  const unique = [...new Set(options)].join('');
  return ignoreCase ? `${unique}i` : unique;
}

function expression(pattern: string, flags: string): RegExp {
  try {
    return new RegExp(translate(pattern), flags);
  } catch (error) {
    throw illegal(error instanceof Error ? error.message : String(error));
  }
}

function illegal(reason: string): Error {
  return databaseError('invalidRegularExpression', { reason });
}

/** POSIX classes and word borders; escapes that the u flag refuses lose their backslash. */
function translate(pattern: string): string {
  return pattern
    .replaceAll('[[:<:]]', '\\b(?=\\w)')
    .replaceAll('[[:>:]]', '\\b(?<=\\w)')
    .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX_CLASSES[name] ?? whole)
    .replace(/\\(.)/gsu, (whole, character: string) =>
      /[\w^$\\.*+?()[\]{}|/-]/.test(character) ? whole : character,
    )
    .replace(/\\A/g, '^')
    .replace(/\\[zZ]/g, '$');
}

/** Where in UTF-16 units the search begins. Throws for a position before the first. */
function startOf(s: string, position: bigint): number {
  if (position < 1n) throw illegal('index out of bounds in regular expression search');
  return unitIndex(s, Number(position) - 1);
}

function nth(
  compiled: RegExp,
  s: string,
  { position, occurrence }: { readonly position: bigint; readonly occurrence: bigint },
): RegExpExecArray | null {
  compiled.lastIndex = startOf(s, position);
  let left = occurrence < 1n ? 1n : occurrence;
  for (;;) {
    const match = compiled.exec(s);
    if (match === null || --left === 0n) return match;
    if (match[0] === '') compiled.lastIndex += slice(s.slice(match.index), 0, 1).length || 1;
  }
}

/** $1 and \1 stand for groups, \$ for a dollar sign. */
function expand(replacement: string, match: readonly unknown[]): string {
  return replacement.replace(/\$(\d)|\\(.)/gsu, (_, group?: string, escaped?: string) => {
    const digit = group ?? (escaped !== undefined && /\d/.test(escaped) ? escaped : undefined);
    if (digit === undefined) return escaped ?? '';
    const value = match[Number(digit)];
    return typeof value === 'string' ? value : '';
  });
}
