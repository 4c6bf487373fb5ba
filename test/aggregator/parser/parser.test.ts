// What parses, how a text is split, and how MySQL words what does not parse.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { must } from '#shared/assert.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Statement } from '#aggregator/parser/ast.ts';
import {
  defaultParserOptions,
  parseExpression,
  parserOptions,
  parseStatements,
  stepStatements,
} from '#aggregator/parser/parser.ts';
import { readCorpus, withoutPositions } from './corpus.ts';

function parseOne(text: string): Statement {
  return must(parseStatements(text)[0]).statement;
}

function messageOf(text: string): string {
  try {
    parseStatements(text);
  } catch (error) {
    if (error instanceof DatabaseError) return error.message;
  }
  return '';
}

for (const name of ['queries', 'changes', 'definitions', 'administration']) {
  test(`parser: the corpus of ${name} parses, one statement each`, (t) => {
    for (const text of readCorpus(name)) {
      t.notThrows(() => {
        if (parseStatements(text).length !== 1) throw new Error('not one statement');
      }, text);
    }
  });
}

test('parser: statements are split by semicolons and keep their own text', (t) => {
  const text = ' SELECT 1 ;;\n/* a */ SELECT "b;c" ; -- end\n UPDATE t SET a = ?, b = ?;';
  const parsed = parseStatements(text);
  t.deepEqual(
    parsed.map((statement) => statement.text),
    ['SELECT 1', '/* a */ SELECT "b;c"', '-- end\n UPDATE t SET a = ?, b = ?'],
  );
  t.deepEqual(
    parsed.map((statement) => statement.parameterCount),
    [0, 0, 2],
  );
});

test('parser: an error in a later statement lets the earlier ones run', (t) => {
  const statements = stepStatements('SELECT 1; SELEC 2');
  t.like(statements.next().value, { text: 'SELECT 1' });
  const error = t.throws(() => statements.next(), { instanceOf: DatabaseError });
  t.regex(error?.message ?? '', /near 'SELEC 2' at line 1$/);
});

test('parser: no statement at all is error 1065', (t) => {
  for (const text of ['', '  ', ';', '-- only a comment', '/* x */ ; ;']) {
    t.is(messageOf(text), 'Query was empty', text);
  }
});

const nearCases: readonly (readonly [string, string, number])[] = [
  ['SELEC 1', 'SELEC 1', 1],
  ['SELECT FROM t', 'FROM t', 1],
  ['SELECT 1\nFROM t\nWHERE', '', 3],
  ['SELECT * FROM t WHERE a = = 1', '= 1', 1],
  ['SELECT (1', '', 1],
  ['SELECT 1 1', '1', 1],
  ["DELETE FROM t WHERE a = 1 /*' AND b = 2", "/*' AND b = 2", 1],
  ['SELECT SUM(a, b)', ', b)', 1],
  ['SELECT COUNT(a, b)', ', b)', 1],
  ['SELECT BIT_AND(DISTINCT a)', 'DISTINCT a)', 1],
  ['SELECT DATE_ADD(a, 1)', '1)', 1],
  ['SELECT TIMESTAMPDIFF(DAY_HOUR, a, b)', 'DAY_HOUR, a, b)', 1],
  ['DELETE a FROM a, b LIMIT 1', 'LIMIT 1', 1],
  ['COMMIT AND CHAIN RELEASE', 'RELEASE', 1],
  ["SELECT 'open", "'open", 1],
  ['SELECT a FROM t\nLIMIT x', 'x', 2],
  ['INSERT INTO t VALUES (1,)', ')', 1],
  ['CREATE TABLE t (a)', ')', 1],
  ['CREATE TABLE t (a SILLY)', 'SILLY)', 1],
  ['SELECT a LIKE b LIKE c', 'LIKE c', 1],
  ['SELECT 1; SELECT\n\n* FRM t', 'FRM t', 3],
  [`SELECT x x x${'y'.repeat(100)}`, `x${'y'.repeat(79)}`, 1],
];

for (const [text, near, line] of nearCases) {
  test(`parser: the error names what is wrong in ${text.slice(0, 40)}`, (t) => {
    const sentence = `right syntax to use near '${near}' at line ${line}`;
    t.true(messageOf(text).endsWith(sentence), messageOf(text));
  });
}

test('parser: UPDATE of several tables has neither order nor limit', (t) => {
  t.is(messageOf('UPDATE a, b SET a.x = 1 LIMIT 1'), 'Incorrect usage of UPDATE and LIMIT');
});

