// Do two copies hold the same rows? Tables first, then buckets, then rows, as far as is asked.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { encode } from '#shared/codec.ts';
import { databaseError } from '#shared/error.ts';
import {
  bucketDigestBytes,
  contentBuckets,
  valueDigestBytes,
  type ContentAnswer,
  type ContentAsk,
  type RowContent,
  type RowDifference,
  type TableDifference,
} from '#shared/wire/content-message.ts';
import { keyColumns } from '#leaf/partition/content.ts';

/** Rows named in one report. */
const namedRowsMax = 1000;
/** Buckets whose rows are asked for at a time. */
const bucketsAtATime = 16;

type Ask = (ask: ContentAsk) => Promise<ContentAnswer>;

export interface Sides {
  readonly primary: Ask;
  readonly secondary: Ask;
  /** The tables of the secondary's copy. */
  readonly tables: readonly TableDefinition[];
}

/** The tables that differ, by name. Both sides read at the same time. */
export async function differingTables(sides: Sides): Promise<TableDifference[]> {
  const [primary, secondary] = await Promise.all([
    tablesOf(sides.primary),
    tablesOf(sides.secondary),
  ]);
  const names = new Set([...primary.keys(), ...secondary.keys()]);
  return [...names].toSorted().flatMap((table) => {
    const [there, here] = [primary.get(table), secondary.get(table)];
    if (there !== undefined && there.digest === here?.digest && there.rows === here.rows) return [];
    return [{ table, rowsAtPrimary: there?.rows ?? 0, rowsAtSecondary: here?.rows ?? 0 }];
  });
}

/** The rows that differ in these tables; `isComplete` is false when there are more. */
export async function differingRows(
  sides: Sides,
  differences: readonly TableDifference[],
): Promise<{ rows: RowDifference[]; isComplete: boolean }> {
  const rows: RowDifference[] = [];
  for (const { table } of differences) {
    const definition = sides.tables.find(({ name }) => name === table);
    // A table that one side does not have is told of as a table.
    if (definition === undefined) continue;
    const buckets = await differingBuckets(sides, table);
    for (let at = 0; at < buckets.length; at += bucketsAtATime) {
      const ask = { kind: 'rows', table, buckets: buckets.slice(at, at + bucketsAtATime) } as const;
      const [primary, secondary] = await Promise.all([
        rowsOf(sides.primary, ask),
        rowsOf(sides.secondary, ask),
      ]);
      rows.push(...compareRows(definition, primary.rows, secondary.rows));
      const isCut = primary.isCut || secondary.isCut || rows.length > namedRowsMax;
      if (isCut) return { rows: rows.slice(0, namedRowsMax), isComplete: false };
    }
  }
  return { rows, isComplete: true };
}

async function tablesOf(ask: Ask): Promise<Map<string, { rows: number; digest: string }>> {
  const answer = await ask({ kind: 'tables' });
  if (answer.kind !== 'tables') throw unexpected();
  return new Map(answer.tables.map(({ name, rows, digest }) => [name, { rows, digest }]));
}

async function rowsOf(ask: Ask, question: ContentAsk) {
  const answer = await ask(question);
  if (answer.kind !== 'rows') throw unexpected();
  return answer;
}

async function differingBuckets(sides: Sides, table: string): Promise<number[]> {
  const [primary, secondary] = await Promise.all(
    [sides.primary, sides.secondary].map(async (ask) => {
      const answer = await ask({ kind: 'buckets', table });
      if (answer.kind !== 'buckets') throw unexpected();
      return Buffer.from(answer.digests);
    }),
  );
  const all = Array.from({ length: contentBuckets }, (_, bucket) => bucket);
  const digestOf = (digests: Buffer | undefined, bucket: number) =>
    digests?.toString('hex', bucket * bucketDigestBytes, (bucket + 1) * bucketDigestBytes);
  return all.filter((bucket) => digestOf(primary, bucket) !== digestOf(secondary, bucket));
}

function compareRows(
  table: TableDefinition,
  primary: readonly RowContent[],
  secondary: readonly RowContent[],
): RowDifference[] {
  const there = byKey(primary);
  const here = byKey(secondary);
  const found: RowDifference[] = [];
  const tell = (
    row: RowContent,
    difference: RowDifference['difference'],
    columns: readonly string[] = [],
  ) => found.push({ table: table.name, key: keyText(table, row), difference, columns });
  for (const [key, row] of there) {
    const other = here.get(key);
    if (other === undefined) tell(row, 'missing at the secondary');
    else if (!Buffer.from(row.values).equals(other.values)) {
      tell(row, 'differs', differingColumns(table, row, other));
    }
  }
  for (const [key, row] of here) if (!there.has(key)) tell(row, 'only at the secondary');
  return found;
}

function byKey(rows: readonly RowContent[]): Map<string, RowContent> {
  return new Map(rows.map((row) => [Buffer.from(encode(row.key)).toString('latin1'), row]));
}

function differingColumns(table: TableDefinition, a: RowContent, b: RowContent): string[] {
  const [left, right] = [Buffer.from(a.values), Buffer.from(b.values)];
  const digestOf = (values: Buffer, index: number) =>
    values.toString('hex', index * valueDigestBytes, (index + 1) * valueDigestBytes);
  const columns = table.columns.filter(
    (_, index) => digestOf(left, index) !== digestOf(right, index),
  );
  return columns.map(({ name }) => name);
}

/** `id = 7, code = 'de'`, values as they are stored. */
function keyText(table: TableDefinition, { key }: RowContent): string {
  return keyColumns(table)
    .map((name, index) => `${name} = ${valueText(key[index])}`)
    .join(', ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  return String(value);
}

function unexpected() {
  return databaseError('linkProtocol', { reason: 'a check was answered by something else' });
}
