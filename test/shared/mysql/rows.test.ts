// Rows as packets of both protocols: digits of whole numbers, and which values are NULL.

import test from 'ava';
import { writeBinaryRow } from '#shared/mysql/binary-row.ts';
import { PacketWriter } from '#shared/mysql/packet-writer.ts';
import { writeTextRow, type RowFormat } from '#shared/mysql/text-row.ts';
import type { ColumnType, Row } from '#shared/sql/column-type.ts';
import { UTC } from '#shared/sql/time-zone.ts';

const HEADER_BYTES = 4;
const bigint: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const tiny: ColumnType = { kind: 'integer', bits: 8, unsigned: false };

function formatOf(types: readonly ColumnType[]): RowFormat {
  return { types, zone: UTC, encoding: { encode: null } };
}

function payloadOf(
  write: typeof writeTextRow,
  row: Row,
  types: readonly ColumnType[],
): readonly number[] {
  const writer = new PacketWriter();
  write(writer, row, formatOf(types));
  return [...writer.bytes().subarray(HEADER_BYTES)];
}

test('a whole number is written as its digits, with their count before them', (t) => {
  const powers = Array.from({ length: 18 }, (_, exponent) => 10n ** BigInt(exponent));
  const edges = [0n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 63n - 1n];
  const near = [...powers, ...edges].flatMap((value) => [value - 1n, value, value + 1n]);
  for (const value of near.flatMap((each) => [each, -each])) {
    const digits = Buffer.from(value.toString());
    const expected = [digits.length, ...digits];
    t.deepEqual(payloadOf(writeTextRow, [value], [bigint]), expected, `${value}n`);
    if (!Number.isSafeInteger(Number(value))) continue;
    t.deepEqual(payloadOf(writeTextRow, [Number(value)], [bigint]), expected, `${value}`);
  }
  t.deepEqual(payloadOf(writeTextRow, [-0], [bigint]), [1, 48]);
});

test('a binary row has a bit for each value that is NULL, two bits late', (t) => {
  for (let columns = 1; columns <= 20; columns += 1) {
    const types = Array.from({ length: columns }, () => tiny);
    for (let pattern = 0; pattern < 60; pattern += 1) {
      const isNull = types.map((_, index) => (pattern * 2654435761 + index * index * 97) % 3 === 0);
      const row = isNull.map((absent, index) => (absent ? null : index));
      const bitmap = Array.from({ length: (columns + 9) >> 3 }, () => 0);
      isNull.forEach((absent, index) => {
        const at = (index + 2) >> 3;
        if (absent) bitmap[at] = (bitmap[at] ?? 0) + 2 ** ((index + 2) % 8);
      });
      const values = row.flatMap((value) => (value === null ? [] : [value]));
      t.deepEqual(payloadOf(writeBinaryRow, row, types), [0, ...bitmap, ...values]);
    }
  }
});
