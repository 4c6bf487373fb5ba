// One row of the text protocol: each value as MySQL prints it, with its length before it.

import { formatValue } from '#shared/sql/format-value.ts';
import { timestampInZone, type TimeZone } from '#shared/sql/time-zone.ts';
import type { ColumnType, Row, StoredValue } from '#shared/sql/column-type.ts';
import type { PacketWriter } from './packet-writer.ts';

const NULL_VALUE = 0xfb;

/** What the rows of one result are written by. */
export interface RowFormat {
  readonly types: readonly ColumnType[];
  readonly zone: TimeZone;
  /** `encode` is null for UTF-8, which needs no translation. */
  readonly encoding: { readonly encode: ((text: string) => Uint8Array) | null };
}

/** The value's text or bytes, length-encoded: text rows, and binary rows of such types. */
export function writeFormatted(
  writer: PacketWriter,
  value: Exclude<StoredValue, null>,
  type: ColumnType,
  format: RowFormat,
): void {
  const { encode } = format.encoding;
  // What most values are takes the shortest way.
  if (encode === null && type.kind === 'string') return writer.lengthEncodedText(value as string);
  const formatted =
    type.kind === 'timestamp'
      ? timestampInZone(String(value), format.zone, type.fsp)
      : formatValue(value, type);
  if (typeof formatted !== 'string') writer.lengthEncodedBytes(formatted);
  else if (encode === null) writer.lengthEncodedText(formatted);
  else writer.lengthEncodedBytes(encode(formatted));
}

/** ProtocolText::ResultsetRow. */
export function writeTextRow(writer: PacketWriter, row: Row, format: RowFormat): void {
  writer.start();
  const { types } = format;
  for (let index = 0; index < types.length; index += 1) {
    const value = row[index] ?? null;
    const type = types[index];
    if (value === null || type === undefined) writer.uint8(NULL_VALUE);
    else if (type.kind === 'integer' && (typeof value === 'number' || typeof value === 'bigint'))
      writer.lengthEncodedWhole(value);
    else writeFormatted(writer, value, type, format);
  }
  writer.finish();
}
