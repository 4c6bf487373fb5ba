// Every type compared with constants and with every other type, against MariaDB.

import test from 'ava';
import { everyType } from '#test/support/every-type.ts';
import { ExpressionWorld } from '#test/support/expression-world.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { sameRows, type KnownDifference } from '#test/support/same-rows.ts';

const columns = everyType.columns.map(([name]) => name);
const oracleTest = oracleTests(test);

const numbers = ['ti', 'ui', 'bi', 'de', 'wd', 'db', 'fl', 'yr'];
const texts = ['vc', 'vb', 'bn', 'en', 'se'];
const moments = ['dt', 'dm', 'd3', 'ts'];
const times = ['tm', 't2'];

const numberConstants = (
  "0 5 -7 2.5 12.50 -0.05 1e0 '5' '2.5' 'abc' '' '12abc' NULL 127 300 9007199254740993 " +
  '99999999999999999999'
).split(' ');

const textConstants = [
  "'anna'",
  "'Anna'",
  "'anna  '",
  "''",
  "'12'",
  '12',
  '0',
  '1',
  '2',
  "'medium'",
  "'LARGE'",
  "'b'",
  "'a,c'",
  'NULL',
  "'éclair'",
  "'eclair'",
];

const momentConstants = [
  "'2024-01-31'",
  "'2024-1-31'",
  "'2024-01-31 10:11:12'",
  "'2024-01-31 10:11:12.345'",
  '20240131',
  '20240131101112',
  "DATE'2000-01-01'",
  "TIMESTAMP'2000-01-01 12:00:00'",
];

const timeConstants = [
  "'10:11:12'",
  "'12:00'",
  '101112',
  "TIME'12:00:00'",
  "'-1:30'",
  "'100:00:00.01'",
];

function against(names: readonly string[], constants: readonly string[]): string[] {
  return names.flatMap((name) =>
    constants.flatMap((value) =>
      ['=', '<', '<=', '>', '>=', '<>', '<=>'].map((operator) => `${name} ${operator} ${value}`),
    ),
  );
}

function turned(names: readonly string[], constants: readonly string[]): string[] {
  return names.flatMap((name) => constants.map((value) => `${value} < ${name}`));
}

function pairs(left: readonly string[], right: readonly string[]): string[] {
  return left.flatMap((a) => right.flatMap((b) => [`${a} = ${b}`, `${a} < ${b}`, `${a} <=> ${b}`]));
}

async function compare(
  t: Parameters<Parameters<typeof oracleTest>[1]>[0],
  oracle: Parameters<Parameters<typeof oracleTest>[1]>[1],
  questions: readonly string[],
): Promise<void> {
  const world = new ExpressionWorld([everyType]);
  t.teardown(() => world.close());
  for (const definition of world.definitions()) await oracle.query(definition);
  await sameRows(t, oracle, world, { questions, columns, known });
}

const known: readonly KnownDifference[] = [];

oracleTest('numbers compare with constants', async (t, oracle) => {
  await compare(t, oracle, [
    ...against(numbers, numberConstants),
    ...turned(numbers, numberConstants),
  ]);
});

oracleTest('texts compare with constants', async (t, oracle) => {
  await compare(t, oracle, [...against(texts, textConstants), ...turned(texts, textConstants)]);
});

oracleTest('dates and times compare with constants', async (t, oracle) => {
  await compare(t, oracle, [
    ...against(moments, momentConstants),
    ...against(times, timeConstants),
    ...turned(moments, momentConstants),
    ...turned(times, timeConstants),
  ]);
});

// A number beside a date is a date in MariaDB; in MySQL 8 the date is a number.
oracleTest('columns compare with columns', async (t, oracle) => {
  const plain = [...numbers, ...texts];
  await compare(t, oracle, [
    ...pairs(plain, plain),
    ...pairs(moments, [...moments, ...texts]),
    ...pairs(texts, [...moments, ...times]),
    ...pairs(times, [...times, ...texts]),
  ]);
});
