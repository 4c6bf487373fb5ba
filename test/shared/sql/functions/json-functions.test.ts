// The JSON functions answer what MySQL's manual says.

import test from 'ava';
import { DatabaseError } from '#shared/error.ts';
import { typeText } from '#shared/sql/type-text.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';

function answers(
  t: { is(a: unknown, b: unknown, message: string): unknown },
  cases: Record<string, unknown>,
) {
  const file = openWithFunctions(':memory:');
  for (const [expression, expected] of Object.entries(cases)) {
    t.is(file.get(`SELECT ${expression}`)?.[0], expected, expression);
  }
}

test('json functions: extract', (t) => {
  answers(t, {
    "tl_json_extract('[10, 20, [30, 40]]', '$[1]')": '20',
    "tl_json_extract('[10, 20, [30, 40]]', '$[1]', '$[0]')": '[20, 10]',
    "tl_json_extract('[10, 20, [30, 40]]', '$[2][*]')": '[30, 40]',
    "tl_json_extract('[10, 20, [30, 40]]', '$[last][0]')": '30',
    "tl_json_extract('[1, 2, 3, 4]', '$[1 to 2]')": '[2, 3]',
    'tl_json_extract(\'{"a": {"b": [1, {"b": 2}]}}\', \'$**.b\')': '[[1, {"b": 2}], 2]',
    'tl_json_extract(\'{"a b": 1}\', \'$."a b"\')': '1',
    "tl_json_extract('{\"a\": 1}', '$.b')": null,
    'tl_json_extract(\'{"a": 1, "b": 2}\', \'$.*\')': '[1, 2]',
    "tl_json_extract('5', '$[0]')": '5',
    "tl_json_extract('{\"a\": null}', '$.a')": 'null',
    'tl_json_unquote(\'"a\\tb"\')': 'a\tb',
    "tl_json_unquote('[1]')": '[1]',
  });
});

test('json functions: change', (t) => {
  const doc = `'{"a": 1, "b": [2, 3]}'`;
  answers(t, {
    [`tl_json_set(${doc}, '$.a', '10', '$.c', '"[true]"')`]:
      '{"a": 10, "b": [2, 3], "c": "[true]"}',
    [`tl_json_insert(${doc}, '$.a', '10', '$.c', 'true')`]: '{"a": 1, "b": [2, 3], "c": true}',
    [`tl_json_replace(${doc}, '$.a', '10', '$.c', 'true')`]: '{"a": 10, "b": [2, 3]}',
    [`tl_json_set(${doc}, '$.b[9]', '4')`]: '{"a": 1, "b": [2, 3, 4]}',
    [`tl_json_set(${doc}, '$.a[1]', '4')`]: '{"a": [1, 4], "b": [2, 3]}',
    [`tl_json_set(${doc}, '$.x.y', '4')`]: '{"a": 1, "b": [2, 3]}',
    [`tl_json_remove(${doc}, '$.b[0]', '$.a')`]: '{"b": [3]}',
    [`tl_json_array_append('["a", ["b", "c"], "d"]', '$[1]', '1')`]: '["a", ["b", "c", 1], "d"]',
    [`tl_json_array_append('["a"]', '$[0]', '2')`]: '[["a", 2]]',
    [`tl_json_array_insert('["a", {"b": [1, 2]}]', '$[1]', '"x"')`]: '["a", "x", {"b": [1, 2]}]',
    [`tl_json_merge_patch('{"a": 1, "b": 2}', '{"a": 3, "b": null, "c": 5}')`]: '{"a": 3, "c": 5}',
    [`tl_json_merge_preserve('{"a": 1}', '{"a": [2], "b": 3}')`]: '{"a": [1, 2], "b": 3}',
    [`tl_json_array('1', '"a"', 'null')`]: '[1, "a", null]',
    [`tl_json_object('k', '1', 'a', '[2]')`]: '{"a": [2], "k": 1}',
  });
});

