// MySQL's string functions.

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { Collation, ColumnType } from '#shared/sql/column-type.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import {
  BIGINT,
  call,
  integerConstant,
  isNullConstant,
  nullConstant,
  nullableCall,
  textConstant,
  varbinary,
  varchar,
} from './build.ts';
import { aggregateCollation } from './collation-rule.ts';
import { asBits, asDouble, asInteger, asText, convert, withNumbers } from './convert.ts';
import {
  argument,
  direct,
  special,
  type FunctionFamily,
  type Parts,
} from './function-definition.ts';
import { displayLength, isNumber, isReal } from './result-type.ts';

const LONG = Number.MAX_SAFE_INTEGER;

/** Text of the arguments' collation, or bytes where one of them is bytes. */
export function textType(parts: Parts, length: number): ColumnType {
  if (parts.some((part) => part.type.kind === 'binary')) return varbinary(length);
  return varchar(length, aggregateCollation(parts, 'concat'));
}

function sameText(parts: Parts): ColumnType {
  const first = argument(parts, 0);
  return textType([first], displayLength(first.type));
}

/** Text of any length, by the collations of the text among the arguments. */
function longText(parts: Parts): ColumnType {
  return textType(
    parts.filter((part) => part.type.kind === 'string' || part.type.kind === 'binary'),
    LONG,
  );
}

/** ASCII text that a function makes, of at most that many characters. */
function ascii(length: number): (parts: Parts) => ColumnType {
  return () => varchar(length);
}

/** All of them as text, or all as bytes where one is bytes. */
function alike(parts: Parts, scope: ResolveScope): Parts {
  const texts = parts.map((part) => asText(part, scope));
  if (!texts.some((part) => part.type.kind === 'binary')) return texts;
  return texts.map((part) => (part.type.kind === 'binary' ? part : toBytes(part)));
}

function toBytes(part: TypedExpression): TypedExpression {
  if (part.kind === 'constant' && typeof part.value === 'string') {
    const bytes = Uint8Array.from(Buffer.from(part.value));
    return { ...part, value: bytes, type: varbinary(bytes.length) };
  }
  return call('cast blob', [part], varbinary(displayLength(part.type) * 4));
}

/** CONCAT: NULL when an argument is. */
export function concat(parts: Parts, scope: ResolveScope): TypedExpression {
  const texts = alike(parts, scope);
  const length = texts.reduce((sum, part) => sum + displayLength(part.type), 0);
  const type = textType(texts, Math.min(length, LONG));
  if (texts.some(isNullConstant)) return nullConstant(type);
  const joined = call('||', texts, type);
  return type.kind === 'binary' ? call('cast blob', [joined], type) : joined;
}

function concatWithSeparator(parts: Parts, scope: ResolveScope): TypedExpression {
  const texts = alike(parts, scope);
  const type = textType(texts, LONG);
  return call('tl_concat_ws', texts, type, { nullable: argument(texts, 0).nullable });
}

/** A call that takes the collation by which its texts compare as `place`-th argument. */
function collated(
  name: string,
  texts: Parts,
  others: Parts,
  place: 'first' | 'last',
): TypedExpression {
  const collation = textConstant(aggregateCollation(texts, name));
  const parts = [...texts, ...others];
  return nullableCall(
    name,
    place === 'first' ? [collation, ...parts] : [...parts, collation],
    BIGINT,
  );
}

function locate(parts: Parts, scope: ResolveScope): TypedExpression {
  const [needle, text] = alike(parts.slice(0, 2), scope);
  const from = parts[2] === undefined ? integerConstant(1) : asInteger(parts[2], scope);
  return collated('tl_locate', [must(needle), must(text)], [from], 'last');
}

/** FIELD: its first argument among the others, all as text, or all as numbers. */
function field(parts: Parts, scope: ResolveScope): TypedExpression {
  if (!parts.every((part) => isNumber(part.type) || part.type.kind === 'null')) {
    const texts = parts.map((part) => asText(part, scope));
    const collation = textConstant(aggregateCollation(texts, 'field'));
    return call('tl_field', [collation, ...texts], BIGINT, { nullable: false });
  }
  const [operand, ...others] = parts.map((part) => asDouble(part, scope));
  return {
    kind: 'case',
    branches: others.map((other, i) => ({
      when: call('=', [must(operand), other], BIGINT),
      then: integerConstant(i + 1),
    })),
    otherwise: integerConstant(0),
    type: BIGINT,
    nullable: false,
  };
}

function hex(parts: Parts, scope: ResolveScope): TypedExpression {
  const part = argument(parts, 0);
  if (isNumber(part.type)) return nullableCall('tl_hex_int', [asBits(part, scope)], varchar(16));
  const source = asText(part, scope);
  return nullableCall('tl_hex', [source], varchar(displayLength(source.type) * 8));
}

function trimmed(kind: 'leading' | 'trailing'): FunctionFamily[string] {
  return special(1, 1, (parts, scope) => trim(kind, null, argument(parts, 0), scope));
}

/** TRIM, of spaces where `remove` is null. */
export function trim(
  kind: 'both' | 'leading' | 'trailing',
  remove: TypedExpression | null,
  operand: TypedExpression,
  scope: ResolveScope,
): TypedExpression {
  const [removed, source] = alike([remove ?? textConstant(' '), operand], scope);
  const type = textType([must(source)], displayLength(must(source).type));
  return nullableCall('tl_trim', [textConstant(kind), must(removed), must(source)], type);
}

/** CHAR(65, 66): bytes, or text of a character set. */
export function char(
  parts: Parts,
  collation: Collation | null,
  scope: ResolveScope,
): TypedExpression {
  const codes = parts.filter((part) => !isNullConstant(part)).map((part) => asInteger(part, scope));
  const bytes = nullableCall('tl_char', codes, varbinary(codes.length * 4));
  if (collation === null || collation === 'binary') return bytes;
  return convert(bytes, varchar(codes.length * 4, collation), scope);
}

