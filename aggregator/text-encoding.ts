// The character set that a client writes and reads: UTF-8 as it is, the others by translation.

import { charsetNamed, collationById, collationNamed } from './charset.ts';

/** How text goes to one client and comes from it. */
export interface TextEncoding {
  /** What column descriptions name as the character set of text. */
  readonly charsetId: number;
  /** Null: UTF-8, which needs no translation. */
  readonly encode: ((text: string) => Uint8Array) | null;
}

const QUESTION_MARK = 0x3f;
/** windows-1252 is what MySQL calls latin1. Undefined bytes map to themselves, as in MySQL. */
const latin1Decoder = new TextDecoder('windows-1252');

const latin1Codes: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, code): readonly [string, number] => [
    latin1Decoder.decode(Uint8Array.of(code)),
    code,
  ]),
);

function encodeLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => latin1Codes.get(character) ?? QUESTION_MARK);
}

function encodeAscii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) =>
    character <= '\u007f' ? character.charCodeAt(0) : QUESTION_MARK,
  );
}

/** Characters of four bytes, which utf8mb3 does not have. */
const beyondUtf8mb3 = /[\u{10000}-\u{10ffff}]/gu;

function encodeUtf8mb3(text: string): Uint8Array {
  return Buffer.from(text.replace(beyondUtf8mb3, '?'), 'utf8');
}

/**
 * The encoding of results. `name` is @@character_set_results (null: none), `loginCharsetId` what
 * the client opened with, whose very collation is named back to it.
 */
export function resultEncoding(name: string | null, loginCharsetId: number): TextEncoding {
  const charset = name === null ? 'utf8mb4' : charsetNamed(name).name;
  const opened = collationById(loginCharsetId);
  const fallback =
    charset === 'binary' ? 'utf8mb4_general_ci' : charsetNamed(charset).defaultCollation;
  const { id } =
    opened.charset === charset && charset !== 'binary' ? opened : collationNamed(fallback);
  if (charset === 'latin1') return { charsetId: id, encode: encodeLatin1 };
  if (charset === 'ascii') return { charsetId: id, encode: encodeAscii };
  if (charset === 'utf8mb3') return { charsetId: id, encode: encodeUtf8mb3 };
  return { charsetId: id, encode: null };
}

/** The text of bytes in a character set, by its name. What is no text becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, charset: string): string {
  if (charset === 'latin1') return latin1Decoder.decode(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
