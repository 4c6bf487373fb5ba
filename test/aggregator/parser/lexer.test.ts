// Tokens: where one ends and what it says.

import test from 'ava';
import { tokenize } from '#aggregator/parser/parser.ts';

function kinds(text: string): string[] {
  return tokenize(text).map(({ kind, value }) => `${kind} ${value}`);
}

test('lexer: numbers, and the names that begin like numbers', (t) => {
  t.deepEqual(kinds('1 1.5 .5 1. 1e5 1.5e-3 1e 2fa 0x4 0xg 0b10 0b12'), [
    'integer 1',
    'decimal 1.5',
    'decimal .5',
    'decimal 1.',
    'double 1e5',
    'double 1.5e-3',
    'word 1e',
    'word 2fa',
    'hex 4',
    'word 0xg',
    'bit 10',
    'word 0b12',
  ]);
  t.deepEqual(kinds('t.1a t.5 `t`.5'), [
    'word t',
    'operator .',
    'word 1a',
    'word t',
    'operator .',
    'word 5',
    'quoted t',
    'operator .',
    'word 5',
  ]);
});

test('lexer: strings are unescaped, and an open one is no token', (t) => {
  t.deepEqual(kinds(`'a''b' "c""d" 'e\\'f' 'g\\%\\x' N'h' x'4142' b'01'`), [
    "string a'b",
    'string c"d',
    "string e'f",
    'string g\\%x',
    'nationalString h',
    'hex 4142',
    'bit 01',
  ]);
  t.deepEqual(kinds("'open"), ['invalid ']);
  t.deepEqual(kinds('`open'), ['invalid ']);
  t.is(kinds("x'414'")[0], 'invalid ');
});

test('lexer: comments are space, and -- needs a space behind it', (t) => {
  t.deepEqual(kinds('a--b'), ['word a', 'operator -', 'operator -', 'word b']);
  t.deepEqual(kinds('a-- b\nc#d\ne/*f*/g'), ['word a', 'word c', 'word e', 'word g']);
  t.deepEqual(kinds('/*!50705 a */ b /*!99999 c */ /*! d */'), ['word a', 'word b', 'word d']);
  t.deepEqual(kinds('a /* open'), ['word a', 'invalid ']);
  t.deepEqual(kinds('a /*!40101 b'), ['word a', 'word b', 'invalid ']);
});

test('lexer: variables and operators', (t) => {
  t.deepEqual(kinds("@a.b @`c d` @'e' @@f := <=> ->> -> <> != && ||"), [
    'userVariable a.b',
    'userVariable c d',
    'userVariable e',
    'operator @@',
    'word f',
    'operator :=',
    'operator <=>',
    'operator ->>',
    'operator ->',
    'operator <>',
    'operator !=',
    'operator &&',
    'operator ||',
  ]);
});
