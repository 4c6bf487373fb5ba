// How strings compare: the collations we have, and the key that makes a collation a byte order.
//
// Every collation is compared by way of a key: two strings are equal under the collation exactly
// when their keys are equal. PAD SPACE is part of the key: trailing spaces are stripped and one is
// put at the end, so that 'a' < 'a!' and 'a\n' < 'a' as MySQL has it.

import { databaseError } from '#shared/error.ts';
import { characterSets, collationNames, type CollationAlias } from './collation-names.ts';
import type { Collation } from './column-type.ts';
import { generalCiWeightRuns } from './general-ci-weights.ts';

export type { CollationAlias } from './collation-names.ts';

export const DEFAULT_COLLATION: Collation = 'utf8mb4_general_ci';

/** What every character beyond the Basic Multilingual Plane weighs. */
const SUPPLEMENTARY_WEIGHT = 0xfffd;

const weights = expandWeights(generalCiWeightRuns);

/** The collation that a MySQL or MariaDB name stands for. Throws unknownCollation. */
export function resolveCollation(name: string): CollationAlias {
  const known = collationNames(name.toLowerCase());
  if (known === null) throw databaseError('unknownCollation', { name });
  return known;
}

/** The default collation of a character set. Throws unknownCharacterSet. */
export function resolveCharacterSet(name: string): CollationAlias {
  const known = characterSets(name.toLowerCase());
  if (known === null) throw databaseError('unknownCharacterSet', { name });
  return known;
}

/** The key of `text`: keys compare code point by code point as the texts do by the collation. */
export function collationKey(text: string, collation: Collation): string {
  if (collation === 'binary') return text;
  return padded(collation === 'utf8mb4_bin' ? text : generalCiWeights(text));
}

/** Less than 0, 0, or more than 0, as `a` comes before, with or after `b`. */
export function compareStrings(a: string, b: string, collation: Collation): number {
  if (a === b) return 0;
  const left = Buffer.from(collationKey(a, collation));
  return left.compare(Buffer.from(collationKey(b, collation)));
}

/** The SQLite expression of the key of the SQLite expression `sql`. */
export function collationKeySql(sql: string, collation: Collation): string {
  switch (collation) {
    case 'utf8mb4_general_ci':
      return `tl_ci(${sql})`;
    case 'utf8mb4_bin':
      return `(rtrim(${sql}, ' ') || ' ')`;
    case 'binary':
      return sql;
  }
}

/** Each character replaced by the character of its weight: 'é' and 'e' become 'E'. */
export function generalCiWeights(text: string): string {
  // Of ASCII, only the lower case letters weigh something else than themselves.
  if (/^[\0-\x7f]*$/.test(text)) return text.toUpperCase();
  let folded = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0xd800 && code <= 0xdfff) {
      const pair = (text.codePointAt(i) ?? 0) > 0xffff;
      if (pair) i++;
      folded += String.fromCharCode(SUPPLEMENTARY_WEIGHT);
    } else {
      folded += String.fromCharCode(weights[code] ?? code);
    }
  }
  return folded;
}

function padded(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--;
  return end === text.length ? `${text} ` : `${text.slice(0, end)} `;
}

function expandWeights(runs: string): Uint16Array {
  const table = new Uint16Array(0x10000);
  for (let code = 0; code < table.length; code++) table[code] = code;
  let first = 0;
  for (const run of runs.trim().split(/\s+/)) {
    const [, distance = '', difference = '', sign = '', count = '1'] =
      /^(\w+),(-?\w+)(?:([=~+:])(\w+))?$/.exec(run) ?? [];
    first += parseInt(distance, 36);
    const step = sign === ':' || sign === '~' ? 2 : 1;
    for (let i = 0; i < parseInt(count, 36); i++) {
      const rise = sign === '=' || sign === '~' ? 0 : i * step;
      table[first + i * step] = first + parseInt(difference, 36) + rise;
    }
  }
  return table;
}
