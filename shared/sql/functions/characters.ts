// A text as its characters, or bytes as theirs: what the string functions count.

/** TEXT is counted by characters (code points), BLOB by bytes. */
export type Characters = string | Uint8Array;

const SURROGATE = /[\ud800-\udfff]/;

/** CHAR_LENGTH of text, LENGTH of bytes. */
export function characterCount(value: Characters): number {
  if (typeof value !== 'string' || !SURROGATE.test(value)) return value.length;
  let count = 0;
  for (const _ of value) count++;
  return count;
}

/** The characters from `from` (0 is the first) up to and without `to`. */
export function slice(value: Characters, from: number, to?: number): Characters {
  if (typeof value !== 'string') return value.slice(from, to);
  if (!SURROGATE.test(value)) return value.slice(from, to);
  return Array.from(value).slice(from, to).join('');
}

/** The parts one after the other: bytes as soon as one of them is bytes. */
export function concatenate(parts: readonly Characters[]): Characters {
  if (parts.every((part) => typeof part === 'string')) return parts.join('');
  const bytes = Buffer.concat(parts.map((part) => toBytes(part)));
  return new Uint8Array(bytes);
}

export function toBytes(value: Characters): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

/** The index in UTF-16 units of character `index`. */
export function unitIndex(text: string, index: number): number {
  if (!SURROGATE.test(text)) return Math.min(index, text.length);
  let units = 0;
  let count = 0;
  for (const character of text) {
    if (count >= index) break;
    units += character.length;
    count++;
  }
  return units;
}
