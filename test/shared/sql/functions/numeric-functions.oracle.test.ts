// Numbers, exact and not, against MariaDB's.

import test from 'ava';
import { doubleText, floatText } from '#shared/sql/double-text.ts';
import { formatDecimal, parseDecimal } from '#shared/sql/decimal.ts';
import {
  addDecimals,
  divideDecimals,
  moduloDecimals,
  multiplyDecimals,
  rescale,
  roundDecimal,
  subtractDecimals,
  truncateDecimal,
} from '#shared/sql/decimal.ts';
import { must } from '#shared/assert.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { sameAnswers, type Question } from '#test/support/same-answers.ts';

const withOracle = oracleTests(test);

const numbers = [
  '0',
  '1',
  '-1',
  '2.5',
  '-2.5',
  '0.001',
  '123456789.987654321',
  '99999999999999999999',
  '-0.5',
  '1.10',
  '3',
  '-7',
  '0.3333',
  '12345678901234567890.123456789',
  '10',
];

withOracle('decimals: arithmetic gives the digits of MariaDB', async (t, oracle) => {
  const differences: string[] = [];
  for (const left of numbers) {
    for (const right of numbers) {
      const [a, b] = [must(parseDecimal(left)), must(parseDecimal(right))];
      const scale = Math.min(38, a.scale + 4);
      const quotient = divideDecimals(a, b, scale);
      const remainder = moduloDecimals(a, b);
      const ours = [
        formatDecimal(addDecimals(a, b)),
        formatDecimal(subtractDecimals(a, b)),
        formatDecimal(multiplyDecimals(a, b)),
        quotient && formatDecimal(quotient),
        remainder && formatDecimal(remainder),
      ];
      const [row] = await oracle.query(
        ['+', '-', '*', '/', '%']
          .map((o) => `(${left}) ${o} (${right})`)
          .join(', ')
          .replace(/^/, 'SELECT '),
      );
      // MariaDB keeps the sign of a remainder of zero; MySQL does not.
      const theirs = row?.map((text) => text?.replace(/^-(?=0\.?0*$)/, '') ?? null);
      if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
        differences.push(`${left} ${right}: ${String(ours)} / ${String(theirs)}`);
      }
    }
  }
  t.deepEqual(differences, []);
});

withOracle('decimals: rounding and cutting', async (t, oracle) => {
  const differences: string[] = [];
  for (const number of numbers) {
    for (const places of [-3, -1, 0, 1, 2, 5]) {
      const value = must(parseDecimal(number));
      const ours = [roundDecimal(value, places), truncateDecimal(value, places)].map((result) =>
        formatDecimal(rescale(result, Math.max(0, places))),
      );
      const [row] = await oracle.query(
        `SELECT ROUND(${number}, ${places}), TRUNCATE(${number}, ${places})`,
      );
      // MariaDB pads a decimal with zeros to the places asked for; MySQL does not.
      const theirs = row?.map((text) =>
        formatDecimal(rescale(must(parseDecimal(String(text))), Math.max(0, places))),
      );
      if (String(ours) !== String(theirs))
        differences.push(`${number} ${places}: ${ours} / ${row}`);
    }
  }
  t.deepEqual(differences, []);
});

withOracle('doubles: their text is that of MariaDB', async (t, oracle) => {
  const doubles = [
    0,
    1,
    -1,
    0.1,
    1 / 3,
    1e14,
    1e15,
    123456789012345680,
    1e-4,
    1e-5,
    1.5e-10,
    1e-15,
    1e-16,
    1.7976931348623157e308,
    5e-324,
    123456.789,
    1e22,
    -1.5e-7,
    100,
    12345678901234.567,
    999999999999999,
    0.1 + 0.2,
    2 ** 53,
    1.2345678901234567e-9,
    1234567890123456.7,
  ];
  await oracle.query('CREATE OR REPLACE TABLE doubles (i INT, d DOUBLE, f FLOAT)');
  for (const [i, double] of doubles.entries()) {
    const float = Math.abs(double) > 3e38 ? 0 : double;
    await oracle.query(
      `INSERT INTO doubles VALUES (${i}, ${double.toExponential()}, ${float.toExponential()})`,
    );
  }
  const rows = await oracle.query('SELECT d, f FROM doubles ORDER BY i');
  const ours = doubles.map((double) => [
    doubleText(double),
    floatText(Math.fround(Math.abs(double) > 3e38 ? 0 : double)),
  ]);
  t.deepEqual(ours, rows as string[][]);
});

