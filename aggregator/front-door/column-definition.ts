// A result's column as MySQL describes it: type code, length, flags, decimals, character set.
//
// Drivers decide by these numbers what a value becomes (a number, a date, bytes, a boolean), so
// they are MySQL 8's own, measured where the manual is silent.

import { unreachable } from '#shared/assert.ts';
import type { Collation, ColumnType } from '#shared/sql/column-type.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { TextEncoding } from '#aggregator/text-encoding.ts';
import type { PacketWriter } from '#shared/mysql/packet-writer.ts';

/** The type codes of the protocol (enum_field_types). */
const fieldType = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  bit: 16,
  json: 245,
  newdecimal: 246,
  blob: 252,
  varString: 253,
  string: 254,
} as const;

/** Column flags (…_FLAG). */
const flag = {
  notNull: 1,
  primaryKey: 2,
  blob: 16,
  unsigned: 32,
  zerofill: 64,
  binary: 128,
  enumeration: 256,
  autoIncrement: 512,
  set: 2048,
} as const;

const BINARY_CHARSET_ID = 63;
const UTF8MB4_BYTES_MAX = 4;
/** Decimals of FLOAT and DOUBLE: as many as it takes. */
const NOT_FIXED = 31;
const LENGTH_MAX = 0xffff_ffff;

/** What the protocol says of a type. */
interface WireType {
  readonly code: number;
  /** Characters times the bytes of the longest one, or the display width. */
  readonly length: number;
  readonly decimals: number;
  readonly flags: number;
  /** True for text, which comes in the client's character set; else it is binary. */
  readonly text: boolean;
}

function wire(code: number, length: number, more: Partial<WireType> = {}): WireType {
  return {
    code,
    length: Math.min(length, LENGTH_MAX),
    decimals: 0,
    flags: 0,
    text: false,
    ...more,
  };
}

const integerTypes = {
  8: { code: fieldType.tiny, signed: 4, unsigned: 3 },
  16: { code: fieldType.short, signed: 6, unsigned: 5 },
  24: { code: fieldType.int24, signed: 9, unsigned: 8 },
  32: { code: fieldType.long, signed: 11, unsigned: 10 },
  64: { code: fieldType.longlong, signed: 20, unsigned: 20 },
} as const;

function integerType(type: Extract<ColumnType, { kind: 'integer' }>): WireType {
  const entry = integerTypes[type.bits];
  const width = type.unsigned ? entry.unsigned : entry.signed;
  const length = type.boolean === true ? 1 : width;
  return wire(entry.code, length, { flags: type.unsigned ? flag.unsigned : 0 });
}

function decimalType(type: Extract<ColumnType, { kind: 'decimal' }>): WireType {
  const length = type.precision + (type.scale > 0 ? 1 : 0) + (type.unsigned ? 0 : 1);
  const flags = type.unsigned ? flag.unsigned : 0;
  return wire(fieldType.newdecimal, length, { decimals: type.scale, flags });
}

const textForms = {
  char: { code: fieldType.string, flags: 0 },
  varchar: { code: fieldType.varString, flags: 0 },
  tinytext: { code: fieldType.blob, flags: flag.blob },
  text: { code: fieldType.blob, flags: flag.blob },
  mediumtext: { code: fieldType.blob, flags: flag.blob },
  longtext: { code: fieldType.blob, flags: flag.blob },
  binary: { code: fieldType.string, flags: flag.binary },
  varbinary: { code: fieldType.varString, flags: flag.binary },
  tinyblob: { code: fieldType.blob, flags: flag.blob | flag.binary },
  blob: { code: fieldType.blob, flags: flag.blob | flag.binary },
  mediumblob: { code: fieldType.blob, flags: flag.blob | flag.binary },
  longblob: { code: fieldType.blob, flags: flag.blob | flag.binary },
} as const;

function binaryFlag(collation: Collation): number {
  return collation === 'utf8mb4_general_ci' ? 0 : flag.binary;
}

