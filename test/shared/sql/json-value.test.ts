// JSON: what is parsed comes out normalised, and what is none is refused with its place.

import test from 'ava';
import { jsonText, parseJson } from '#shared/sql/json-value.ts';

const normalised = (text: string) => jsonText(parseJson(text));

test("json-value: keys are in MySQL's order, once, and spaces are MySQL's", (t) => {
  t.is(normalised('{"bb":1,"a":[1,2 ,{"x":null}],"bb":2}'), '{"a": [1, 2, {"x": null}], "bb": 2}');
  t.is(normalised('{"10":1,"2":2,"b":3,"B":4}'), '{"2": 2, "B": 4, "b": 3, "10": 1}');
  t.is(normalised('{"__proto__":1}'), '{"__proto__": 1}');
  t.is(normalised(' [ ] '), '[]');
});

test('json-value: numbers keep what they are', (t) => {
  t.is(
    normalised('[1,1.0,1.50,1e3,-0,12345678901234567890,1e20,0.1]'),
    '[1, 1.0, 1.5, 1000.0, 0, 12345678901234567890, 1e20, 0.1]',
  );
});

test('json-value: strings keep their characters', (t) => {
  t.is(normalised('"a\\u00e4\\n\\"\\/\\ud83d\\ude00"'), '"aä\\n\\"/😀"');
});

test('json-value: what is no JSON is error 3140', (t) => {
  for (const text of [
    '',
    '{',
    '[1,]',
    '{"a"}',
    '{a:1}',
    '01',
    "'a'",
    '1 2',
    'nul',
    '"\n"',
    '[1',
    '1e999',
  ]) {
    t.throws(() => parseJson(text), { message: /Invalid JSON text/ }, text);
  }
  t.throws(() => parseJson('['.repeat(200) + ']'.repeat(200)), { message: /maximum depth/ });
});