function format(parts: Parts, scope: ResolveScope): TypedExpression {
  if (parts.length > 2) throw databaseError('unsupported', { what: 'FORMAT with a locale' });
  const [number, places] = [argument(parts, 0), asInteger(argument(parts, 1), scope)];
  if (number.type.kind === 'decimal') {
    const { scale } = number.type;
    return nullableCall('tl_format_decimal', withNumbers([number, scale, places]), varchar(100));
  }
  if (isNumber(number.type) && !isReal(number.type)) {
    return nullableCall('tl_format_decimal', withNumbers([number, 0, places]), varchar(100));
  }
  return nullableCall('tl_format_double', [asDouble(number, scope), places], varchar(100));
}

/** A function of two texts that compare by a collation, which comes after them. */
function compared(name: string): FunctionFamily[string] {
  return special(2, 2, (parts, scope) => collated(name, alike(parts, scope), [], 'last'));
}

const charLength = direct('tl_char_length', 't', BIGINT);
const byteLength = direct('tl_length', 't', BIGINT);
const substring = direct('tl_substring', 'ti?i', sameText);
const lower = direct('tl_lower', 't', sameText);
const upper = direct('tl_upper', 't', sameText);
const sha1 = direct('tl_sha1', 't', varchar(40));

export const stringFunctions: FunctionFamily = {
  concat: special(1, Infinity, concat),
  concat_ws: special(2, Infinity, concatWithSeparator),
  length: byteLength,
  octet_length: byteLength,
  bit_length: special(1, 1, (parts, scope) =>
    call('*', [byteLength.resolve(parts, scope), integerConstant(8)], BIGINT),
  ),
  char_length: charLength,
  character_length: charLength,
  lower,
  lcase: lower,
  upper,
  ucase: upper,
  substring,
  substr: substring,
  mid: direct('tl_substring', 'tii', sameText),
  left: direct('tl_left', 'ti', sameText),
  right: direct('tl_right', 'ti', sameText),
  lpad: direct('tl_lpad', 'tit', longText),
  rpad: direct('tl_rpad', 'tit', longText),
  locate: special(2, 3, locate),
  position: special(2, 2, locate),
  instr: special(2, 2, ([text, needle], scope) => locate([must(needle), must(text)], scope)),
  substring_index: direct('tl_substring_index', 'tti', sameText),
  reverse: direct('tl_reverse', 't', sameText),
  repeat: direct('tl_repeat', 'ti', longText),
  space: direct('tl_space', 'i', () => varchar(LONG)),
  insert: direct('tl_insert', 'tiit', longText),
  replace: direct('tl_replace', 'ttt', longText),
  ltrim: trimmed('leading'),
  rtrim: trimmed('trailing'),
  elt: direct('tl_elt', 'it*', longText),
  field: special(2, Infinity, field),
  find_in_set: compared('tl_find_in_set'),
  strcmp: compared('tl_strcmp'),
  soundex: direct('tl_soundex', 't', longText),
  quote: special(1, 1, (parts, scope) => {
    const source = asText(argument(parts, 0), scope);
    const quoted = nullableCall('tl_quote', [source], textType([source], LONG));
    return call('coalesce', [quoted, textConstant('NULL')], quoted.type, { nullable: false });
  }),
  ascii: direct('tl_ascii', 't', BIGINT),
  ord: direct('tl_ord', 't', BIGINT),
  hex: special(1, 1, hex),
  unhex: direct('tl_unhex', 't', varbinary(65_535)),
  md5: direct('tl_md5', 't', varchar(32)),
  sha: sha1,
  sha1,
  sha2: direct('tl_sha2', 'ti', varchar(128)),
  to_base64: direct('tl_to_base64', 't', ascii(LONG)),
  from_base64: direct('tl_from_base64', 't', varbinary(LONG)),
  make_set: direct('tl_make_set', 'bt*', longText),
  export_set: special(3, 5, (parts, scope) => {
    const [bits, on, off, separator, count] = parts;
    const texts = [must(on), must(off), separator ?? textConstant(',')];
    const all = [
      asBits(must(bits), scope),
      ...texts.map((part) => asText(part, scope)),
      asInteger(count ?? integerConstant(64), scope),
    ];
    return nullableCall('tl_export_set', all, varchar(LONG));
  }),
  format: special(2, 3, format),
  crc32: direct('tl_crc32', 't', BIGINT),
  inet_aton: direct('tl_inet_aton', 't', BIGINT),
  inet_ntoa: direct('tl_inet_ntoa', 'i', varchar(15)),
  inet6_aton: direct('tl_inet6_aton', 't', varbinary(16)),
  inet6_ntoa: direct('tl_inet6_ntoa', 't', varchar(39)),
  is_ipv4: direct('tl_is_ipv4', 't', BIGINT),
  is_ipv6: direct('tl_is_ipv6', 't', BIGINT),
  is_uuid: direct('tl_is_uuid', 't', BIGINT),
  uuid_to_bin: special(1, 2, ([uuid, swap], scope) =>
    nullableCall(
      'tl_uuid_to_bin',
      [asText(must(uuid), scope), asInteger(swap ?? integerConstant(0), scope)],
      varbinary(16),
    ),
  ),
  bin_to_uuid: special(1, 2, ([bytes, swap], scope) =>
    nullableCall(
      'tl_bin_to_uuid',
      [asText(must(bytes), scope), asInteger(swap ?? integerConstant(0), scope)],
      varchar(36),
    ),
  ),
  uuid: special(0, 0, () => call('tl_uuid', [], varchar(36))),
};
