// Precedence: an expression, and the same with all its parentheses, are one tree.

import test from 'ava';
import { parseExpression, parserOptions } from '#aggregator/parser/parser.ts';
import { withoutPositions } from './corpus.ts';

const pairs: readonly (readonly [string, string])[] = [
  ['a OR b AND c', 'a OR (b AND c)'],
  ['a AND b OR c', '(a AND b) OR c'],
  ['a OR b XOR c', 'a OR (b XOR c)'],
  ['a XOR b AND c', 'a XOR (b AND c)'],
  ['a AND b XOR c', '(a AND b) XOR c'],
  ['a XOR b XOR c', '(a XOR b) XOR c'],
  ['a || b && c', 'a OR (b AND c)'],
  ['a OR b OR c', '(a OR b) OR c'],
  ['NOT a AND b', '(NOT a) AND b'],
  ['NOT a OR NOT b', '(NOT a) OR (NOT b)'],
  ['NOT a = b', 'NOT (a = b)'],
  ['NOT a IS NULL', 'NOT (a IS NULL)'],
  ['NOT a LIKE b', 'NOT (a LIKE b)'],
  ['NOT a BETWEEN b AND c', 'NOT (a BETWEEN b AND c)'],
  ['NOT a IN (b)', 'NOT (a IN (b))'],
  ['NOT NOT a', 'NOT (NOT a)'],
  ['NOT a + b', 'NOT (a + b)'],
  ['!a = b', '(!a) = b'],
  ['!a + b', '(!a) + b'],
  ['!a IS NULL', '(!a) IS NULL'],
  ['a = b = c', '(a = b) = c'],
  ['a < b = c', '(a < b) = c'],
  ['a = b < c', '(a = b) < c'],
  ['a = b IS NULL', '(a = b) IS NULL'],
  ['a IS NULL = b', '(a IS NULL) = b'],
  ['a IS NULL IS NOT NULL', '(a IS NULL) IS NOT NULL'],
  ['a <=> b AND c', '(a <=> b) AND c'],
  ['a = b LIKE c', 'a = (b LIKE c)'],
  ['a LIKE b = c', '(a LIKE b) = c'],
  ['a = b IN (c)', 'a = (b IN (c))'],
  ['a IN (b) = c', '(a IN (b)) = c'],
  ['a = b BETWEEN c AND d', 'a = (b BETWEEN c AND d)'],
  ['a BETWEEN b AND c AND d', '(a BETWEEN b AND c) AND d'],
  ['a BETWEEN b AND c OR d', '(a BETWEEN b AND c) OR d'],
  ['a BETWEEN b + c AND d * e', 'a BETWEEN (b + c) AND (d * e)'],
  ['a BETWEEN b AND c BETWEEN d AND e', 'a BETWEEN b AND (c BETWEEN d AND e)'],
  ['a NOT BETWEEN b AND c IS NULL', '(a NOT BETWEEN b AND c) IS NULL'],
  ['a | b = c', '(a | b) = c'],
  ['a REGEXP b | c', 'a REGEXP (b | c)'],
  ['a | b & c', 'a | (b & c)'],
  ['a & b | c', '(a & b) | c'],
  ['a & b << c', 'a & (b << c)'],
  ['a << b + c', 'a << (b + c)'],
  ['a << b >> c', '(a << b) >> c'],
  ['a + b << c', '(a + b) << c'],
  ['a + b * c', 'a + (b * c)'],
  ['a - b - c', '(a - b) - c'],
  ['a / b * c', '(a / b) * c'],
  ['a DIV b MOD c', '(a DIV b) MOD c'],
  ['a % b DIV c', '(a % b) DIV c'],
  ['a * b ^ c', 'a * (b ^ c)'],
  ['a ^ b * c', '(a ^ b) * c'],
  ['a ^ b ^ c', '(a ^ b) ^ c'],
  ['-a ^ b', '(-a) ^ b'],
  ['-a * b', '(-a) * b'],
  ['~a & b', '(~a) & b'],
  ['- -a', '-(-a)'],
  ['BINARY a = b', '(BINARY a) = b'],
  ['BINARY a + b', '(BINARY a) + b'],
  ['a = BINARY b LIKE c', 'a = ((BINARY b) LIKE c)'],
  ['-a COLLATE x', '-(a COLLATE x)'],
  ['a = b COLLATE x', 'a = (b COLLATE x)'],
  ['a + b COLLATE x', 'a + (b COLLATE x)'],
  ['a + INTERVAL 1 DAY + b', '(a + INTERVAL 1 DAY) + b'],
  ['a - INTERVAL b + c DAY', 'a - INTERVAL (b + c) DAY'],
  ['a * b + INTERVAL 1 DAY', '(a * b) + INTERVAL 1 DAY'],
  ['a < b + INTERVAL 1 DAY', 'a < (b + INTERVAL 1 DAY)'],
  ["j->'$.x' = b", "(j->'$.x') = b"],
  ["a + j->>'$.x' * b", "a + ((j->>'$.x') * b)"],
  ['@a := b + c', '@a := (b + c)'],
  ['@a := b OR c', '@a := (b OR c)'],
  ['d + @a := b + c', 'd + (@a := (b + c))'],
  ['a = ANY (SELECT 1) AND b', '(a = ANY (SELECT 1)) AND b'],
  ['CASE WHEN a OR b THEN c END + d', '(CASE WHEN (a OR b) THEN c END) + d'],
  ['a MEMBER OF (b) AND c', '(a MEMBER OF (b)) AND c'],
  ['a SOUNDS LIKE b AND c', '(a SOUNDS LIKE b) AND c'],
  ["a LIKE b ESCAPE '|' AND c", "(a LIKE b ESCAPE '|') AND c"],
];

for (const [text, explicit] of pairs) {
  test(`precedence: ${text}`, (t) => {
    t.deepEqual(
      withoutPositions(parseExpression(text)),
      withoutPositions(parseExpression(explicit)),
    );
  });
}

test('precedence: || as concatenation binds tighter than ^ and looser than minus', (t) => {
  const options = parserOptions(new Set(['PIPES_AS_CONCAT']));
  const same = (a: string, b: string) =>
    t.deepEqual(
      withoutPositions(parseExpression(a, options)),
      withoutPositions(parseExpression(b, options)),
    );
  same('a ^ b || c', 'a ^ (b || c)');
  same('-a || b', '(-a) || b');
  same('a || b = c', '(a || b) = c');
});

test('precedence: AND and OR are flat', (t) => {
  const parsed = parseExpression('a AND (b AND c) AND d');
  t.is(parsed.kind === 'and' && parsed.operands.length, 4);
});
