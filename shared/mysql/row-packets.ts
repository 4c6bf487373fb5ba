// Rows as the packets that a MySQL client reads: made where the rows are, passed on unread.

import { LruCache } from '#shared/sql/lru-cache.ts';
import { timeZone, UTC, type TimeZone } from '#shared/sql/time-zone.ts';
import type { ColumnType, Row } from '#shared/sql/column-type.ts';
import type { PacketBatch, PacketFormat } from '#shared/wire/packet-batch.ts';
import { writeBinaryRow } from './binary-row.ts';
import { PacketWriter } from './packet-writer.ts';
import { writeTextRow, type RowFormat } from './text-row.ts';

const utf8 = { encode: null };
/** Time zones of sessions that are remembered. */
const ZONES_MAX = 64;

/** Encodes into one buffer: a batch holds until the next one is made. */
export class RowPackets {
  readonly #writer = new PacketWriter();
  readonly #zones = new LruCache<string, TimeZone>(ZONES_MAX);

  /** The rows in the client's own protocol, in UTF-8, numbered from 0. */
  encode(rows: readonly Row[], columns: readonly ColumnType[], format: PacketFormat): PacketBatch {
    const writer = this.#writer;
    writer.reuse();
    writer.sequence = 0;
    const rowFormat: RowFormat = {
      types: columns,
      zone: this.#zone(columns, format),
      encoding: utf8,
    };
    const writeRow = format.protocol === 'text' ? writeTextRow : writeBinaryRow;
    for (const row of rows) writeRow(writer, row, rowFormat);
    return { packets: writer.bytes(), count: rows.length };
  }

  /** A zone costs more to look up than a row to write, and only timestamps have one. */
  #zone(columns: readonly ColumnType[], { timeZone: name }: PacketFormat): TimeZone {
    const isZoned = columns.some((type) => type.kind === 'timestamp');
    return isZoned ? this.#zones.get(name, () => timeZone(name)) : UTC;
  }
}
