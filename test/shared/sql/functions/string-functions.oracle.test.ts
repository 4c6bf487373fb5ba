// The string functions against MariaDB's.

import test from 'ava';
import { oracleTests } from '#test/support/oracle-test.ts';
import { sameAnswers, type Question } from '#test/support/same-answers.ts';

const withOracle = oracleTests(test);

/** Functions whose call is the same text but for the name. */
const same = (name: string, ...calls: string[]): Question[] =>
  calls.map((call) => [`${name}(${call})`, `tl_${name}(${call})`]);

withOracle('string functions: cut, fill and join', async (t, oracle) => {
  await sameAnswers(t, oracle, [
    ...same(
      'substring',
      "'hello', 2",
      "'hello', 2, 3",
      "'hello', 0",
      "'hello', -3",
      "'hello', -3, 2",
    ),
    ...same(
      'substring',
      "'hello', -9",
      "'hello', 9",
      "'hello', 2, 0",
      "'hello', 2, -1",
      "'äöü', 2, 1",
    ),
    ...same('substring', "'', 1", "'a😀b', 2, 1", 'NULL, 1', "'a', NULL", "x'616263', 2"),
    ...same('left', "'hello', 2", "'hello', 0", "'hello', -1", "'hello', 99", "'äö', 1"),
    ...same('right', "'hello', 2", "'hello', 0", "'hello', -1", "'hello', 99", "'äö', 1"),
    ...same(
      'lpad',
      "'hi', 5, 'xy'",
      "'hi', 1, 'x'",
      "'hi', 5, ''",
      "'hi', -1, 'x'",
      "'hi', 0, 'x'",
    ),
    ...same('rpad', "'hi', 5, 'xy'", "'hi', 1, 'x'", "'hi', -1, 'x'", "'ä', 3, 'ö'"),
    ...same('reverse', "'abc'", "'äb'", "''"),
    ...same('repeat', "'ab', 3", "'ab', 0", "'ab', -1", "'', 5"),
    ...same('space', '3', '0', '-1'),
    ...same('insert', "'Quadratic', 3, 4, 'What'", "'Quadratic', -1, 4, 'What'"),
    ...same('insert', "'Quadratic', 3, 100, 'What'", "'Quadratic', 3, -1, 'W'", "'abc', 4, 1, 'x'"),
    ...same('insert', "'abc', 3, 0, 'x'", "'abc', 0, 1, 'x'"),
    ...same(
      'replace',
      "'www.a.com', 'w', 'Ww'",
      "'abc', '', 'x'",
      "'aaa', 'aa', 'b'",
      "'aAa', 'A', ''",
    ),
    ...same(
      'concat_ws',
      "',', 'a', NULL, 'b'",
      "NULL, 'a'",
      "',', NULL",
      "'', 'a', 'b'",
      "',', '', 'b'",
    ),
    ...same('elt', "1, 'a', 'b'", "3, 'a', 'b'", "0, 'a'", "NULL, 'a'"),
    ...same('substring_index', "'a.b.c', '.', 2", "'a.b.c', '.', -2", "'a.b.c', '.', 0"),
    ...same(
      'substring_index',
      "'a.b.c', 'x', 1",
      "'a.b.c', '', 1",
      "'a..b', '..', 1",
      "'abc', 'B', 1",
    ),
    ...same('strcmp', "'a', 'b'").map(([m]): Question => [m, "tl_strcmp('a', 'b', 'utf8mb4_bin')"]),
    ["trim('  a  ')", "tl_trim('both', ' ', '  a  ')"],
    ["trim(leading 'x' from 'xxaxx')", "tl_trim('leading', 'x', 'xxaxx')"],
    ["trim(trailing 'x' from 'xxaxx')", "tl_trim('trailing', 'x', 'xxaxx')"],
    ["trim(both 'ab' from 'ababxab')", "tl_trim('both', 'ab', 'ababxab')"],
    ["trim(both 'aa' from 'aaa')", "tl_trim('both', 'aa', 'aaa')"],
    ["trim(both '' from 'aaa')", "tl_trim('both', '', 'aaa')"],
  ]);
});

