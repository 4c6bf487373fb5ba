// The fingerprint finds the literals that the lexer finds, and none else.

import test from 'ava';
import { fingerprint, stringValue } from '#aggregator/parser/fingerprint.ts';
import { defaultParserOptions, tokenize } from '#aggregator/parser/parser.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { readCorpus } from './corpus.ts';

const options = defaultParserOptions;

function keyOf(text: string, more = {}): string | null {
  return fingerprint(text, { ...options, ...more })?.key ?? null;
}

const literalKinds = new Set(['integer', 'decimal', 'double', 'string', 'parameter']);

test('every literal of the corpus is a token of its kind, and what it says is the same', (t) => {
  let count = 0;
  for (const text of ['queries', 'changes', 'definitions', 'administration'].flatMap(readCorpus)) {
    const found = fingerprint(text, options);
    if (found === null) continue;
    const tokens = new Map(tokenize(text, options).map((token) => [token.start, token]));
    for (const literal of found.literals) {
      const token = tokens.get(literal.start);
      t.is(token?.kind, literal.kind, `${text} at ${literal.start}`);
      t.is(token?.end, literal.end, text);
      if (literal.kind === 'string')
        t.is(stringValue(text, literal, options), token?.value ?? '', text);
      count += 1;
    }
    const starts = new Set(found.literals.map(({ start }) => start));
    for (const token of tokens.values()) {
      const isLong = token.kind === 'integer' && token.value.length > 18;
      if (literalKinds.has(token.kind) && !isLong) t.true(starts.has(token.start), text);
    }
  }
  t.true(count > 200, `${count} literals`);
});

test('statements that differ in literals alone are one, and no others', (t) => {
  const one = keyOf('SELECT c FROM t WHERE id = 1');
  t.is(keyOf('SELECT c FROM t WHERE id = 4711'), one);
  const traced = keyOf('/* trace 7 */ SELECT c FROM t WHERE id = 2 /* span 8 */');
  t.is(traced?.trim(), one?.trim());
  const others = [
    "SELECT c FROM t WHERE id = '1'",
    'SELECT c FROM t WHERE id = 1.0',
    'SELECT c FROM t WHERE id = 1e0',
    'SELECT c FROM t WHERE id = 0x1',
    'SELECT c FROM t WHERE id = ?',
    'SELECT c FROM t WHERE id = 9999999999999999999',
    'SELECT c FROM t WHERE id = -1',
    'SELECT d FROM t WHERE id = 1',
    'SELECT c FROM t WHERE id = 1 OR id = 2',
  ];
  t.is(new Set([one, ...others.map((text) => keyOf(text))]).size, others.length + 1);
});

test('decimals are told apart by their digits, and strings by being long', (t) => {
  const of = (literal: string) => keyOf(`SELECT ${literal}`);
  t.is(of('1.50'), of('9.99'));
  t.not(of('1.50'), of('10.50'));
  t.not(of('1.50'), of('1.500'));
  t.is(of('01.50'), of('1.50'));
  t.is(of("'a'"), of("'b''c'"));
  t.not(of("'a'"), of(`'${'a'.repeat(20_000)}'`));
});

test('the sql_mode says what quotes and backslashes mean', (t) => {
  t.is(keyOf('SELECT "a"'), keyOf('SELECT "b"'));
  t.not(keyOf('SELECT "a"', { ansiQuotes: true }), keyOf('SELECT "b"', { ansiQuotes: true }));
  t.is(keyOf("SELECT 'a\\' AS b'", {}), keyOf("SELECT 'x'"));
  t.is(keyOf("SELECT 'a\\'", { noBackslashEscapes: true }), keyOf("SELECT 'x'"));
});

test('quotes and backslashes in any order end a string where the lexer ends it', (t) => {
  const random = seededRandom(7);
  const pieces = ["'", "''", '"', '\\', "\\'", 'a', ' 1 ', ', '];
  let strings = 0;
  for (let round = 0; round < 5_000; round += 1) {
    const length = 1 + random(12);
    const inner = Array.from({ length }, () => pieces[random(pieces.length)]).join('');
    const text = `SELECT '${inner}'`;
    const modes = { ansiQuotes: random(2) === 0, noBackslashEscapes: random(2) === 0 };
    const mode = { ...options, ...modes };
    const found = fingerprint(text, mode);
    if (found === null) continue;
    const tokens = tokenize(text, mode).filter(({ kind }) => kind === 'string');
    const literals = found.literals.filter(({ kind }) => kind === 'string');
    t.deepEqual(
      literals.map((literal) => [literal.start, literal.end, stringValue(text, literal, mode)]),
      tokens.map(({ start, end, value }) => [start, end, value]),
      text,
    );
    strings += literals.length;
  }
  t.true(strings > 1_000, `${strings} strings`);
});

for (const text of [
  'SET a = 1',
  'SELECT 1; SELECT 2',
  'SELECT @a',
  'SELECT @@version',
  'SELECT /*! 1 */',
  'SELECT /*+ NO_CACHE */ 1',
  "SELECT N'a'",
  'SELECT 1 -- why',
  'SELECT 1 # why',
  "SELECT 'open",
  'SELECT `open',
  'SELECT 1 /* open',
  'SELECT \u00011',
]) {
  test(`no fingerprint: ${JSON.stringify(text)}`, (t) => {
    t.is(keyOf(text), null);
  });
}

test('a statement of too many literals has no fingerprint', (t) => {
  const list = (count: number): string => `SELECT 1 IN (${Array(count).fill('?').join(',')})`;
  t.true(keyOf(list(4095)) !== null);
  t.is(keyOf(list(4200)), null);
});
