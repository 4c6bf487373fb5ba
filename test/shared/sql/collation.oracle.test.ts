// The weights and the order of our collations against MariaDB's.

import test from 'ava';
import { compareStrings, generalCiWeights, resolveCollation } from '#shared/sql/collation.ts';
import { oracleTests } from '#test/support/oracle-test.ts';

const withOracle = oracleTests(test);

withOracle('collation: every character of the BMP weighs what it does in MariaDB', async (t, o) => {
  const rows = await o.query(
    'SELECT seq, HEX(WEIGHT_STRING(CONVERT(CHAR(seq USING utf32) USING utf8mb4) ' +
      'COLLATE utf8mb4_general_ci)) FROM seq_0_to_65535 WHERE seq NOT BETWEEN 55296 AND 57343',
  );
  t.is(rows.length, 65_536 - 2048);
  const wrong = rows.filter(([code, weight]) => {
    const ours = generalCiWeights(String.fromCharCode(Number(code))).charCodeAt(0);
    return ours !== Number.parseInt(String(weight), 16);
  });
  t.deepEqual(wrong, []);
});

const samples = [
  '',
  ' ',
  'a',
  'A',
  'a ',
  'a!',
  'ab',
  'a\n',
  'a\t ',
  'ä',
  'Ä',
  'ß',
  's',
  'ss',
  'é',
  'z',
  'Z',
  '_',
  '[',
  '0',
  '9',
  'ÿ',
  'ł',
  'Ł',
  'l',
  '日本',
  '日',
  '😀',
  '😁',
  '\uffff',
  '\u00a0',
  'ı',
  'i',
];

for (const collation of ['utf8mb4_general_ci', 'utf8mb4_bin'] as const) {
  withOracle(`collation: ${collation} orders as MariaDB does`, async (t, oracle) => {
    const texts = samples.map((text) => `CONVERT(x'${hex(text)}' USING utf8mb4)`);
    const list = texts.map((text, i) => `SELECT ${i} AS i, ${text} COLLATE ${collation} AS s`);
    const all = list.join(' UNION ALL ');
    const rows = await oracle.query(
      `SELECT a.i, b.i, STRCMP(a.s, b.s) FROM (${all}) a, (${all}) b`,
    );
    const wrong = rows.filter(([a, b, order]) => {
      const [left = '', right = ''] = [samples[Number(a)], samples[Number(b)]];
      return Math.sign(compareStrings(left, right, collation)) !== Number(order);
    });
    t.deepEqual(
      wrong.map(([a, b, order]) => [samples[Number(a)], samples[Number(b)], order]),
      [],
    );
  });
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

withOracle('collation: every name that MariaDB knows stands for one of ours', async (t, oracle) => {
  const rows = await oracle.query(
    'SELECT DISTINCT full_collation_name FROM ' +
      'information_schema.collation_character_set_applicability UNION ' +
      'SELECT collation_name FROM information_schema.collations',
  );
  t.true(rows.length > 300);
  const unknown = rows.filter(([name]) => {
    try {
      return resolveCollation(String(name)).collation === undefined;
    } catch {
      return true;
    }
  });
  t.deepEqual(unknown, []);
});