withOracle('string functions: measure, search and convert', async (t, oracle) => {
  const ci = "'utf8mb4_general_ci'";
  await sameAnswers(t, oracle, [
    ...same('length', "'äb'", "''", "'😀'", "x'00ff'"),
    ...same('char_length', "'äb'", "''", "'😀'"),
    ...same('upper', "'äbcß'", "'ÿ'", "'éà'", "'ı'"),
    ...same('lower', "'ÄBC'", "'ÉÀ'", "'ŁÖ'"),
    ...same('ascii', "'a'", "''", "'ä'"),
    ...same('ord', "'a'", "'ä'", "'日'", "''", "'😀'"),
    ...same('char', '77, 121', '77.3', '0', '256', '65536', 'NULL, 65').filter(
      ([m]) => !m.includes('.'),
    ),
    ...same('hex', "'abc'", "'ä'", "x'00ff'", "''"),
    ...same('unhex', "'4D'", "'4'", "'zz'", "''"),
    ...same('md5', "'a'", "''", "'ä'"),
    ...same('sha1', "'a'"),
    ...same('sha2', "'a', 256", "'a', 0", "'a', 512", "'a', 1", "'a', 224"),
    ...same('crc32', "'MySQL'", "''"),
    ...same('to_base64', "'abc'", "''", `'${'x'.repeat(100)}'`, `'${'x'.repeat(57)}'`),
    ...same('from_base64', "'YWJj'", "'YWJ'", "''", "'!!!!'", "'YW Jj'"),
    ...same(
      'soundex',
      "'Hello'",
      "'Quadratically'",
      "''",
      "'Tymczak'",
      "'a'",
      "'Pfister'",
      "'1a2'",
    ),
    ["quote('a''b\\\\c')", "tl_quote('a''b\\c')"],
    ['quote(NULL)', 'tl_quote(NULL)'],
    ["locate('bar', 'foobarbar')", `tl_locate('bar', 'foobarbar', 1, ${ci})`],
    ["locate('BAR', 'foobarbar', 5)", `tl_locate('BAR', 'foobarbar', 5, ${ci})`],
    ["locate('', 'abc')", `tl_locate('', 'abc', 1, ${ci})`],
    ["locate('', 'abc', 4)", `tl_locate('', 'abc', 4, ${ci})`],
    ["locate('', 'abc', 5)", `tl_locate('', 'abc', 5, ${ci})`],
    ["locate('a', 'abc', 0)", `tl_locate('a', 'abc', 0, ${ci})`],
    ["locate('e', 'äé')", `tl_locate('e', 'äé', 1, ${ci})`],
    ["find_in_set('b', 'a,B,c')", `tl_find_in_set('b', 'a,B,c', ${ci})`],
    ["find_in_set('', 'a,,c')", `tl_find_in_set('', 'a,,c', ${ci})`],
    ["find_in_set('', '')", `tl_find_in_set('', '', ${ci})`],
    ["find_in_set('a,b', 'a,b')", `tl_find_in_set('a,b', 'a,b', ${ci})`],
    ["field('B', 'a', 'b')", `tl_field(${ci}, 'B', 'a', 'b')`],
    ["field(NULL, 'a', NULL)", `tl_field(${ci}, NULL, 'a', NULL)`],
    ["make_set(5, 'a', 'b', 'c')", "tl_make_set(5, 'a', 'b', 'c')"],
    ["make_set(3, NULL, 'b')", "tl_make_set(3, NULL, 'b')"],
    ["export_set(5, 'Y', 'N', ',', 4)", "tl_export_set(5, 'Y', 'N', ',', 4)"],
    ["greatest('b', 'A', 'C')", `tl_greatest(${ci}, 'b', 'A', 'C')`],
    ["inet_aton('10.0.5.9')", "tl_inet_aton('10.0.5.9')"],
    ["inet_aton('127.1')", "tl_inet_aton('127.1')"],
    ["inet_aton('10.0.5.256')", "tl_inet_aton('10.0.5.256')"],
    ['inet_ntoa(167773449)', 'tl_inet_ntoa(167773449)'],
    [
      "hex(inet6_aton('fdfe::5a55:caff:fefa:9089'))",
      "tl_hex(tl_inet6_aton('fdfe::5a55:caff:fefa:9089'))",
    ],
    [
      "inet6_ntoa(inet6_aton('1:0:0:2:0:0:0:3'))",
      "tl_inet6_ntoa(tl_inet6_aton('1:0:0:2:0:0:0:3'))",
    ],
    ["is_ipv4('1.2.3.4')", "tl_is_ipv4('1.2.3.4')"],
  ]);
});

withOracle('string functions: LIKE', async (t, oracle) => {
  const cases: readonly (readonly [string, string])[] = [
    ['abc', 'a%'],
    ['abc', 'A_C'],
    ['abc', '_'],
    ['', '%'],
    ['', ''],
    ['a', ''],
    ['a%c', 'a\\%c'],
    ['abc', 'a\\%c'],
    ['a\\c', 'a\\\\c'],
    ['Straße', 'str_SE%'],
    ['a ', 'a'],
    ['a', 'a '],
    ['äöü', 'A%U'],
    ['a\nb', 'a_b'],
    ['abcabc', '%c'],
    ['😀x', '_x'],
    ['a.b', 'a.b'],
    ['axb', 'a.b'],
    ['a', 'a\\'],
    ['[a]', '[a]'],
    ['abab', '%ab%ab%'],
    ['aab', '%%%b'],
  ];
  const literal = (text: string) => `'${text.replaceAll('\\', '\\\\')}'`;
  await sameAnswers(
    t,
    oracle,
    cases.flatMap(([text, pattern]): Question[] => [
      [
        `${literal(text)} LIKE ${literal(pattern)}`,
        `tl_like('${text}', '${pattern}', '\\', 'utf8mb4_general_ci')`,
      ],
      [
        `${literal(text)} LIKE ${literal(pattern)} COLLATE utf8mb4_bin`,
        `tl_like('${text}', '${pattern}', '\\', 'utf8mb4_bin')`,
      ],
    ]),
  );
});

withOracle('string functions: regular expressions', async (t, oracle) => {
  const rest = "'', 'utf8mb4_general_ci'";
  await sameAnswers(t, oracle, [
    ["'abc' REGEXP '^A.c$'", `tl_regexp_like('abc', '^A.c$', ${rest})`],
    ["'a1' REGEXP '[[:digit:]]'", `tl_regexp_like('a1', '[[:digit:]]', ${rest})`],
    ["'fo\\no' REGEXP '^fo$'", `tl_regexp_like('fo' || char(10) || 'o', '^fo$', ${rest})`],
    [
      "regexp_replace('abc abd', 'ab(.)', '<\\\\1>')",
      `tl_regexp_replace('abc abd', 'ab(.)', '<\\1>', 1, 0, ${rest})`,
    ],
    [
      "regexp_substr('abc def', '[a-z]+$')",
      `tl_regexp_substr('abc def', '[a-z]+$', 1, 1, ${rest})`,
    ],
    ["regexp_instr('äbc', 'c')", `tl_regexp_instr('äbc', 'c', 1, 1, 0, ${rest})`],
  ]);
});