test('parser: nesting is limited by an error, chains of AND, OR and UNION are not', (t) => {
  const many = 20_000;
  const deep = [
    `SELECT ${'('.repeat(many)}1${')'.repeat(many)}`,
    `${'('.repeat(many)}SELECT 1`,
    `SELECT 1${' + 1'.repeat(many)}`,
    `SELECT ${'- '.repeat(many)}1`,
    `SELECT ${'NOT '.repeat(many)}1`,
    `SELECT ${'(SELECT '.repeat(many)}`,
    `SELECT * FROM ${'('.repeat(many)}`,
    `SELECT * FROM t${' JOIN t'.repeat(many)}`,
    `SELECT ${'CASE WHEN '.repeat(many)}`,
    `SELECT ${'f('.repeat(many)}`,
    `SELECT a${' COLLATE b'.repeat(many)}`,
    `SELECT 1${' EXCEPT SELECT 1'.repeat(many)}`,
    `SELECT 1${' UNION SELECT 1 UNION ALL SELECT 1'.repeat(many)}`,
  ];
  for (const text of deep) t.regex(messageOf(text), /nested too deep/, text.slice(0, 40));
  t.is(messageOf(`SELECT 1${' OR a = 1'.repeat(many)}`), '');
  t.is(messageOf(`SELECT 1${' UNION SELECT 1'.repeat(many)}`), '');
  t.is(messageOf(`SELECT 1 IN (${'1, '.repeat(many)}1)`), '');
});

test('parser: select items keep their text, and parameters their numbers', (t) => {
  const query = parseOne('SELECT  a  +  1 , `b` c, COUNT( * ) , ? FROM t WHERE x = ?');
  if (query.kind !== 'select') return t.fail();
  const texts = query.items.map((item) => (item.kind === 'expression' ? item.text : '*'));
  t.deepEqual(texts, ['a  +  1', '`b`', 'COUNT( * )', '?']);
  const where = withoutPositions(query.where) as { right: { index: number } };
  t.is(where.right.index, 1);
});

test('parser: sql_mode decides what quotes, backslashes and pipes mean', (t) => {
  const modes = (...names: string[]) => parserOptions(new Set(names));
  const one = (text: string, ...names: string[]) => parseExpression(text, modes(...names));
  t.like(one('"a"'), { kind: 'string', value: 'a' });
  t.like(one('"a"', 'ANSI_QUOTES'), { kind: 'column', column: 'a' });
  t.like(one("'a\\n'"), { value: 'a\n' });
  t.like(one("'a\\n'", 'NO_BACKSLASH_ESCAPES'), { value: 'a\\n' });
  t.like(one('a || b'), { kind: 'or' });
  t.like(one('a || b', 'PIPES_AS_CONCAT'), { kind: 'binary', operator: 'concat' });
  t.like(one('CAST(a AS REAL)'), { type: { kind: 'double' } });
  t.like(one('CAST(a AS REAL)', 'REAL_AS_FLOAT'), { type: { kind: 'float' } });
});

test('parser: without backslash escapes LIKE has none, and says so', (t) => {
  const options = parserOptions(new Set(['NO_BACKSLASH_ESCAPES']));
  t.like(parseExpression("a LIKE 'b'", options), { escape: { kind: 'string', value: '' } });
  t.like(parseExpression("a LIKE 'b' ESCAPE '|'", options), { escape: { value: '|' } });
  t.like(parseExpression("a LIKE 'b'"), { escape: null });
});

test('parser: what a definition keeps reads the same under the default sql_mode', (t) => {
  const modes = new Set([
    'ANSI_QUOTES',
    'PIPES_AS_CONCAT',
    'REAL_AS_FLOAT',
    'NO_BACKSLASH_ESCAPES',
  ]);
  const check = String.raw`CHECK ("c" || '\' NOT LIKE '\_' AND CAST("r" AS REAL) > 0)`;
  const [parsed] = parseStatements(
    `CREATE TABLE t (c TEXT, r REAL, ${check})`,
    parserOptions(modes),
  );
  if (parsed?.statement.kind !== 'createTable') return t.fail();
  const [kept = ''] = parsed.statement.checks.map(({ expression }) => expression.text);
  const expected = String.raw`CONCAT(c, '\\') NOT LIKE '\\_' ESCAPE '' AND CAST(r AS FLOAT) > 0`;
  t.deepEqual(withoutPositions(parseExpression(kept)), withoutPositions(parseExpression(expected)));
});

test('parser: version comments up to 8.0.99 are executed, others are not', (t) => {
  const texts = (text: string) => parseStatements(text).length;
  t.is(texts('/*!40101 SET NAMES utf8 */'), 1);
  t.is(texts('/*! SELECT 1 */'), 1);
  t.is(messageOf('/*!80100 SELECT 1 */'), 'Query was empty');
  t.is(messageOf('/*M!100100 SELECT 1 */'), 'Query was empty');
  t.like(parseExpression('1 /*!99999 + 2 */ + 3'), { operator: '+', right: { text: '3' } });
});

