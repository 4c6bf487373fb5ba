// sql_mode: which names it takes, and what the combined ones stand for.

import { databaseError } from '#shared/error.ts';
import type { VariableValue } from './system-variable.ts';

const ansi = ['REAL_AS_FLOAT', 'PIPES_AS_CONCAT', 'ANSI_QUOTES', 'IGNORE_SPACE'];
/** The modes that make errors of values that do not fit. */
const strict = ['STRICT_TRANS_TABLES', 'STRICT_ALL_TABLES'];
const noZero = ['NO_ZERO_IN_DATE', 'NO_ZERO_DATE', 'ERROR_FOR_DIVISION_BY_ZERO'];

/** In the order of MySQL's bits, which is the order it prints them in. */
const modes: readonly (readonly [name: string, includes: readonly string[]])[] = [
  ['REAL_AS_FLOAT', []],
  ['PIPES_AS_CONCAT', []],
  ['ANSI_QUOTES', []],
  ['IGNORE_SPACE', []],
  ['ONLY_FULL_GROUP_BY', []],
  ['NO_UNSIGNED_SUBTRACTION', []],
  ['NO_DIR_IN_CREATE', []],
  ['ANSI', [...ansi, 'ONLY_FULL_GROUP_BY']],
  ['NO_AUTO_VALUE_ON_ZERO', []],
  ['NO_BACKSLASH_ESCAPES', []],
  ['STRICT_TRANS_TABLES', []],
  ['STRICT_ALL_TABLES', []],
  ['NO_ZERO_IN_DATE', []],
  ['NO_ZERO_DATE', []],
  ['ALLOW_INVALID_DATES', []],
  ['ERROR_FOR_DIVISION_BY_ZERO', []],
  ['TRADITIONAL', [...strict, ...noZero, 'NO_ENGINE_SUBSTITUTION']],
  ['HIGH_NOT_PRECEDENCE', []],
  ['NO_ENGINE_SUBSTITUTION', []],
  ['PAD_CHAR_TO_FULL_LENGTH', []],
  ['TIME_TRUNCATE_FRACTIONAL', []],
  // MySQL 5.7's names, which older tools still send; NO_AUTO_CREATE_USER is what we do anyway.
  ['NO_AUTO_CREATE_USER', []],
  ['NO_FIELD_OPTIONS', []],
  ['NO_KEY_OPTIONS', []],
  ['NO_TABLE_OPTIONS', []],
];

/** Modes whose effect we do not have: refused instead of ignored. */
const refused = new Set([
  'NO_UNSIGNED_SUBTRACTION',
  'ALLOW_INVALID_DATES',
  'HIGH_NOT_PRECEDENCE',
  'PAD_CHAR_TO_FULL_LENGTH',
  'TIME_TRUNCATE_FRACTIONAL',
]);

/** The modes as MySQL prints them. Throws wrongVariableValue, or unsupported by the mode's name. */
export function normalizeSqlMode(value: VariableValue): string {
  if (typeof value !== 'string') {
    throw databaseError('wrongVariableValue', { name: 'sql_mode', value: String(value ?? 'NULL') });
  }
  const wanted = new Set<string>();
  for (const piece of value.split(',')) {
    const name = piece.trim().toUpperCase();
    if (name === '') continue;
    const mode = modes.find(([each]) => each === name);
    if (mode === undefined)
      throw databaseError('wrongVariableValue', { name: 'sql_mode', value: piece });
    if (refused.has(name)) throw databaseError('unsupported', { what: `sql_mode ${name}` });
    wanted.add(name);
    for (const included of mode[1]) wanted.add(included);
  }
  return modes.flatMap(([name]) => (wanted.has(name) ? [name] : [])).join(',');
}

/** The names in a normal sql_mode, in upper case. */
export function modesIn(mode: string): ReadonlySet<string> {
  return new Set(
    mode
      .toUpperCase()
      .split(',')
      .filter((name) => name !== ''),
  );
}

export function isStrict(sqlMode: ReadonlySet<string>): boolean {
  return strict.some((mode) => sqlMode.has(mode));
}

/** As in a session whose mode is not strict: values are made to fit. */
export function lenient<T extends { readonly sqlMode: ReadonlySet<string> }>(environment: T): T {
  return { ...environment, sqlMode: environment.sqlMode.difference(new Set(strict)) };
}

/** Zero dates are let in where the mode is not strict, or does not forbid them. */
export function takesZeroDates(modes: ReadonlySet<string>): boolean {
  return !isStrict(modes) || (!modes.has('NO_ZERO_DATE') && !modes.has('NO_ZERO_IN_DATE'));
}
