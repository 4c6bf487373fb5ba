// A bound parameter's bytes to a value: every type code that a client may declare.

import { isUtf8 } from 'node:buffer';
import { databaseError } from '#shared/error.ts';
import { fitsDecimal, parseDecimal, storedOfDecimal, type Decimal } from '#shared/sql/decimal.ts';
import { storedInteger } from '#shared/sql/unsigned-integer.ts';
import { dateText, dateTimeText, type Moment } from '#shared/sql/temporal.ts';
import { MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND } from '#shared/sql/time-of-day.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';
import type { PayloadReader } from './payload-reader.ts';
import { singleByteCodec } from '#aggregator/single-byte-charsets.ts';
import { decodeText } from '#aggregator/text-encoding.ts';

/** A parameter's declared type: code and sign. */
export interface ParameterType {
  readonly code: number;
  readonly unsigned: boolean;
}

/** The type, and the character set that the client writes text in. */
export interface EncodedParameterType extends ParameterType {
  readonly charset: string;
}

const FSP = 6;

/** NULL, whatever type was declared. */
export const nullParameter: SourceValue = { type: { kind: 'null' }, value: null };

function integer(bits: 8 | 16 | 24 | 32 | 64, unsigned: boolean, value: bigint): SourceValue {
  return { type: { kind: 'integer', bits, unsigned }, value: storedInteger(value) };
}

function decimalValue(value: Decimal): SourceValue {
  const digits = value.unscaled.toString().replace('-', '').length;
  const precision = Math.max(digits, value.scale, 1);
  const type = { kind: 'decimal', precision, scale: value.scale, unsigned: false } as const;
  if (!fitsDecimal(value, type) || precision > 65 || value.scale > 30) {
    throw databaseError('wrongArguments', { command: 'mysqld_stmt_execute' });
  }
  return { type, value: storedOfDecimal(value, type) };
}

function decimalText(text: string): SourceValue {
  const parsed = parseDecimal(text);
  if (parsed === null) throw databaseError('wrongArguments', { command: 'mysqld_stmt_execute' });
  return decimalValue(parsed);
}

/** Text. Bytes that are no UTF-8 came from a driver that declares buffers as strings. */
function stringParameter(bytes: Buffer, charset: string): SourceValue {
  if (singleByteCodec(charset) === undefined && !isUtf8(bytes)) return binaryParameter(bytes);
  const value = decodeText(bytes, charset);
  const collation = 'utf8mb4_general_ci';
  const { length } = value;
  return { type: { kind: 'string', form: 'varchar', length, collation }, value };
}

/** Bytes, copied: the packet they came in is not kept. */
function binaryParameter(bytes: Buffer): SourceValue {
  const { length } = bytes;
  return { type: { kind: 'binary', form: 'varbinary', length }, value: new Uint8Array(bytes) };
}

function readMomentFields(reader: PayloadReader, length: number): Moment {
  const date = length >= 4;
  const year = date ? reader.uint16() : 0;
  const month = date ? reader.uint8() : 0;
  const day = date ? reader.uint8() : 0;
  const timed = length >= 7;
  const hour = timed ? reader.uint8() : 0;
  const minute = timed ? reader.uint8() : 0;
  const second = timed ? reader.uint8() : 0;
  const microsecond = length >= 11 ? reader.uint32() : 0;
  const fits = hour < 24 && minute < 60 && second < 60 && microsecond < MICROSECONDS_PER_SECOND;
  if (year > 9999 || month > 12 || day > 31 || !fits) {
    throw databaseError('wrongArguments', { command: 'mysqld_stmt_execute' });
  }
  return { year, month, day, hour, minute, second, microsecond };
}

function readMoment(reader: PayloadReader, asDate: boolean): SourceValue {
  const length = reader.uint8();
  if (length !== 0 && length !== 4 && length !== 7 && length !== 11) {
    throw databaseError('malformedPacket', {});
  }
  const moment = readMomentFields(reader, length);
  if (asDate) return { type: { kind: 'date' }, value: dateText(moment) };
  const fsp = moment.microsecond === 0 ? 0 : FSP;
  return { type: { kind: 'datetime', fsp }, value: dateTimeText(moment, fsp) };
}

function readTime(reader: PayloadReader): SourceValue {
  const length = reader.uint8();
  if (length === 0) return { type: { kind: 'time', fsp: 0 }, value: 0n };
  if (length !== 8 && length !== 12) throw databaseError('malformedPacket', {});
  const negative = reader.uint8() !== 0;
  const days = reader.uint32();
  const seconds = reader.uint8() * 3600 + reader.uint8() * 60 + reader.uint8();
  const fraction = length === 12 ? reader.uint32() : 0;
  const size = days * MICROSECONDS_PER_DAY + seconds * MICROSECONDS_PER_SECOND + fraction;
  const fsp = fraction === 0 ? 0 : FSP;
  return { type: { kind: 'time', fsp }, value: BigInt(negative ? -size : size) };
}

/** Reads one value that is not NULL. Throws unsupported for a code that no client sends. */
export function readParameter(reader: PayloadReader, type: EncodedParameterType): SourceValue {
  const { code, unsigned } = type;
  switch (code) {
    case 1:
      return integer(8, unsigned, BigInt(unsigned ? reader.uint8() : reader.int8()));
    case 2:
    case 13:
      return integer(16, unsigned, BigInt(unsigned ? reader.uint16() : reader.int16()));
    case 3:
    case 9:
      return integer(32, unsigned, BigInt(unsigned ? reader.uint32() : reader.int32()));
    case 8:
      return integer(64, unsigned, unsigned ? reader.uint64() : reader.int64());
    case 4:
      return { type: { kind: 'float', unsigned: false }, value: reader.float32() };
    case 5:
      return { type: { kind: 'double', unsigned: false }, value: reader.float64() };
    case 6:
      return nullParameter;
    case 0:
    case 246:
      return decimalText(reader.lengthEncodedBytes().toString('latin1'));
    case 7:
    case 12:
      return readMoment(reader, false);
    case 10:
      return readMoment(reader, true);
    case 11:
      return readTime(reader);
    case 16:
    case 249:
    case 250:
    case 251:
    case 252:
      return binaryParameter(reader.lengthEncodedBytes());
    case 15:
    case 245:
    case 247:
    case 248:
    case 253:
    case 254:
      return stringParameter(reader.lengthEncodedBytes(), type.charset);
    default:
      throw databaseError('unsupported', { what: `parameter of type ${code}` });
  }
}

/** What came by COM_STMT_SEND_LONG_DATA, under the type that the execution declared. */
export function longParameter(bytes: Buffer, type: EncodedParameterType): SourceValue {
  const isBinary = type.code === 16 || (type.code >= 249 && type.code <= 252);
  return isBinary ? binaryParameter(bytes) : stringParameter(bytes, type.charset);
}