test('parser: REPLICATE DATABASE reads users, passwords, hosts, ports and names', (t) => {
  const text = "REPLICATE DATABASE a FROM root:'p@ss/w'@node-1.example.com:3307/b";
  t.like(parseOne(text), {
    kind: 'replicateDatabase',
    database: 'a',
    primary: {
      user: 'root',
      password: 'p@ss/w',
      host: 'node-1.example.com',
      port: 3307,
      remoteDatabase: 'b',
    },
  });
  t.like(parseOne('REPLICATE DATABASE a FROM root@h'), {
    primary: { password: '', port: 3306, remoteDatabase: 'a' },
  });
});

test('parser: a refused body is taken to its end, not further', (t) => {
  const kinds = (text: string) => parseStatements(text).map(({ statement }) => statement.kind);
  t.deepEqual(kinds('CREATE ROLE r; SELECT 2'), ['unsupported', 'select']);
  t.deepEqual(kinds('CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW BEGIN SET @a=1; END'), [
    'unsupported',
  ]);
});

test('parser: what SingleStore has for nodes and is not here is refused by its name', (t) => {
  for (const [text, name] of [
    ["ADD LEAF root@'h':3306 INTO GROUP 1", 'ADD LEAF'],
    ["DETACH LEAF 'h':3306 KILL", 'DETACH LEAF'],
    ['ATTACH LEAF ALL', 'ATTACH LEAF'],
    ["REMOVE AGGREGATOR 'h':3306", 'REMOVE AGGREGATOR'],
    ["PROMOTE AGGREGATOR 'h':3306 TO MASTER", 'PROMOTE AGGREGATOR'],
    ['AGGREGATOR SET AS MASTER', 'AGGREGATOR SET'],
    ["BOOTSTRAP AGGREGATOR 'h'", 'BOOTSTRAP AGGREGATOR'],
    ['CLEAR ORPHAN DATABASES', 'CLEAR ORPHAN'],
    ['REBALANCE ALL DATABASES', 'REBALANCE ALL DATABASES'],
    ['EXPLAIN REBALANCE PARTITIONS ON s', 'EXPLAIN REBALANCE PARTITIONS'],
    ['RESTORE REDUNDANCY ON s', 'RESTORE REDUNDANCY'],
    ['SHOW LEAF STATUS', 'SHOW LEAF STATUS'],
    ['SHOW REBALANCE STATUS ON s', 'SHOW REBALANCE STATUS'],
  ] as const) {
    t.is(refusedName(text), name);
  }
});

/** What a text is refused as, while it is read or when it is to be run. */
function refusedName(text: string): string | null {
  try {
    const [statement] = parseStatements(text).map((parsed) => parsed.statement);
    return statement?.kind === 'unsupported' ? statement.what : null;
  } catch (error) {
    return /support '(.*)'/.exec(error instanceof Error ? error.message : '')?.[1] ?? null;
  }
}

test('parser: the Sakila schema and data parse wholly', (t) => {
  const read = (name: string): string => {
    const url = new URL(`../../data/sakila/${name}.sql.gz`, import.meta.url);
    return gunzipSync(readFileSync(url)).toString('utf8');
  };
  const kinds = new Map<string, number>();
  const count = (text: string) => {
    if (messageOf(text) === 'Query was empty') return;
    for (const { statement } of parseStatements(text)) {
      kinds.set(statement.kind, (kinds.get(statement.kind) ?? 0) + 1);
    }
  };
  // What the mysql client does with DELIMITER: bodies between `;;` or `//` are one statement.
  for (const [index, part] of read('schema')
    .split(/^DELIMITER \S+$/m)
    .entries()) {
    const delimiter = /(;;|\/\/|\$\$)\s*$/.exec(part)?.[1];
    if (index % 2 === 0 || delimiter === undefined) count(part);
    else for (const body of part.split(delimiter)) if (body.trim() !== '') count(body);
  }
  t.is(kinds.get('createTable'), 16);
  count(read('data'));
  t.true((kinds.get('insert') ?? 0) >= 16);
});

test('parser: a large INSERT is read whole', (t) => {
  const row = "(123456, 'some text that is a little longer', 12.5, NULL, '2024-01-01 00:00:00')";
  const text = `INSERT INTO t VALUES ${Array.from({ length: 13_000 }, () => row).join(', ')}`;
  const [parsed] = parseStatements(text, defaultParserOptions);
  const insert = parsed?.statement;
  t.is(
    insert?.kind === 'insert' && insert.source.kind === 'values' && insert.source.rows.length,
    13_000,
  );
});