withOracle('numeric functions', async (t, oracle) => {
  const same = (mysql: string, sqlite: string): Question => [mysql, sqlite];
  await sameAnswers(t, oracle, [
    same('9223372036854775807 + 1', 'tl_add(9223372036854775807, 1)'),
    same('-9223372036854775807 - 2', 'tl_sub(-9223372036854775807, 2)'),
    same('9223372036854775807 * 2', 'tl_mul(9223372036854775807, 2)'),
    same('7 DIV 2', 'tl_int_div(7, 2)'),
    same('-7 DIV 2', 'tl_int_div(-7, 2)'),
    same('7 DIV 0', 'tl_int_div(7, 0)'),
    same('5.5e0 % 2', 'tl_mod_double(5.5, 2)'),
    same('round(2.5e0)', 'tl_round(2.5, 0)'),
    same('round(3.5e0)', 'tl_round(3.5, 0)'),
    same('round(-2.5e0)', 'tl_round(-2.5, 0)'),
    same('round(1.45e0, 1)', 'tl_round(1.45, 1)'),
    same('round(1234.567e0, -2)', 'tl_round(1234.567, -2)'),
    same('truncate(1.999e0, 1)', 'tl_truncate(1.999, 1)'),
    same('truncate(-1.999e0, 1)', 'tl_truncate(-1.999, 1)'),
    same('truncate(199e0, -2)', 'tl_truncate(199.0, -2)'),
    same('round(1255, -1)', 'tl_int_round(1255, -1)'),
    same('truncate(1255, -1)', 'tl_int_truncate(1255, -1)'),
    same('pow(2, 10)', 'tl_pow(2, 10)'),
    same('pow(10, 400)', 'tl_pow(10, 400)'),
    same('exp(1)', 'tl_exp(1)'),
    same('exp(1000)', 'tl_exp(1000)'),
    same('log(2, 8)', 'tl_log(2, 8)'),
    same('log(1, 8)', 'tl_log(1, 8)'),
    same('log(2, 0)', 'tl_log(2, 0)'),
    same('ln(0)', 'ln(0)'),
    same('sqrt(-1)', 'sqrt(-1)'),
    same("'12abc' + 0", "tl_number('12abc')"),
    same("'abc' + 0", "tl_number('abc')"),
    same("' 1.5e2x' + 0", "tl_number(' 1.5e2x')"),
    same("'-.5' + 0", "tl_number('-.5')"),
    same("conv('a', 16, 2)", "tl_conv('a', 16, 2)"),
    same("conv('6E', 18, 8)", "tl_conv('6E', 18, 8)"),
    same('conv(-17, 10, -18)', "tl_conv('-17', 10, -18)"),
    same("conv('zz', 10, 2)", "tl_conv('zz', 10, 2)"),
    same("conv('ff', 16, 37)", "tl_conv('ff', 16, 37)"),
    same('bin(12)', 'tl_bin(12)'),
    same('bin(-1)', 'tl_bin(-1)'),
    same('oct(12)', 'tl_oct(12)'),
    same('hex(255)', 'tl_hex_int(255)'),
    same('cast(~5 as signed)', 'tl_bits(tl_from_bits(~5))'),
    same('1 << 63', 'tl_decimal_text(tl_from_bits(1 << 63), 0)'),
    same('1 << 10', 'tl_shift_left(1, 10)'),
    same('1 << 64', 'tl_shift_left(1, 64)'),
    same('-1 >> 1', 'tl_shift_right(-1, 1)'),
    same('bit_count(-1)', 'tl_bit_count(-1)'),
    same('format(1234567.891, 2)', 'tl_format_decimal(1234567891, 3, 2)'),
    same('format(-1234.5, 0)', 'tl_format_decimal(-12345, 1, 0)'),
    same('format(0.5, 0)', 'tl_format_decimal(5, 1, 0)'),
    same('format(999.999e0, 2)', 'tl_format_double(999.999, 2)'),
    same('interval(23, 1, 15, 17, 30, 44, 200)', 'tl_interval(23, 1, 15, 17, 30, 44, 200)'),
    same('ceil(-1.5)', 'tl_decimal_ceil(-15, 1, 2, 0)'),
    same('floor(-1.5)', 'tl_decimal_floor(-15, 1, 2, 0)'),
    same('ceil(1.0)', 'tl_decimal_ceil(10, 1, 2, 0)'),
    same('5.5 DIV 2', 'tl_decimal_int_div(55, 1, 2, 0)'),
  ]);
});
