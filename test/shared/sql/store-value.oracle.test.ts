// What a column of each type keeps of what is written to it, against MariaDB.

import test from 'ava';
import { DatabaseError } from '#shared/error.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import { parseDecimal, storedOfDecimal } from '#shared/sql/decimal.ts';
import { formatValue } from '#shared/sql/format-value.ts';
import { storeValue, type SourceValue } from '#shared/sql/store-value.ts';
import { UTC } from '#shared/sql/time-zone.ts';
import { must } from '#shared/assert.ts';
import type { MariadbOracle } from '#test/support/mariadb.ts';
import { oracleTests } from '#test/support/oracle-test.ts';

const withOracle = oracleTests(test);

const text: ColumnType = {
  kind: 'string',
  form: 'longtext',
  length: 1_000_000,
  collation: 'utf8mb4_general_ci',
};

const enumType: ColumnType = {
  kind: 'enum',
  members: ['a', 'b', '2'],
  collation: 'utf8mb4_general_ci',
};
const setType: ColumnType = { kind: 'set', members: ['a', 'b'], collation: 'utf8mb4_general_ci' };
const integers = [
  '0',
  '-1',
  '1',
  '127',
  '128',
  '255',
  '256',
  '-129',
  '65536',
  '2147483648',
  '20240105',
];
const decimals = ['0.5', '1.5', '2.5', '-2.5', '0.005', '999.994', '999.995', '1234.56', '-0.001'];
const doubles = ['0.5e0', '1.5e0', '2.5e0', '-2.5e0', '1e10', '1e39', '1.005e0', '20240105e0'];
const texts = [
  '',
  ' ',
  'abc',
  '12',
  ' 12 ',
  '12abc',
  '1.5',
  '2.5',
  '-3',
  '1e2',
  '1e400',
  'a,b',
  'b',
  'A ',
  'ä',
  'abcd',
  'abc   ',
  '2',
  '99',
  '+7',
  '.5',
  '0x10',
  'a,a',
  'a,c',
  '😀',
  'äöü',
  'äöüß',
];
const moments = [
  '2024-01-05',
  '2024-1-5',
  '20240105',
  '240105',
  '24-1-5',
  '70-1-1',
  '2024-02-30',
  '2024-01-05 10:11:12',
  '2024-01-05T10:11:12',
  '2024-01-05 10:11:12.9999999',
  '2024-01-05 10',
  '2024-01-05 10:11',
  '20240105101112',
  '240105101112',
  '20240105101112.5',
  '2024/01/05',
  '2024.01.05',
  '2024-01-05 25:00:00',
  '2024-01-05 10:60:00',
  '2024-13-01',
  '0000-00-00',
  '2024-00-00',
  '2024-01-00',
  '0000-00-00 00:00:00',
  '2024-01-05abc',
  '2024-01-05 10:11:12abc',
  'abc',
  '1969-12-31 23:59:59',
  '1970-01-01 00:00:01',
  '2038-01-19 03:14:07',
  '2038-01-19 03:14:08',
  '9999-12-31 23:59:59.9',
  '2024-12-31 23:59:59.999999',
  '12:30',
  '12:30:45',
  '12:30:45.678',
  '-12:30:45',
  '123045',
  '1 2:3:4',
  '838:59:59',
  '839:00:00',
  '-838:59:59.5',
  '12:60',
  '12',
  '1230',
  '100:00',
  '0:0:0.0000005',
  '1:2:3:4',
  ' 2024-01-05 ',
  '2024-01-05  10:11:12',
  '2024-1-5 1:2:3',
  '10000-01-01',
  '2024-01',
  '24:00:00',
];

