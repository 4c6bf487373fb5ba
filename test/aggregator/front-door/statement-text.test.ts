// The text of a statement keeps the bytes of its strings, whatever they are.

import test from 'ava';
import { statementText } from '#aggregator/front-door/statement-text.ts';

const plain = { noBackslashEscapes: false, ansiQuotes: false };

function textOf(latin1: string, charset = 'utf8mb4', options = plain): string {
  return statementText(Buffer.from(latin1, 'latin1'), charset, () => options);
}

test('statement text: what is UTF-8 stays as it is', (t) => {
  const text = "SELECT 'ä\u{1f600}\ufffd', `ü` -- ö";
  t.is(
    statementText(Buffer.from(text), 'utf8mb4', () => plain),
    text,
  );
});

test('statement text: bytes that are no text become a hex literal', (t) => {
  t.is(textOf("SELECT _binary'\xff\0', 'a'"), "SELECT _binary x'ff00', 'a'");
  t.is(textOf("SELECT '\xff'"), "SELECT  _binary x'ff'");
  t.is(textOf('SELECT "\\0\\\'\\"""\xfe"'), "SELECT  _binary x'00272222fe'");
  t.is(textOf("SELECT 'a''\\\\\xfe', '\xc3\xa4'"), "SELECT  _binary x'61275cfe', 'ä'");
});

test('statement text: quotes in comments and names begin no string', (t) => {
  t.is(
    textOf("SELECT 1 -- it's\n, /* ' */ `'`, _binary '\xff' # '"),
    "SELECT 1 -- it's\n, /* ' */ `'`, _binary  x'ff' # '",
  );
  t.is(textOf("SELECT 1--'\xff'"), "SELECT 1-- _binary x'ff'");
});

test('statement text: sql_mode says what a backslash and a double quote are', (t) => {
  const noEscapes = { noBackslashEscapes: true, ansiQuotes: false };
  t.is(textOf("SELECT '\\\xff'", 'utf8mb4', noEscapes), "SELECT  _binary x'5cff'");
  const ansi = { noBackslashEscapes: false, ansiQuotes: true };
  t.is(textOf(`SELECT "'", '\xff'`, 'utf8mb4', ansi), `SELECT "'",  _binary x'ff'`);
});

test('statement text: latin1 is text but behind _binary', (t) => {
  t.is(textOf("SELECT '\xe4', _binary'\xe4'", 'latin1'), "SELECT 'ä', _binary x'e4'");
});
