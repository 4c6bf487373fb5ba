// Every type in arithmetic, in casts and as an argument, against MariaDB.

import test from 'ava';
import { everyType } from '#test/support/every-type.ts';
import { ExpressionWorld } from '#test/support/expression-world.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { sameRows, type KnownDifference } from '#test/support/same-rows.ts';

const columns = everyType.columns.map(([name]) => name);
const oracleTest = oracleTests(test);

const numbers = ['ti', 'ui', 'bi', 'de', 'wd', 'db', 'fl', 'yr'];
const literals = ["'3'", '3', '2.50', '1e1', '-1', '0', 'NULL'];

/** What each column is put into, in place of `?`. */
const frames = [
  '-?',
  'NOT ?',
  '? AND 1',
  '? OR 0',
  '? XOR 1',
  '? IS TRUE',
  '? IS NULL',
  '? IS NOT FALSE',
  "IF(?, 'y', 'n')",
  'CONCAT(?)',
  "CONCAT('<', ?, '>')",
  'CAST(? AS CHAR)',
  'CAST(? AS CHAR(3))',
  'CAST(? AS BINARY)',
  'CAST(? AS SIGNED)',
  'CAST(? AS UNSIGNED)',
  'CAST(? AS DECIMAL(10,1))',
  'CAST(? AS DOUBLE)',
  "COALESCE(?, 'none')",
  'COALESCE(?, 0)',
  'IFNULL(?, 1.5)',
  'GREATEST(?, ?)',
  'LENGTH(?)',
  'CHAR_LENGTH(?)',
  "? LIKE '%1%'",
  'CASE WHEN ? THEN 1 ELSE 2 END',
  'ABS(?)',
  'SIGN(?)',
  '? + 0',
  '? IN (SELECT ? FROM t)',
  'ISNULL(?)',
  'MD5(?)',
  'UPPER(?)',
];

const roundings = [
  'ROUND(?)',
  'ROUND(?, 1)',
  'ROUND(?, 3)',
  'TRUNCATE(?, 1)',
  'FLOOR(?)',
  'CEIL(?)',
];

const known: readonly KnownDifference[] = [
  {
    reason: 'MySQL rounds a moment to whole seconds on its way to an integer, MariaDB cuts it off',
    applies: (question) => /^CAST\((?:d3|t2) AS (?:UN)?SIGNED\)$/.test(question),
  },
  {
    reason: 'a negative TIME as UNSIGNED is beyond 2^63 - 1 in MySQL, which we refuse',
    applies: (question, _, ours) => question === 'CAST(tm AS UNSIGNED)' && ours === 'error 1690',
  },
  {
    reason: 'MySQL compares a YEAR with a text that is no number as 0, MariaDB not at all',
    applies: (question) => /^(?:NULLIF|CASE)\(yr/.test(question),
  },
  {
    reason: 'MariaDB refuses a quotient that BIGINT cannot hold by its type, we by its value',
    applies: (question, theirs) => question.includes('DIV') && theirs === 'error 1690',
  },
  {
    reason: 'a quotient of two doubles is divided exactly here',
    applies: (question) => question === 'fl DIV db' || question === 'db DIV fl',
  },
  {
    reason: 'ABS of the least BIGINT: MariaDB computes it of a constant YEAR',
    applies: (question, theirs) => question === 'ABS(bi)' && theirs === 'error 1690',
  },
];

function operations(left: readonly string[], right: readonly string[]): string[] {
  const operators = ['+', '-', '*', '/', 'DIV', '%'];
  return left.flatMap((a) => right.flatMap((b) => operators.map((op) => `${a} ${op} ${b}`)));
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

oracleTest('numbers are added, multiplied and divided', async (t, oracle) => {
  await compare(t, oracle, [
    ...operations(numbers, [...numbers, 'vc', ...literals]),
    ...operations(literals, [...numbers, ...literals]),
    ...operations(['vc'], literals),
  ]);
});

oracleTest('every type goes through functions and casts', async (t, oracle) => {
  await compare(
    t,
    oracle,
    columns.flatMap((name) => frames.map((frame) => frame.replaceAll('?', name))),
  );
});

oracleTest('numbers are rounded', async (t, oracle) => {
  await compare(
    t,
    oracle,
    numbers.flatMap((name) => roundings.map((frame) => frame.replaceAll('?', name))),
  );
});
