// Decimals: their texts, their stored forms, and that wide ones sort as numbers.

import test from 'ava';
import { must } from '#shared/assert.ts';
import {
  compareDecimals,
  decimalOfStored,
  decimalToDouble,
  fitsDecimal,
  formatDecimal,
  normaliseDecimal,
  parseDecimal,
  storedOfDecimal,
} from '#shared/sql/decimal.ts';
import { decodeWideDecimal, encodeWideDecimal } from '#shared/sql/wide-decimal.ts';

const texts = [
  '0',
  '1',
  '-1',
  '0.5',
  '-0.5',
  '0.05',
  '-0.05',
  '1.5',
  '1.50',
  '1.05',
  '-1.5',
  '-1.55',
  '9.99',
  '10',
  '-10',
  '99999999999999999999.9',
  '-99999999999999999999.9',
  '100',
  '0.000000001',
  '123456789012345678901234567890',
  '-123456789012345678901234567890',
];

test('decimal: a text that is a number comes back with its digits', (t) => {
  for (const text of texts) t.is(formatDecimal(must(parseDecimal(text))), text);
  t.is(formatDecimal(must(parseDecimal('1.5e3'))), '1500');
  t.is(formatDecimal(must(parseDecimal('15e-3'))), '0.015');
  t.is(formatDecimal(must(parseDecimal('.5'))), '0.5');
  for (const text of ['', '.', 'abc', '1x', '1e', '--1']) t.is(parseDecimal(text), null);
});

test('decimal: the stored form is an INTEGER up to 18 digits and comes back', (t) => {
  const narrow = { kind: 'decimal', precision: 18, scale: 2, unsigned: false } as const;
  const wide = { ...narrow, precision: 40 };
  t.is(storedOfDecimal(must(parseDecimal('-12.345')), narrow), -1235n);
  for (const type of [narrow, wide]) {
    const stored = storedOfDecimal(must(parseDecimal('-12.3')), type);
    t.is(formatDecimal(normaliseDecimal(decimalOfStored(stored, type))), '-12.3');
  }
  t.is(typeof storedOfDecimal(must(parseDecimal('1')), wide), 'string');
});

test('wide-decimal: texts sort as the numbers do, and equal numbers have one text', (t) => {
  for (const left of texts) {
    for (const right of texts) {
      const [a, b] = [must(parseDecimal(left)), must(parseDecimal(right))];
      const [x, y] = [encodeWideDecimal(a), encodeWideDecimal(b)];
      t.is(x < y ? -1 : x > y ? 1 : 0, compareDecimals(a, b), `${left} ${right}: ${x} ${y}`);
    }
    const value = must(parseDecimal(left));
    t.is(compareDecimals(decodeWideDecimal(encodeWideDecimal(value)), value), 0);
  }
});

test('decimal: what fits a type, and the nearest double', (t) => {
  t.true(fitsDecimal(must(parseDecimal('999.994')), { precision: 5, scale: 2 }));
  t.false(fitsDecimal(must(parseDecimal('999.995')), { precision: 5, scale: 2 }));
  t.is(decimalToDouble(must(parseDecimal('0.1'))), 0.1);
});
