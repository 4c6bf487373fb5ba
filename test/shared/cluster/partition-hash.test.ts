// The hash is frozen: these slots must never change, or rows would be looked for elsewhere.

import test from 'ava';
import { must } from '#shared/assert.ts';
import { hash32, partitionOfSlot, SLOT_COUNT, slotOf } from '#shared/cluster/partition-hash.ts';
import type { ColumnType, Row } from '#shared/sql/column-type.ts';
import { parseDecimal, storedOfDecimal } from '#shared/sql/decimal.ts';

const int: ColumnType = { kind: 'integer', bits: 32, unsigned: false };
const narrow = { kind: 'decimal', precision: 10, scale: 2, unsigned: false } as const;
const wide = { kind: 'decimal', precision: 30, scale: 2, unsigned: false } as const;
const double: ColumnType = { kind: 'double', unsigned: false };
const text: ColumnType = {
  kind: 'string',
  form: 'varchar',
  length: 10,
  collation: 'utf8mb4_general_ci',
};
const exactText: ColumnType = { ...text, collation: 'utf8mb4_bin' };
const bytes: ColumnType = { kind: 'binary', form: 'varbinary', length: 2 };

test('partition-hash: the hash is XXH32 with seed 0', (t) => {
  const digest = (input: string) => hash32(Buffer.from(input)).toString(16);
  t.is(digest(''), '2cc5d05');
  t.is(digest('a'), '550d7456');
  t.is(digest('abc'), '32d153ff');
  t.is(digest('Nobody inspects the spammish repetition'), 'e2293b2f');
});

test('partition-hash: slots are frozen', (t) => {
  const frozen: readonly (readonly [Row, readonly ColumnType[], number])[] = [
    [[1n], [int], 2903574596],
    [[-7n], [int], 3526753328],
    [[100n], [narrow], 2903574596],
    [[storedOfDecimal(must(parseDecimal('1.50')), wide)], [wide], 3525774476],
    [[1.5], [double], 3525774476],
    [['Anna'], [text], 1864672758],
    [['ánná  '], [text], 1864672758],
    [['Anna'], [exactText], 2999837047],
    [[null], [int], 3479547966],
    [[1n, 'a'], [int, text], 3513458340],
    [[new Uint8Array([0, 255])], [bytes], 1149926202],
    [['2024-01-05'], [{ kind: 'date' }], 1786083837],
    [['2024-01-05 00:00:00.500'], [{ kind: 'datetime', fsp: 3 }], 1471420461],
    [[45_000_000_000n], [{ kind: 'time', fsp: 0 }], 2522985267],
    [['x'.repeat(40)], [exactText], 56073396],
  ];
  for (const [values, types, slot] of frozen) t.is(slotOf(values, types), slot, String(values));
});

test('partition-hash: the slot of any integer is the hash of its canonical bytes', (t) => {
  const unsigned: ColumnType = { kind: 'integer', bits: 64, unsigned: true };
  const edges = [0n, 7n, 10n, 2n ** 53n, 2n ** 63n - 1n, 10n ** 40n].flatMap((n) => [n, -n]);
  for (const value of [...edges, -(2n ** 63n)]) {
    const digits = Buffer.from(value.toString());
    const expected = hash32(Buffer.concat([Buffer.from([1, digits.length, 0, 0, 0]), digits]));
    for (const type of [int, unsigned]) t.is(slotOf([value], [type]), expected, `${value}`);
    if (value === BigInt(Number(value)) && Number.isSafeInteger(Number(value))) {
      t.is(slotOf([Number(value)], [int]), expected, `${value}`);
    }
  }
  t.is(slotOf([-0], [int]), slotOf([0n], [int]));
});

test('partition-hash: equal keys have equal slots, whatever their types', (t) => {
  t.is(slotOf([2], [int]), slotOf([2n], [int]));
  t.is(slotOf([200n], [narrow]), slotOf([2n], [int]));
  t.is(slotOf([2], [double]), slotOf([2n], [int]));
  t.is(slotOf([-0], [double]), slotOf([0n], [int]));
  t.is(slotOf([1e-7], [double]), slotOf([1n], [{ ...narrow, scale: 7 }]));
  t.is(slotOf(['a'], [text]), slotOf(['Ä '], [text]));
  t.is(slotOf(['a'], [exactText]), slotOf(['a '], [exactText]));
  const moment = { kind: 'datetime', fsp: 0 } as const;
  const stored = '2024-01-05 10:00:00';
  t.is(slotOf([`${stored}.000`], [{ ...moment, fsp: 3 }]), slotOf([stored], [moment]));
});

test('partition-hash: the borders between the values of a key count', (t) => {
  t.not(slotOf(['ab', 'c'], [exactText, exactText]), slotOf(['a', 'bc'], [exactText, exactText]));
  t.not(slotOf([null, 1n], [int, int]), slotOf([1n, null], [int, int]));
});

test('partition-hash: the ranges of the partitions hold each slot once', (t) => {
  for (const count of [1, 2, 3, 7, 8, 16, 100]) {
    const from = (ordinal: number) => Math.ceil((ordinal * SLOT_COUNT) / count);
    for (let ordinal = 0; ordinal < count; ordinal++) {
      t.is(partitionOfSlot(from(ordinal), count), ordinal);
      t.is(partitionOfSlot(from(ordinal + 1) - 1, count), ordinal);
    }
  }
});
