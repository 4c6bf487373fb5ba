// CAST against MariaDB's.

import test from 'ava';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { typeText } from '#shared/sql/type-text.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { sameAnswers, type Question } from '#test/support/same-answers.ts';

const withOracle = oracleTests(test);

const text: ColumnType = { kind: 'string', form: 'varchar', length: 99, collation: 'utf8mb4_bin' };
const bigint: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const double: ColumnType = { kind: 'double', unsigned: false };
const decimal: ColumnType = { kind: 'decimal', precision: 10, scale: 2, unsigned: false };

/** MySQL literal, stored form, type. */
const sources: readonly (readonly [string, string, ColumnType])[] = [
  ...[
    '1abc',
    'abc',
    '',
    '  12',
    '2.7',
    '-3.9',
    '1e3',
    '2024-01-05 10:11:12.9',
    '20240105',
    '10:11:12',
    '10:11',
    '2024-02-30',
    'ä',
  ].map((s) => [`'${s}'`, `'${s}'`, text] as const),
  ...['0', '42', '-7', '20240105', '101112'].map((s) => [s, s, bigint] as const),
  ...['2.5', '-1.005', '1e10', '42.9'].map(
    (s) => [`${s}e0`.replace('e10e0', 'e10'), `cast(${s} as real)`, double] as const,
  ),
  ['2.50', '250', decimal],
  ['-1.75', '-175', decimal],
  ["cast('2024-01-05' as date)", "'2024-01-05'", { kind: 'date' }],
  [
    "cast('2024-01-05 10:11:12' as datetime)",
    "'2024-01-05 10:11:12'",
    { kind: 'datetime', fsp: 0 },
  ],
  ["cast('10:11:12' as time)", '36672000000', { kind: 'time', fsp: 0 }],
];

const targets: readonly (readonly [string, ColumnType])[] = [
  ['signed', bigint],
  ['decimal(10,1)', { ...decimal, scale: 1 }],
  ['double', double],
  ['char(4)', { ...text, length: 4 }],
  ['char', text],
  ['date', { kind: 'date' }],
  ['datetime', { kind: 'datetime', fsp: 0 }],
  ['datetime(3)', { kind: 'datetime', fsp: 3 }],
  ['time', { kind: 'time', fsp: 0 }],
  ['time(1)', { kind: 'time', fsp: 1 }],
];

for (const [name, target] of targets) {
  withOracle(`convert functions: CAST AS ${name}`, async (t, oracle) => {
    await oracle.query("SET sql_mode = 'NO_ZERO_DATE,NO_ZERO_IN_DATE,TIME_ROUND_FRACTIONAL'");
    const questions = sources
      // A number beyond TIME is out of range in MySQL; MariaDB makes a date of it.
      .filter(([mysql]) => !(mysql.includes('20240105') && name.startsWith('time')))
      // A time of day becomes a moment of today, which only the caller knows.
      .filter(([, , from]) => !(from.kind === 'time' && /date/.test(name)))
      .map(([mysql, stored, from]): Question => {
        const [source, result] = [typeText(from), typeText(target)];
        const cast = `tl_cast(${stored}, '${source}', '${result}', 'UTC')`;
        return [`cast(${mysql} as ${name})`, `tl_text(${cast}, '${result}')`];
      });
    await sameAnswers(t, oracle, questions);
  });
}
