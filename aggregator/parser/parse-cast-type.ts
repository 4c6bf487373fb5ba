// The type that CAST and CONVERT name.

import type { CastType } from './ast-query.ts';
import type { TokenReader } from './token-reader.ts';

/** The precision of CAST(x AS DECIMAL). */
const DECIMAL_PRECISION = 10;

/** The type's words, of which the first is the current token. */
export function parseCastType(reader: TokenReader): CastType {
  const { at } = reader;
  const word = reader.anyWord();
  switch (word) {
    case 'binary':
      return { kind: 'binary', length: parseLength(reader) };
    case 'char':
    case 'character':
      return parseChar(reader, null);
    case 'nchar':
      return parseChar(reader, 'utf8mb3');
    case 'national':
      if (!reader.acceptWord('char')) reader.expectWord('character');
      return parseChar(reader, 'utf8mb3');
    case 'signed':
    case 'unsigned':
      if (!reader.acceptWord('integer')) reader.acceptWord('int');
      return { kind: word };
    case 'date':
    case 'year':
    case 'json':
      return { kind: word };
    case 'datetime':
    case 'time':
      return { kind: word, fsp: parseLength(reader) ?? 0 };
    case 'decimal':
    case 'dec':
      return parseDecimal(reader);
    case 'float':
      return { kind: (parseLength(reader) ?? 0) > 24 ? 'double' : 'float' };
    case 'double':
      reader.acceptWord('precision');
      return { kind: 'double' };
    case 'real':
      return { kind: reader.options.realAsFloat ? 'float' : 'double' };
    default:
      throw reader.syntaxErrorAt(at);
  }
}

function parseLength(reader: TokenReader): number | null {
  if (!reader.acceptOperator('(')) return null;
  const length = reader.integer();
  reader.expectOperator(')');
  return length;
}

function parseChar(reader: TokenReader, nationalCharset: string | null): CastType {
  const length = parseLength(reader);
  let charset = nationalCharset;
  if (reader.acceptWords('character set') || reader.acceptWord('charset')) {
    charset = reader.charsetName();
  } else if (reader.acceptOneOf(['ascii', 'byte', 'unicode'] as const) !== null) {
    charset = null;
  }
  const collation = reader.acceptWord('binary') ? 'utf8mb4_bin' : null;
  return { kind: 'char', length, charset, collation };
}

function parseDecimal(reader: TokenReader): CastType {
  if (!reader.acceptOperator('(')) {
    return { kind: 'decimal', precision: DECIMAL_PRECISION, scale: 0 };
  }
  const precision = reader.integer();
  const scale = reader.acceptOperator(',') ? reader.integer() : 0;
  reader.expectOperator(')');
  return { kind: 'decimal', precision, scale };
}
