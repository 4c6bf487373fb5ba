// Names of collations, keys, and that the key in SQLite is the key here.

import test from 'ava';
import {
  collationKey,
  collationKeySql,
  compareStrings,
  resolveCharacterSet,
  resolveCollation,
} from '#shared/sql/collation.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';

test('collation: names of MySQL 8 stand for ours, and say when they are not the same', (t) => {
  const ci = 'utf8mb4_general_ci';
  t.deepEqual(resolveCollation('utf8mb4_general_ci'), { collation: ci, exact: true });
  t.deepEqual(resolveCollation('UTF8_GENERAL_CI'), { collation: ci, exact: true });
  for (const name of [
    'utf8mb4_0900_ai_ci',
    'utf8mb4_unicode_ci',
    'utf8mb4_de_pb_0900_ai_ci',
    'latin1_swedish_ci',
    'utf8mb4_unicode_520_ci',
    'utf8mb4_vi_0900_ai_ci',
  ]) {
    t.deepEqual(resolveCollation(name), { collation: ci, exact: false }, name);
  }
  t.deepEqual(resolveCollation('utf8mb4_bin'), { collation: 'utf8mb4_bin', exact: true });
  for (const name of [
    'utf8mb4_0900_as_cs',
    'utf8mb4_0900_bin',
    'latin1_bin',
    'utf8mb4_ja_0900_as_cs_ks',
  ]) {
    t.deepEqual(resolveCollation(name), { collation: 'utf8mb4_bin', exact: false }, name);
  }
  t.deepEqual(resolveCollation('binary'), { collation: 'binary', exact: true });
});

test('collation: unknown names are errors', (t) => {
  for (const name of ['', 'utf8mb4', 'utf8mb4_klingon_ci', 'nothing_bin', 'ci', 'general_ci']) {
    t.throws(() => resolveCollation(name), { message: /Unknown collation/ }, name);
  }
  t.throws(() => resolveCharacterSet('utf9'), { message: /Unknown character set/ });
  t.true(resolveCharacterSet('utf8mb4').exact);
  t.false(resolveCharacterSet('latin1').exact);
});

test('collation: keys are padded, and their order is that of the texts', (t) => {
  t.is(collationKey('Änna  ', 'utf8mb4_general_ci'), 'ANNA ');
  t.is(collationKey('a ', 'utf8mb4_bin'), 'a ');
  t.is(collationKey('a ', 'binary'), 'a ');
  t.is(compareStrings('a', 'a ', 'utf8mb4_general_ci'), 0);
  t.true(compareStrings('a', 'a!', 'utf8mb4_general_ci') < 0);
  t.true(compareStrings('a\n', 'a', 'utf8mb4_general_ci') < 0);
  t.true(compareStrings('a ', 'a', 'binary') > 0);
});

test('collation: SQLite makes the same keys', (t) => {
  const file = openWithFunctions(':memory:');
  for (const collation of ['utf8mb4_general_ci', 'utf8mb4_bin', 'binary'] as const) {
    for (const text of ['', ' ', 'a', 'Straße  ', 'é\t ', '😀', 'a\0b']) {
      const sql = `SELECT ${collationKeySql('?', collation)}`;
      t.deepEqual(file.get(sql, [text]), [collationKey(text, collation)], `${collation} '${text}'`);
    }
  }
});
