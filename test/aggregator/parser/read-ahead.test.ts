// Long lists that are read ahead: the same statements and the same errors, and turns for others.

import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { DatabaseError } from '#shared/error.ts';
import {
  defaultParserOptions,
  parseStatements,
  stepStatements,
  type ParsedStatement,
} from '#aggregator/parser/parser.ts';
import { readCorpus } from './corpus.ts';

/** The statements of the text read ahead, however short it is, or the error's message. */
function ahead(text: string): { parsed: ParsedStatement[] | string; pauses: number } {
  const parsed: ParsedStatement[] = [];
  let pauses = 0;
  try {
    for (const step of stepStatements(text, defaultParserOptions, 0)) {
      if (step === null) pauses += 1;
      else parsed.push(step);
    }
    return { parsed, pauses };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return { parsed: error.message, pauses };
  }
}

function atOnce(text: string): ParsedStatement[] | string {
  try {
    return parseStatements(text);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.message;
  }
}

/** Tells of large trees in a moment, as a comparison that shows differences does not. */
function isSame(text: string): boolean {
  return isDeepStrictEqual(ahead(text).parsed, atOnce(text));
}

const keys = Array.from({ length: 5000 }, (_, n) => n * 3).join(', ');
const marks = Array.from({ length: 5000 }, () => '?').join(',');
const rows = Array.from({ length: 5000 }, (_, n) => `(${n}, 'text ${n}', NULL)`).join(',\n');

const long = [
  `INSERT INTO t (a, b, c) VALUES ${rows}`,
  `INSERT INTO t (a, b, c) VALUES ${rows} AS new ON DUPLICATE KEY UPDATE b = VALUES(b), c = 1`,
  `REPLACE t VALUE ${rows}; SELECT 2`,
  `SELECT ? FROM t WHERE id IN (${marks}) AND x = ?`,
  `SELECT * FROM t WHERE id NOT IN (${keys}) OR -id IN (1, 2)`,
  `SELECT * FROM t WHERE (a, b) IN (${rows})`,
  `SELECT * FROM t WHERE a IN (SELECT b FROM u WHERE c IN (${keys}))`,
  `SELECT * FROM t WHERE a IN ((SELECT b FROM u WHERE c IN (${keys})) UNION SELECT 2)`,
  `SELECT /*!50000 * FROM t WHERE id IN (${keys} */ , 1)`,
  `UPDATE t SET a = 1 WHERE id IN (${keys}); DELETE FROM t WHERE id IN (${keys})`,
];

for (const name of ['queries', 'changes', 'definitions', 'administration']) {
  test(`read ahead: the corpus of ${name} parses as it does at once`, (t) => {
    for (const text of readCorpus(name)) t.true(isSame(text), text);
  });
}

test('read ahead: long statements parse as they do at once, with pauses amid them', (t) => {
  for (const text of long) {
    const { parsed, pauses } = ahead(text);
    t.true(isSame(text), text.slice(0, 60));
    t.true(Array.isArray(parsed), `${text.slice(0, 60)}: ${String(parsed)}`);
    t.true(pauses >= 3, `${pauses} pauses in ${text.slice(0, 60)}`);
  }
});

test('read ahead: what is wrong is told with the same words', (t) => {
  const deep = `${'('.repeat(150)}1${')'.repeat(150)}`;
  const texts = [
    ...long.map((text) => text.slice(0, -3)),
    ...long.map((text) => text.replace(',', ',,')),
    ...long.map((text) => `${text} nonsense nonsense`),
    `SELECT 1 IN (1, ${deep})`,
    `SELECT ${'('.repeat(150)} 1 IN (1, ${deep}) ${')'.repeat(150)}`,
    `SELECT 1 IN (1, ${'1 + '.repeat(900)} 1)`,
    'SELECT 1 IN (',
    'SELECT POSITION(1 IN (2, 3',
    'INSERT INTO t VALUES',
    'INSERT INTO t VALUES (1, 2), 3',
    'INSERT INTO t VALUES (1, "2), (3)',
  ];
  for (const text of texts) t.true(isSame(text), text.slice(0, 60));
});

test('read ahead: a statement before the wrong one is there', (t) => {
  const steps = stepStatements(`SELECT 1; ${long[0]}, nonsense`, defaultParserOptions, 0);
  let first: ParsedStatement | null = null;
  while (first === null) first = steps.next().value ?? null;
  t.is(first.text, 'SELECT 1');
  t.throws(() => [...steps], { instanceOf: DatabaseError });
});