/** Columns with the literals that are written to them. */
const columns: readonly (readonly [string, ColumnType, readonly string[]])[] = [
  ['tinyint', integer(8, false), [...integers, ...decimals, ...doubles, ...quoted(texts)]],
  ['tinyint unsigned', integer(8, true), [...integers, ...decimals, ...doubles, ...quoted(texts)]],
  ['smallint', integer(16, false), [...integers, ...doubles]],
  ['mediumint', integer(24, false), [...integers, ...doubles]],
  ['int', integer(32, false), [...integers, ...decimals, ...doubles, ...quoted(texts)]],
  ['bigint', integer(64, false), [...integers, ...doubles, ...quoted(texts)]],
  ['decimal(5,2)', decimalType(5, 2), [...integers, ...decimals, ...doubles, ...quoted(texts)]],
  ['decimal(30,10)', decimalType(30, 10), [...integers, ...decimals, ...doubles, ...quoted(texts)]],
  [
    'double',
    { kind: 'double', unsigned: false },
    [...integers, ...decimals, ...doubles, ...quoted(texts)],
  ],
  [
    'float',
    { kind: 'float', unsigned: false },
    [...integers, ...decimals, ...doubles, ...quoted(texts)],
  ],
  ['double unsigned', { kind: 'double', unsigned: true }, [...integers, ...decimals]],
  ['bit(4)', { kind: 'bit', length: 4 }, [...integers, ...quoted(['', 'a', '\u0001'])]],
  [
    'year',
    { kind: 'year' },
    [
      ...integers,
      '1900',
      '1901',
      '2155',
      '2156',
      '69',
      '70',
      '99',
      '100',
      ...quoted(['0', '00', '0000', '69', '70', '2024', 'abc', '']),
    ],
  ],
  ['char(3)', stringType('char', 3), [...integers, ...decimals, ...doubles, ...quoted(texts)]],
  [
    'varchar(3)',
    stringType('varchar', 3),
    [...integers, ...decimals, ...doubles, ...quoted(texts)],
  ],
  [
    'tinytext',
    stringType('tinytext', 255),
    [...decimals, ...quoted([...texts, `${'ä'.repeat(127)}ab`])],
  ],
  ['binary(3)', { kind: 'binary', form: 'binary', length: 3 }, quoted(texts)],
  [
    'varbinary(3)',
    { kind: 'binary', form: 'varbinary', length: 3 },
    [...integers, ...quoted(texts)],
  ],
  ["enum('a','b','2')", enumType, [...integers, ...quoted(texts)]],
  ["set('a','b')", setType, [...integers, ...quoted(texts)]],
  [
    'date',
    { kind: 'date' },
    [...integers, '101', '691231', '700101', '99991232', '20240105.5', ...quoted(moments)],
  ],
  [
    'datetime',
    { kind: 'datetime', fsp: 0 },
    [...integers, '20240105101112', '240105101112', '20240105101112.5', ...quoted(moments)],
  ],
  ['datetime(6)', { kind: 'datetime', fsp: 6 }, ['20240105101112.5', ...quoted(moments)]],
  ['timestamp null', { kind: 'timestamp', fsp: 0 }, quoted(moments)],
  [
    'time',
    { kind: 'time', fsp: 0 },
    [
      ...integers,
      '123045',
      '123045.5',
      '126100',
      '8385959',
      '8385960',
      '20240105101112',
      '-123045',
      ...quoted(moments),
    ],
  ],
  ['time(3)', { kind: 'time', fsp: 3 }, ['123045.5678', ...quoted(moments)]],
];

for (const strict of [true, false]) {
  for (const [definition, type, literals] of columns) {
    withOracle(
      `store-value: ${definition}, ${strict ? 'strict' : 'not strict'}`,
      async (t, oracle) => {
        const mode = strict ? 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE' : '';
        await oracle.query(`SET sql_mode = '${mode},NO_BACKSLASH_ESCAPES,TIME_ROUND_FRACTIONAL'`);
        await oracle.query(`CREATE OR REPLACE TABLE kept (c ${definition})`);
        const differences: string[] = [];
        for (const literal of literals) {
          if (differsByDesign(definition, literal, strict)) continue;
          const theirs = await keptByMariadb(oracle, literal, type);
          const ours = keptByUs(literal, { type, strict });
          if (ours !== theirs) differences.push(`${literal}: ${theirs}, ours: ${ours}`);
        }
        t.deepEqual(differences, []);
      },
    );
  }
}

