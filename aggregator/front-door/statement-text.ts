// The text of a statement from a client's bytes, without loss of the bytes in its strings.
//
// Clients write binary values as they are between quotes (`_binary'…'`), and those bytes are no
// text of the client's character set. Such strings become hex literals of the same bytes.

import { isUtf8 } from 'node:buffer';
import { unescapeString } from '#aggregator/parser/unescape-string.ts';
import { singleByteCodec } from '#aggregator/single-byte-charsets.ts';
import { decodeText } from '#aggregator/text-encoding.ts';

const REPLACEMENT = '\ufffd';
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const BACKSLASH = 92;
const BACKTICK = 96;

/** What decides how a statement is cut into strings. */
export interface StatementTextOptions {
  /** As @@character_set_client names it. */
  readonly charset: string;
  readonly noBackslashEscapes: boolean;
  /** Double quotes are around names. */
  readonly ansiQuotes: boolean;
}

/** `options` is asked only for a statement whose bytes are not all text. */
export function statementText(
  bytes: Buffer,
  charset: string,
  options: () => Omit<StatementTextOptions, 'charset'>,
): string {
  const text = decodeText(bytes, charset);
  if (singleByteCodec(charset) !== undefined) {
    const hasBinary = /_binary\s*['"]/i.test(text) && bytes.some((byte) => byte > 127);
    return hasBinary ? withHexStrings(bytes, { ...options(), charset }) : text;
  }
  if (!text.includes(REPLACEMENT) || isUtf8(bytes)) return text;
  return withHexStrings(bytes, { ...options(), charset });
}

/** A comment or something in quotes; the offsets of the bytes are those of the characters. */
const pieces = /--(?=[\s\0-\x1f]|$)[^\n]*|#[^\n]*|\/\*[^]*?(?:\*\/|$)|['"`]/g;

function withHexStrings(bytes: Buffer, options: StatementTextOptions): string {
  const source = bytes.toString('latin1');
  const parts: string[] = [];
  let copied = 0;
  const search = new RegExp(pieces);
  for (let found = search.exec(source); found !== null; found = search.exec(source)) {
    const quote = source.charCodeAt(found.index);
    if (quote !== SINGLE_QUOTE && quote !== DOUBLE_QUOTE && quote !== BACKTICK) continue;
    const isString = quote === SINGLE_QUOTE || (quote === DOUBLE_QUOTE && !options.ansiQuotes);
    const escapes = isString && !options.noBackslashEscapes;
    const end = closingQuote(source, { from: found.index, quote, escapes });
    search.lastIndex = end + 1;
    const before = source.slice(Math.max(0, found.index - 20), found.index);
    if (!isString || !isLost(bytes.subarray(found.index, end + 1), before, options)) continue;
    parts.push(decodeText(bytes.subarray(copied, found.index), options.charset));
    const value = unescapeString(source.slice(found.index + 1, end), quote, escapes);
    const introducer = /_\w+\s*$/.test(before) ? ' ' : ' _binary ';
    parts.push(`${introducer}x'${Buffer.from(value, 'latin1').toString('hex')}'`);
    copied = end + 1;
  }
  parts.push(decodeText(bytes.subarray(copied), options.charset));
  return parts.join('');
}

/** Whether decoding the string would change its bytes. `before`: what stands in front of it. */
function isLost(string: Buffer, before: string, { charset }: StatementTextOptions): boolean {
  if (singleByteCodec(charset) === undefined) return !isUtf8(string);
  return /_binary\s*$/i.test(before) && string.some((byte) => byte > 127);
}

/** Where the quote that closes stands, or the end of the text. */
function closingQuote(
  source: string,
  { from, quote, escapes }: { from: number; quote: number; escapes: boolean },
): number {
  for (let at = from + 1; at < source.length; at += 1) {
    const code = source.charCodeAt(at);
    if (code === BACKSLASH && escapes) at += 1;
    else if (code === quote) {
      if (source.charCodeAt(at + 1) !== quote) return at;
      at += 1;
    }
  }
  return source.length;
}