test('json functions: ask', (t) => {
  const doc = `'{"a": 1, "b": 2, "c": {"d": 4}}'`;
  answers(t, {
    [`tl_json_contains(${doc}, '1', '$.a')`]: 1,
    [`tl_json_contains(${doc}, '{"d": 4}', '$.c')`]: 1,
    [`tl_json_contains(${doc}, '{"d": 5}')`]: 0,
    [`tl_json_contains(${doc}, '1', '$.x')`]: null,
    [`tl_json_contains('[1, 2, [3]]', '[1, 3]')`]: 1,
    [`tl_json_contains_path(${doc}, 'one', '$.a', '$.e')`]: 1,
    [`tl_json_contains_path(${doc}, 'all', '$.a', '$.e')`]: 0,
    [`tl_json_keys(${doc})`]: '["a", "b", "c"]',
    [`tl_json_keys(${doc}, '$.c')`]: '["d"]',
    [`tl_json_keys('[1]')`]: null,
    [`tl_json_length(${doc})`]: 3,
    [`tl_json_length('1')`]: 1,
    [`tl_json_depth('[10, {"a": 20}]')`]: 3,
    [`tl_json_type('1.5')`]: 'DOUBLE',
    [`tl_json_type('[]')`]: 'ARRAY',
    [`tl_json_valid('{"a": 1}')`]: 1,
    [`tl_json_valid('hello')`]: 0,
    [`tl_json_search('["abc", [{"k": "10"}, "def"], {"x":"abc"}]', 'one', 'abc', '')`]: '"$[0]"',
    [`tl_json_search('["abc", {"x":"abc"}]', 'all', 'a%', '')`]: '["$[0]", "$[1].x"]',
    [`tl_json_search('["abc"]', 'all', 'x', '')`]: null,
    [`tl_json_overlaps('[1,3]', '[3,4]')`]: 1,
    [`tl_json_overlaps('{"a":1}', '{"a":2}')`]: 0,
    [`tl_member_of('17', '[23, "abc", 17]')`]: 1,
    [`tl_member_of('"17"', '[23, "abc", 17]')`]: 0,
    [`tl_json_quote('a"b')`]: '"a\\"b"',
    [`tl_json_pretty('{"a":[1,{}]}')`]: '{\n  "a": [\n    1,\n    {}\n  ]\n}',
  });
});

test('json functions: SQL values become JSON by their types', (t) => {
  const json = (value: string, type: Parameters<typeof typeText>[0]) =>
    `tl_to_json(${value}, '${typeText(type)}')`;
  answers(t, {
    [json('1', { kind: 'integer', bits: 32, unsigned: false })]: '1',
    [json('150', { kind: 'decimal', precision: 5, scale: 2, unsigned: false })]: '1.5',
    [json("'a\"'", { kind: 'string', form: 'varchar', length: 9, collation: 'utf8mb4_bin' })]:
      '"a\\""',
    [json('NULL', { kind: 'date' })]: 'null',
    [json("'2024-01-05 10:00:00'", { kind: 'datetime', fsp: 0 })]: '"2024-01-05 10:00:00.000000"',
    [json("'[1]'", { kind: 'json' })]: '[1]',
  });
});

test('json functions: bad documents and paths are errors', (t) => {
  const file = openWithFunctions(':memory:');
  const errno = (expression: string) => {
    const error = t.throws(() => file.get(`SELECT ${expression}`));
    return error instanceof DatabaseError ? error.errno : 0;
  };
  t.is(errno("tl_json('{')"), 3140);
  t.is(errno("tl_json_extract('{}', 'a')"), 3143);
  t.is(errno("tl_json_extract('{}', '$.')"), 3143);
  t.is(errno("tl_json_set('{}', '$.*', '1')"), 3149);
  t.is(errno("tl_json_contains_path('{}', 'some', '$')"), 3154);
  t.is(errno("tl_json_object(NULL, '1')"), 3158);
});

test('json functions: aggregates', (t) => {
  const file = openWithFunctions(':memory:');
  const from = "FROM (VALUES ('a', '1'), ('b', NULL))";
  t.deepEqual(
    file.get(`SELECT tl_json_arrayagg(column2), tl_json_objectagg(column1, column2) ${from}`),
    ['[1, null]', '{"a": 1, "b": null}'],
  );
  t.deepEqual(file.get('SELECT tl_json_arrayagg(1) WHERE 0'), [null]);
});
