// SQLite functions that cut, join and fill strings: of TEXT by characters, of BLOB by bytes.

import { characterCount, concatenate, slice, toBytes, type Characters } from './characters.ts';
import { scalar, strict, type SqlFunction } from './sql-function.ts';

/** A longer result is NULL: max_allowed_packet. */
const RESULT_LENGTH_MAX = 64 * 1024 * 1024;

export const stringFunctions: readonly SqlFunction[] = [
  /** tl_substring(s, position [, length]): the first is 1; a negative position is from the end. */
  strict('tl_substring', (s: Characters, position: bigint, length?: bigint) =>
    substring(s, Number(position), length === undefined ? Infinity : Number(length)),
  ),
  strict('tl_left', (s: Characters, n: bigint) => slice(s, 0, Math.max(0, Number(n)))),
  strict('tl_right', (s: Characters, n: bigint) =>
    slice(s, Math.max(0, characterCount(s) - Math.max(0, Number(n)))),
  ),
  /** tl_lpad(s, length, fill), tl_rpad alike: cut when longer; NULL when it cannot be filled. */
  strict('tl_lpad', (s: Characters, n: bigint, fill: Characters) =>
    pad(s, { length: Number(n), fill }, (padding) => [padding, s]),
  ),
  strict('tl_rpad', (s: Characters, n: bigint, fill: Characters) =>
    pad(s, { length: Number(n), fill }, (padding) => [s, padding]),
  ),
  strict('tl_reverse', (s: Characters) =>
    typeof s === 'string' ? Array.from(s).reverse().join('') : s.slice().reverse(),
  ),
  strict('tl_repeat', (s: Characters, n: bigint) => repeat(s, Number(n))),
  strict('tl_space', (n: bigint) => repeat(' ', Number(n))),
  /** tl_insert(s, position, length, new): new instead of so many characters from there. */
  strict('tl_insert', (s: Characters, position: bigint, length: bigint, text: Characters) => {
    const count = characterCount(s);
    const from = Number(position) - 1;
    if (from < 0 || from >= count) return s;
    const rest = length < 0n ? count : Math.min(count, from + Number(length));
    return concatenate([slice(s, 0, from), text, slice(s, rest)]);
  }),
  /** tl_replace(s, from, to): every occurrence, by exact characters. */
  strict('tl_replace', (s: Characters, from: Characters, to: Characters) => replace(s, from, to)),
  /** tl_trim('both' | 'leading' | 'trailing', remove, s). */
  strict('tl_trim', (kind: string, remove: Characters, s: Characters) => trim(kind, remove, s)),
  strict('tl_upper', (s: Characters) => (typeof s === 'string' ? mapCase(s, upper) : s)),
  strict('tl_lower', (s: Characters) => (typeof s === 'string' ? mapCase(s, lower) : s)),
  /** tl_length(s): bytes. tl_char_length(s): characters. */
  strict('tl_length', (s: Characters) =>
    BigInt(typeof s === 'string' ? Buffer.byteLength(s) : s.length),
  ),
  strict('tl_char_length', (s: Characters) => BigInt(characterCount(s))),
  /** tl_concat(a, b, …): NULL when one is. tl_concat_ws(separator, …): NULLs are left out. */
  strict('tl_concat', (...parts: Characters[]) => concatenate(parts)),
  scalar('tl_concat_ws', (separator: Characters | null, ...parts: (Characters | null)[]) => {
    if (separator === null) return null;
    const present = parts.filter((part) => part !== null);
    return concatenate(present.flatMap((part, i) => (i === 0 ? [part] : [separator, part])));
  }),
  /** tl_elt(n, a, b, …): the n-th; NULL when there is none. */
  scalar('tl_elt', (n: bigint | null, ...texts: (Characters | null)[]) =>
    n === null || n < 1n ? null : (texts[Number(n) - 1] ?? null),
  ),
  /** tl_substring_index(s, delimiter, count): before the count-th; negative: from the end. */
  strict('tl_substring_index', (s: string, delimiter: string, count: bigint) =>
    substringIndex(String(s), String(delimiter), Number(count)),
  ),
  /** tl_ascii(s): the first byte. tl_ord(s): the bytes of the first character as one number. */
  strict('tl_ascii', (s: Characters) => BigInt(toBytes(s)[0] ?? 0)),
  strict('tl_ord', (s: Characters) => ord(s)),
  /** tl_char(i, …): the bytes of the numbers, as a BLOB; NULLs are left out. */
  scalar(
    'tl_char',
    (...numbers: (bigint | null)[]) =>
      new Uint8Array(numbers.flatMap((n) => (n === null ? [] : significantBytes(n)))),
  ),
  /** tl_quote(s): a literal; 'NULL' for NULL. */
  scalar('tl_quote', (s: string | null) => (s === null ? 'NULL' : quote(String(s)))),
  strict('tl_soundex', (s: string) => soundex(String(s))),
];

