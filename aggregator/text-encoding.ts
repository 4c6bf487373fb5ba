// The character set that a client writes and reads: UTF-8 as it is, the others by translation.

import { singleByteCodec } from './single-byte-charsets.ts';
import { charsetNamed, collationById, collationNamed } from './charset.ts';

/** How text goes to one client and comes from it. */
export interface TextEncoding {
  /** What column descriptions name as the character set of text. */
  readonly charsetId: number;
  /** Null: UTF-8, which needs no translation. */
  readonly encode: ((text: string) => Uint8Array) | null;
}

const QUESTION_MARK = 0x3f;

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
  const codec = singleByteCodec(charset);
  if (codec !== undefined) return { charsetId: id, encode: codec.encode };
  if (charset === 'ascii') return { charsetId: id, encode: encodeAscii };
  if (charset === 'utf8mb3') return { charsetId: id, encode: encodeUtf8mb3 };
  return { charsetId: id, encode: null };
}

/** The text of bytes in a character set, by its name. What is no text becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, charset: string): string {
  const codec = singleByteCodec(charset);
  if (codec !== undefined) return codec.decode(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
