// SQLite functions by which strings compare as MySQL compares them.

import { collationKey, compareStrings, generalCiWeights } from '#shared/sql/collation.ts';
import type { Collation, StoredValue } from '#shared/sql/column-type.ts';
import { likeTest } from '#shared/sql/like-pattern.ts';
import { unitIndex } from './characters.ts';
import { scalar, strict, type SqlFunction } from './sql-function.ts';

/** The comparing functions of one connection. */
export function comparisonFunctions(): readonly SqlFunction[] {
  const like = likeFunction();
  return [
    /** tl_ci(text): its key under utf8mb4_general_ci. Stands in indexes: frozen. */
    scalar('tl_ci', (text: StoredValue) =>
      text === null ? null : collationKey(asText(text), 'utf8mb4_general_ci'),
    ),
    /** tl_key(text, collation): its key under that collation. */
    strict('tl_key', (text: StoredValue, collation: Collation) =>
      collationKey(asText(text), collation),
    ),
    /** tl_like(text, pattern, escape, collation): 1 or 0; escape '' is none. */
    strict('tl_like', like),
    /** tl_strcmp(a, b, collation): -1, 0 or 1. */
    strict('tl_strcmp', (a: StoredValue, b: StoredValue, collation: Collation) =>
      BigInt(Math.sign(compareStrings(asText(a), asText(b), collation))),
    ),
    /** tl_locate(part, text, position, collation): from 1 on; 0 where it is not. */
    strict('tl_locate', locate),
    /** tl_find_in_set(text, list, collation): which of the comma list it is, or 0. */
    strict('tl_find_in_set', (text: StoredValue, list: StoredValue, collation: Collation) => {
      if (asText(list) === '') return 0n;
      const key = collationKey(asText(text), collation);
      const keys = asText(list)
        .split(',')
        .map((item) => collationKey(item, collation));
      return BigInt(keys.indexOf(key) + 1);
    }),
    /** tl_field(collation, text, a, b, …): which of them it equals, or 0; 0 for NULL. */
    scalar('tl_field', (collation: Collation, text: StoredValue, ...items: StoredValue[]) => {
      if (text === null) return 0n;
      const key = collationKey(asText(text), collation);
      const same = (item: StoredValue) =>
        item !== null && collationKey(asText(item), collation) === key;
      return BigInt(items.findIndex(same) + 1);
    }),
    /** tl_field_number(x, a, b, …): the same of numbers. */
    scalar('tl_field_number', (x: StoredValue, ...items: StoredValue[]) =>
      x === null ? 0n : BigInt(items.findIndex((i) => i !== null && Number(i) === Number(x)) + 1),
    ),
    /** tl_greatest(collation, a, b, …), tl_least(collation, a, b, …). */
    strict('tl_greatest', (collation: Collation, ...texts: StoredValue[]) =>
      extreme(texts.map(asText), (a, b) => compareStrings(a, b, collation) > 0),
    ),
    strict('tl_least', (collation: Collation, ...texts: StoredValue[]) =>
      extreme(texts.map(asText), (a, b) => compareStrings(a, b, collation) < 0),
    ),
    /** tl_agg_min(text, collation), tl_agg_max(text, collation): of a group, NULLs left out. */
    extremeAggregate('tl_agg_min', (order) => order < 0),
    extremeAggregate('tl_agg_max', (order) => order > 0),
  ];
}

/** LIKE, which remembers its last pattern: the rows of a statement all have the same. */
function likeFunction() {
  let test = (text: string): boolean => text === '';
  let last = { pattern: '', escape: '', collation: '' };
  return (...values: [StoredValue, StoredValue, string, Collation]): bigint => {
    const [text, like, escape, collation] = values;
    const pattern = asText(like);
    if (pattern !== last.pattern || escape !== last.escape || collation !== last.collation) {
      last = { pattern, escape, collation };
      test = likeTest(pattern, escape, collation);
    }
    return test(asText(text)) ? 1n : 0n;
  };
}

/** Bytes compare as characters of one byte each. */
function asText(value: StoredValue): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
}

function locate(
  part: StoredValue,
  text: StoredValue,
  position: bigint,
  collation: Collation,
): bigint {
  const [needle, subject] = [asText(part), asText(text)];
  const from = unitIndex(subject, Number(position) - 1);
  if (position < 1n || (position > 1n && from >= subject.length)) return 0n;
  const at = indexOf(subject, needle, { from, collation });
  return at < 0 ? 0n : BigInt(Array.from(subject.slice(0, at)).length + 1);
}

/**
 * Where the needle is, in UTF-16 units. MySQL compares it with pieces of as many bytes, so that
 * 'e' is not found in 'é', although they are equal.
 */
function indexOf(
  subject: string,
  needle: string,
  { from, collation }: { readonly from: number; readonly collation: Collation },
): number {
  if (collation !== 'utf8mb4_general_ci') return subject.indexOf(needle, from);
  const key = generalCiWeights(needle);
  const size = Buffer.byteLength(needle);
  for (let at = from; at <= subject.length; at++) {
    let end = at;
    let bytes = 0;
    while (bytes < size && end < subject.length) {
      const character = String.fromCodePoint(subject.codePointAt(end) ?? 0);
      bytes += Buffer.byteLength(character);
      end += character.length;
    }
    if (bytes === size && generalCiWeights(subject.slice(at, end)) === key) return at;
  }
  return -1;
}

function extreme(texts: readonly string[], isBefore: (a: string, b: string) => boolean): string {
  return texts.reduce((best, text) => (isBefore(text, best) ? text : best));
}

interface Best {
  text: string;
  key: Buffer;
}

function extremeAggregate(name: string, isBetter: (order: number) => boolean): SqlFunction {
  return {
    kind: 'aggregate',
    name,
    deterministic: true,
    start: () => null,
    step: (state, text = null, collation = null) => {
      const best = state as Best | null;
      if (text === null) return best;
      const key = Buffer.from(collationKey(asText(text), collation as Collation));
      if (best !== null && !isBetter(key.compare(best.key))) return best;
      return { text: asText(text), key };
    },
    result: (state) => (state as Best | null)?.text ?? null,
  };
}
