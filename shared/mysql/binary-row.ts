// One row of the binary protocol, which answers prepared statements: values in machine form.

import { MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND } from '#shared/sql/time-of-day.ts';
import { readMoment } from '#shared/sql/temporal.ts';
import { timestampInZone } from '#shared/sql/time-zone.ts';
import { integerOfStored } from '#shared/sql/unsigned-integer.ts';
import type { ColumnType, Row, StoredValue } from '#shared/sql/column-type.ts';
import type { PacketWriter } from './packet-writer.ts';
import { writeFormatted, type RowFormat } from './text-row.ts';

/** The NULL bitmap of a row begins two bits late. */
const BITMAP_OFFSET = 2;

function writeNullBitmap(writer: PacketWriter, row: Row, columns: number): void {
  const bits = columns + BITMAP_OFFSET;
  for (let first = 0; first < bits; first += 8) {
    let byte = 0;
    const end = Math.min(first + 8, bits);
    for (let bit = Math.max(first, BITMAP_OFFSET); bit < end; bit += 1) {
      if ((row[bit - BITMAP_OFFSET] ?? null) === null) byte |= 1 << (bit - first);
    }
    writer.uint8(byte);
  }
}

/** ProtocolBinary::ResultsetRow. */
export function writeBinaryRow(writer: PacketWriter, row: Row, format: RowFormat): void {
  const { types } = format;
  writer.start();
  writer.uint8(0);
  writeNullBitmap(writer, row, types.length);
  for (let index = 0; index < types.length; index += 1) {
    const value = row[index] ?? null;
    const type = types[index];
    if (value !== null && type !== undefined) writeBinaryValue(writer, value, type, format);
  }
  writer.finish();
}

function writeBinaryValue(
  writer: PacketWriter,
  value: Exclude<StoredValue, null>,
  type: ColumnType,
  format: RowFormat,
): void {
  switch (type.kind) {
    case 'integer':
      return writeInteger(writer, value, type.bits);
    case 'year':
      return writer.uint16(Number(value));
    case 'float':
      return writer.float32(Number(value));
    case 'double':
      return writer.float64(Number(value));
    case 'date':
    case 'datetime':
      return writeMoment(writer, String(value));
    case 'timestamp':
      return writeMoment(writer, timestampInZone(String(value), format.zone, type.fsp));
    case 'time':
      return writeTime(writer, Number(value));
    case 'null':
    case 'decimal':
    case 'bit':
    case 'string':
    case 'binary':
    case 'enum':
    case 'set':
    case 'json':
      return writeFormatted(writer, value, type, format);
  }
}

function writeInteger(
  writer: PacketWriter,
  value: Exclude<StoredValue, null>,
  bits: 8 | 16 | 24 | 32 | 64,
): void {
  if (bits === 64) return writer.uint64(integerOfStored(value));
  const number = Number(value);
  if (bits === 8) return writer.uint8(number & 0xff);
  if (bits === 16) return writer.uint16(number & 0xffff);
  writer.uint32(number >>> 0);
}

/** 0, 4, 7 or 11 bytes: as much as is not zero. */
function writeMoment(writer: PacketWriter, stored: string): void {
  const moment = readMoment(stored);
  const { year, month, day, hour, minute, second, microsecond } = moment;
  const timed = hour !== 0 || minute !== 0 || second !== 0;
  const dated = year !== 0 || month !== 0 || day !== 0;
  const length = microsecond !== 0 ? 11 : timed ? 7 : dated ? 4 : 0;
  writer.uint8(length);
  if (length === 0) return;
  writer.uint16(year);
  writer.uint8(month);
  writer.uint8(day);
  if (length === 4) return;
  writer.uint8(hour);
  writer.uint8(minute);
  writer.uint8(second);
  if (length === 11) writer.uint32(microsecond);
}

/** 0, 8 or 12 bytes: sign, days, hours, minutes, seconds, microseconds. */
function writeTime(writer: PacketWriter, microseconds: number): void {
  const size = Math.abs(microseconds);
  const fraction = size % MICROSECONDS_PER_SECOND;
  if (size === 0) return writer.uint8(0);
  const seconds = Math.floor((size % MICROSECONDS_PER_DAY) / MICROSECONDS_PER_SECOND);
  writer.uint8(fraction === 0 ? 8 : 12);
  writer.uint8(microseconds < 0 ? 1 : 0);
  writer.uint32(Math.floor(size / MICROSECONDS_PER_DAY));
  writer.uint8(Math.floor(seconds / 3600));
  writer.uint8(Math.floor(seconds / 60) % 60);
  writer.uint8(seconds % 60);
  if (fraction !== 0) writer.uint32(fraction);
}