function substring(s: Characters, position: number, length: number): Characters {
  const count = characterCount(s);
  const from = position < 0 ? count + position : position - 1;
  const isEmpty = position === 0 || from < 0 || from >= count || length <= 0;
  return isEmpty ? slice(s, 0, 0) : slice(s, from, Math.min(count, from + length));
}

/** The string in that length: cut, or joined with what fills it up. */
function pad(
  s: Characters,
  { length, fill }: { readonly length: number; readonly fill: Characters },
  join: (padding: Characters) => readonly Characters[],
): Characters | null {
  if (length < 0 || length > RESULT_LENGTH_MAX) return null;
  const missing = length - characterCount(s);
  if (missing <= 0) return slice(s, 0, length);
  const size = characterCount(fill);
  if (size === 0) return null;
  const padding = repeat(fill, Math.ceil(missing / size));
  return padding === null ? null : concatenate(join(slice(padding, 0, missing)));
}

function repeat(s: Characters, count: number): Characters | null {
  if (count <= 0) return slice(s, 0, 0);
  if (s.length * count > RESULT_LENGTH_MAX) return null;
  if (typeof s === 'string') return s.repeat(count);
  return new Uint8Array(Buffer.alloc(s.length * count, s));
}

function replace(s: Characters, from: Characters, to: Characters): Characters {
  if (from.length === 0) return s;
  if (typeof s === 'string' && typeof from === 'string' && typeof to === 'string') {
    return s.replaceAll(from, () => to);
  }
  // As Latin-1 text a byte is a character.
  const [text, old, fresh] = [s, from, to].map((part) =>
    Buffer.from(toBytes(part)).toString('latin1'),
  );
  const replaced = (text ?? '').replaceAll(old ?? '', () => fresh ?? '');
  return new Uint8Array(Buffer.from(replaced, 'latin1'));
}

function trim(kind: string, remove: Characters, s: Characters): Characters {
  if (typeof s !== 'string' || typeof remove !== 'string') {
    const [text, cut] = [s, remove].map((part) => Buffer.from(toBytes(part)).toString('latin1'));
    return new Uint8Array(Buffer.from(String(trim(kind, cut ?? '', text ?? '')), 'latin1'));
  }
  if (remove === '') return s;
  let from = 0;
  let to = s.length;
  if (kind !== 'trailing') while (s.startsWith(remove, from) && from < to) from += remove.length;
  if (kind !== 'leading') {
    while (to - remove.length >= from && s.endsWith(remove, to)) to -= remove.length;
  }
  return s.slice(from, to);
}

/** Character by character: MySQL's letters never become two ('ß' stays). */
function mapCase(text: string, change: (character: string) => string): string {
  if (/^[\0-\x7f]*$/.test(text)) return change(text);
  let mapped = '';
  for (const character of text) {
    const changed = change(character);
    mapped += characterCount(changed) === 1 ? changed : character;
  }
  return mapped;
}

function upper(text: string): string {
  return text.toUpperCase();
}

function lower(text: string): string {
  return text.toLowerCase();
}

function substringIndex(s: string, delimiter: string, count: number): string {
  if (delimiter === '' || count === 0) return '';
  const parts = s.split(delimiter);
  return (count > 0 ? parts.slice(0, count) : parts.slice(count)).join(delimiter);
}

function ord(s: Characters): bigint {
  const bytes = typeof s === 'string' ? Buffer.from(s.slice(0, 2)) : s.slice(0, 1);
  const lead = bytes[0] ?? 0;
  const size = typeof s !== 'string' || lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return BigInt(`0x0${Buffer.from(bytes).toString('hex', 0, size)}`);
}

/** The bytes of a 32-bit number from the first that is not 0; of 0 one byte. */
function significantBytes(number: bigint): number[] {
  const hex = BigInt.asUintN(32, number).toString(16);
  return [...Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')];
}

function quote(text: string): string {
  const escaped = text.replace(/['\\\0\x1a]/g, (c) =>
    c === '\0' ? '\\0' : c === '\x1a' ? '\\Z' : `\\${c}`,
  );
  return `'${escaped}'`;
}

/** Letters by sound, '0' for what is silent. */
const SOUNDS = '01230120022455012623010202';

function soundex(text: string): string {
  const letters = [...text.toUpperCase()].filter((letter) => /\p{L}/u.test(letter));
  const first = letters[0];
  if (first === undefined) return '';
  let code = first;
  let last = soundOf(first);
  for (const letter of letters.slice(1)) {
    const sound = soundOf(letter);
    if (sound === '0' || sound === last) continue;
    code += sound;
    last = sound;
  }
  return code.padEnd(4, '0');
}

function soundOf(letter: string): string {
  const index = letter.charCodeAt(0) - 0x41;
  return index >= 0 && index < 26 ? (SOUNDS[index] ?? '0') : '0';
}
