// The same statement with other literals: what a kept plan must answer as a new one would.

import { fingerprint, type ScannedLiteral } from '#aggregator/parser/fingerprint.ts';
import { defaultParserOptions } from '#aggregator/parser/parser.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { RandomInteger } from './seeded-random.ts';

const integers = [
  '0',
  '1',
  '2',
  '3',
  '5',
  '7',
  '9',
  '11',
  '007',
  '2147483648',
  '999999999999999999',
];
const decimals = ['0.5', '1.0', '2.50', '10.25', '7.75', '0.001', '.5', '12345678901234567890.1'];
const strings = [
  "''",
  "'5'",
  "'oak'",
  "'ELM'",
  "'it''s'",
  "'a\\\\b\\n'",
  "'2024-01-12'",
  "'2024-02-10 12:30:00'",
  "'1.5x'",
  "'0'",
];

function other(dice: RandomInteger, kind: ScannedLiteral['kind']): string {
  const from = kind === 'integer' ? integers : kind === 'string' ? strings : decimals;
  if (kind === 'double') return `${dice(20)}e${dice(3)}`;
  return from[dice(from.length)] as string;
}

function replaced(text: string, replace: (literal: ScannedLiteral) => string): string | null {
  const found = fingerprint(text, defaultParserOptions);
  if (found === null) return null;
  let result = '';
  let from = 0;
  for (const literal of found.literals) {
    result += text.slice(from, literal.start) + replace(literal);
    from = literal.end;
  }
  return result + text.slice(from);
}

/** About every second literal is another one of its kind; null where there is no fingerprint. */
export function withOtherLiterals(dice: RandomInteger, text: string): string | null {
  return replaced(text, ({ kind, start, end }) => {
    return dice(2) === 0 ? text.slice(start, end) : other(dice, kind);
  });
}

const parameters: readonly SourceValue[] = [
  { type: { kind: 'null' }, value: null },
  { type: { kind: 'integer', bits: 32, unsigned: false }, value: 3n },
  { type: { kind: 'integer', bits: 64, unsigned: false }, value: -1n },
  { type: { kind: 'double', unsigned: false }, value: 5 },
  { type: { kind: 'double', unsigned: false }, value: 2.5 },
  { type: { kind: 'decimal', precision: 4, scale: 2, unsigned: false }, value: 250n },
  stringOf('oak'),
  stringOf('7'),
  stringOf('2024-01-12'),
  { type: { kind: 'date' }, value: '2024-02-11' },
  { type: { kind: 'datetime', fsp: 0 }, value: '2024-02-11 10:00:00' },
  {
    type: { kind: 'binary', form: 'varbinary', length: 3 },
    value: Uint8Array.from([111, 97, 107]),
  },
];

function stringOf(value: string): SourceValue {
  const { length } = value;
  const type = {
    kind: 'string',
    form: 'varchar',
    length,
    collation: 'utf8mb4_general_ci',
  } as const;
  return { type, value };
}

/** The statement with `?` in place of its literals, and values for them. */
export function withParameters(
  dice: RandomInteger,
  text: string,
): { readonly text: string; readonly parameters: readonly SourceValue[] } | null {
  const values: SourceValue[] = [];
  const prepared = replaced(text, ({ start, end }) => {
    if (dice(4) === 0) return text.slice(start, end);
    values.push(parameters[dice(parameters.length)] as SourceValue);
    return '?';
  });
  return prepared === null ? null : { text: prepared, parameters: values };
}