/** Where MySQL is not MariaDB, and we go with MySQL. */
function differsByDesign(definition: string, literal: string, strict: boolean): boolean {
  // A double in a short CHAR loses digits until it fits, in both; here it is too long.
  if (/char/.test(definition) && /^-?[\d.]+e/.test(literal)) return true;
  // A number beyond TIME is out of range, and not a date whose time is 0. TIME has no fraction at
  // its ends, a zero moment has the time 0.
  if (definition.startsWith('time') && !definition.startsWith('timestamp')) {
    const beyond = ['20240105', '2147483648', '8385960', '839:00:00', '-838:59:59.5'];
    if (beyond.includes(literal.replaceAll("'", ''))) return true;
    if (literal === "'0000-00-00 00:00:00'") return true;
  }
  // A moment that rounds past the last day, and a time where a date should be.
  if (/^datetime/.test(definition) && /9999-12-31|0:0:0/.test(literal)) return true;
  // Signs before a SET's number.
  return definition.startsWith('set') && /^'[+-]/.test(literal) && !strict;
}

async function keptByMariadb(
  oracle: MariadbOracle,
  literal: string,
  type: ColumnType,
): Promise<string> {
  await oracle.query('TRUNCATE TABLE kept');
  const errno = await oracle.errno(`INSERT INTO kept VALUES (${literal})`);
  if (errno !== 0) return `error ${errno}`;
  const inBytes = type.kind === 'string' || type.kind === 'binary';
  const [row] = await oracle.query(`SELECT ${inBytes ? 'HEX(c)' : 'c'} FROM kept`);
  return String(row?.[0] ?? 'NULL');
}

function keptByUs(
  literal: string,
  { type, strict }: { type: ColumnType; strict: boolean },
): string {
  try {
    const column = { name: 'c', type, nullable: true };
    const context = { row: 1, strict, timeZone: UTC, warn: () => undefined };
    const value = storeValue(column, sourceOf(literal), context);
    return value === null ? 'NULL' : printed(value, type);
  } catch (error) {
    if (error instanceof DatabaseError) return `error ${error.errno}`;
    throw error;
  }
}

function printed(value: Exclude<StoredValue, null>, type: ColumnType): string {
  const result = formatValue(value, type);
  if (type.kind === 'string' || type.kind === 'binary') {
    return Buffer.from(result).toString('hex').toUpperCase();
  }
  return typeof result === 'string' ? result : Buffer.from(result).toString('latin1');
}

function sourceOf(literal: string): SourceValue {
  if (literal.startsWith("'")) return { type: text, value: literal.slice(1, -1) };
  if (/e/.test(literal))
    return { type: { kind: 'double', unsigned: false }, value: Number(literal) };
  if (/^-?\d+$/.test(literal)) return { type: integer(64, false), value: BigInt(literal) };
  const value = must(parseDecimal(literal));
  const type = decimalType(18, value.scale);
  return { type, value: storedOfDecimal(value, type) };
}

function quoted(values: readonly string[]): string[] {
  return values.map((value) => `'${value}'`);
}

function integer(bits: 8 | 16 | 24 | 32 | 64, unsigned: boolean): ColumnType {
  return { kind: 'integer', bits, unsigned };
}

function decimalType(precision: number, scale: number) {
  return { kind: 'decimal', precision, scale, unsigned: false } as const;
}

function stringType(form: 'char' | 'varchar' | 'tinytext', length: number): ColumnType {
  return { kind: 'string', form, length, collation: 'utf8mb4_general_ci' };
}