function longest(members: readonly string[]): number {
  return members.reduce((length, member) => Math.max(length, [...member].length), 0);
}

function membersType(type: Extract<ColumnType, { kind: 'enum' | 'set' }>): WireType {
  const all = type.members.reduce((length, member) => length + [...member].length + 1, -1);
  const characters = type.kind === 'enum' ? longest(type.members) : Math.max(all, 0);
  const flags = (type.kind === 'enum' ? flag.enumeration : flag.set) | binaryFlag(type.collation);
  return wire(fieldType.string, characters * UTF8MB4_BYTES_MAX, { flags, text: true });
}

function temporalType(code: number, width: number, fsp: number): WireType {
  const length = width + (fsp > 0 ? fsp + 1 : 0);
  return wire(code, length, { decimals: fsp, flags: flag.binary });
}

function wireType(type: ColumnType): WireType {
  switch (type.kind) {
    case 'null':
      return wire(fieldType.null, 0, { flags: flag.binary });
    case 'integer':
      return integerType(type);
    case 'decimal':
      return decimalType(type);
    case 'float':
    case 'double': {
      const code = type.kind === 'float' ? fieldType.float : fieldType.double;
      const flags = type.unsigned ? flag.unsigned : 0;
      return wire(code, type.kind === 'float' ? 12 : 22, { decimals: NOT_FIXED, flags });
    }
    case 'bit':
      return wire(fieldType.bit, type.length, { flags: flag.unsigned });
    case 'year':
      return wire(fieldType.year, 4, { flags: flag.unsigned | flag.zerofill });
    case 'string': {
      const { code, flags } = textForms[type.form];
      const length = type.length * UTF8MB4_BYTES_MAX;
      return wire(code, length, { flags: flags | binaryFlag(type.collation), text: true });
    }
    case 'binary': {
      const { code, flags } = textForms[type.form];
      return wire(code, type.length, { flags });
    }
    case 'enum':
    case 'set':
      return membersType(type);
    case 'json':
      return wire(fieldType.json, LENGTH_MAX, { flags: flag.blob | flag.binary });
    case 'date':
      return temporalType(fieldType.date, 10, 0);
    case 'datetime':
      return temporalType(fieldType.datetime, 19, type.fsp);
    case 'timestamp':
      return temporalType(fieldType.timestamp, 19, type.fsp);
    case 'time':
      return temporalType(fieldType.time, 10, type.fsp);
    default:
      return unreachable(type);
  }
}

function columnFlags(column: ResultColumn, type: WireType): number {
  let flags = type.flags;
  if (!column.nullable) flags |= flag.notNull;
  if (column.primaryKey) flags |= flag.primaryKey;
  if (column.autoIncrement) flags |= flag.autoIncrement;
  // A computed number has the binary collation; a column's number has none.
  if (column.originalTable === '' && !type.text) flags |= flag.binary;
  return flags;
}

/**
 * Protocol::ColumnDefinition41. `encoding` is what the client reads text in. With
 * `defaultValue` (COM_FIELD_LIST) a NULL default follows.
 */
export function writeColumnDefinition(
  writer: PacketWriter,
  column: ResultColumn,
  options: { readonly encoding: TextEncoding; readonly defaultValue?: boolean },
): void {
  const { charsetId, encode } = options.encoding;
  const name = (text: string) => {
    if (encode === null) writer.lengthEncodedText(text);
    else writer.lengthEncodedBytes(encode(text));
  };
  const type = wireType(column.type);
  writer.start();
  writer.lengthEncodedText('def');
  name(column.database);
  name(column.table);
  name(column.originalTable);
  name(column.name);
  name(column.originalName);
  writer.lengthEncoded(0x0c);
  writer.uint16(type.text ? charsetId : BINARY_CHARSET_ID);
  writer.uint32(type.length);
  writer.uint8(type.code);
  writer.uint16(columnFlags(column, type));
  writer.uint8(type.decimals);
  writer.zeros(2);
  if (options.defaultValue === true) writer.uint8(0xfb);
  writer.finish();
}
