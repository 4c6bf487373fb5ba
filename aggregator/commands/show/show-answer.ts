// What a SHOW shows before its LIKE or WHERE: headers with types, and rows in their order.

import { computedColumn, type ResultColumn } from '#aggregator/statement-result.ts';
import type { ColumnType, Row } from '#shared/sql/column-type.ts';

export interface ShowAnswer {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly Row[];
}

/** Characters of a header's VARCHAR. */
const TEXT_LENGTH = 512;

const text: ColumnType = {
  kind: 'string',
  form: 'varchar',
  length: TEXT_LENGTH,
  collation: 'utf8mb4_general_ci',
};
const longText: ColumnType = {
  kind: 'string',
  form: 'longtext',
  length: 0xffff_ffff,
  collation: 'utf8mb4_general_ci',
};
const number: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const double: ColumnType = { kind: 'double', unsigned: false };
const moment: ColumnType = { kind: 'datetime', fsp: 0 };

const types = { text, long: longText, number, double, moment } as const;

/** A header: its name, and what it holds when that is not short text. */
export type Header = string | readonly [name: string, type: keyof typeof types];

function headers(list: readonly Header[]): readonly ResultColumn[] {
  return list.map((header) => {
    const [name, type] = typeof header === 'string' ? [header, 'text' as const] : header;
    return computedColumn(name, types[type]);
  });
}

export function answer(list: readonly Header[], rows: readonly Row[]): ShowAnswer {
  return { columns: headers(list), rows };
}
