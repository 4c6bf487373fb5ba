// A column of every type with values at its edges, and how the MySQL client must see them.

import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import { storedOfDecimal, parseDecimal, type DecimalType } from '#shared/sql/decimal.ts';
import { must } from '#shared/assert.ts';

export interface TypeCase {
  readonly type: ColumnType;
  readonly value: StoredValue;
  /** As mysql2 gives it with dateStrings, supportBigNumbers and bigNumberStrings. */
  readonly expected: unknown;
  /** Type code, length and flags without NOT_NULL, as MySQL 8 describes such a column. */
  readonly code: number;
  readonly length: number;
  readonly charset: 'text' | 'binary';
}

const collation = 'utf8mb4_general_ci';

function dec(text: string, precision: number, scale: number): TypeCase {
  const type: DecimalType = { kind: 'decimal', precision, scale, unsigned: false };
  const value = storedOfDecimal(must(parseDecimal(text)), type);
  const length = precision + (scale > 0 ? 2 : 1);
  return { type, value, expected: text, code: 246, length, charset: 'binary' };
}

function int(bits: 8 | 16 | 24 | 32 | 64, unsigned: boolean, value: bigint): TypeCase {
  const codes = { 8: 1, 16: 2, 24: 9, 32: 3, 64: 8 };
  const lengths = unsigned
    ? { 8: 3, 16: 5, 24: 8, 32: 10, 64: 20 }
    : { 8: 4, 16: 6, 24: 9, 32: 11, 64: 20 };
  const expected = bits === 64 ? String(value) : Number(value);
  const type = { kind: 'integer', bits, unsigned } as const;
  return { type, value, expected, code: codes[bits], length: lengths[bits], charset: 'binary' };
}

function plain(
  type: ColumnType,
  value: StoredValue,
  wire: {
    readonly code: number;
    readonly length: number;
    readonly text?: boolean;
    expected?: unknown;
  },
): TypeCase {
  const { code, length } = wire;
  const expected = 'expected' in wire ? wire.expected : value;
  return { type, value, expected, code, length, charset: wire.text === true ? 'text' : 'binary' };
}

export const typeCases: readonly TypeCase[] = [
  int(8, false, -128n),
  int(8, true, 255n),
  int(16, false, -32_768n),
  int(16, true, 65_535n),
  int(24, false, -8_388_608n),
  int(24, true, 16_777_215n),
  int(32, false, -2_147_483_648n),
  int(32, true, 4_294_967_295n),
  int(64, false, -9_223_372_036_854_775_808n),
  int(64, true, 9_223_372_036_854_775_807n),
  dec('-12345.678', 10, 3),
  dec('0.00', 4, 2),
  dec('12345678901234567890.123456789', 30, 9),
  plain({ kind: 'float', unsigned: false }, 1.5, { code: 4, length: 12 }),
  plain({ kind: 'double', unsigned: false }, -1.25e100, { code: 5, length: 22 }),
  plain({ kind: 'year' }, 2024, { code: 13, length: 4 }),
  plain({ kind: 'bit', length: 10 }, 513n, {
    code: 16,
    length: 10,
    expected: Buffer.of(2, 1),
  }),
  plain({ kind: 'string', form: 'char', length: 10, collation }, 'äöü', {
    code: 254,
    length: 40,
    text: true,
  }),
  plain({ kind: 'string', form: 'varchar', length: 300, collation }, '\u{1f600}'.repeat(70), {
    code: 253,
    length: 1200,
    text: true,
  }),
  plain({ kind: 'string', form: 'text', length: 65_535, collation }, 'x'.repeat(70_000), {
    code: 252,
    length: 262_140,
    text: true,
  }),
  plain({ kind: 'string', form: 'longtext', length: 4_294_967_295, collation }, '', {
    code: 252,
    length: 4_294_967_295,
    text: true,
  }),
  plain({ kind: 'binary', form: 'binary', length: 4 }, new Uint8Array([0, 255, 1, 0]), {
    code: 254,
    length: 4,
    expected: Buffer.of(0, 255, 1, 0),
  }),
  plain({ kind: 'binary', form: 'varbinary', length: 255 }, new Uint8Array(251), {
    code: 253,
    length: 255,
    expected: Buffer.alloc(251),
  }),
  plain({ kind: 'binary', form: 'blob', length: 65_535 }, new Uint8Array(0), {
    code: 252,
    length: 65_535,
    expected: Buffer.alloc(0),
  }),
  plain({ kind: 'enum', members: ['a', 'bcd'], collation }, 2, {
    code: 254,
    length: 12,
    text: true,
    expected: 'bcd',
  }),
  plain({ kind: 'set', members: ['a', 'b', 'c'], collation }, 5n, {
    code: 254,
    length: 20,
    text: true,
    expected: 'a,c',
  }),
  plain({ kind: 'json' }, '{"a": [1, "ü"]}', {
    code: 245,
    length: 4_294_967_295,
    expected: { a: [1, 'ü'] },
  }),
  plain({ kind: 'date' }, '2024-02-29', { code: 10, length: 10 }),
  plain({ kind: 'datetime', fsp: 0 }, '2024-02-29 00:00:00', { code: 12, length: 19 }),
  plain({ kind: 'datetime', fsp: 6 }, '2024-02-29 23:59:59.000001', { code: 12, length: 26 }),
  plain({ kind: 'timestamp', fsp: 3 }, '2024-02-29 23:59:59.120', {
    code: 7,
    length: 23,
    expected: '2024-03-01 01:29:59.120',
  }),
  plain({ kind: 'time', fsp: 0 }, -3_020_399_000_000n, {
    code: 11,
    length: 10,
    expected: '-838:59:59',
  }),
  plain({ kind: 'time', fsp: 6 }, 1n, { code: 11, length: 17, expected: '00:00:00.000001' }),
  plain({ kind: 'null' }, null, { code: 6, length: 0 }),
];
