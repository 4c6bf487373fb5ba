// An ALTER TABLE that has to look at rows: asked, counted and moved while nobody changes them.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { StoredSequences } from '#aggregator/metadata/sequences.ts';
import { must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { moveRows, moveToFirst } from './move-rows.ts';
import { plainChange, type AlterPlan } from './plan-alteration.ts';
import { readTable, type TableReader } from '#aggregator/cluster/read-table.ts';
import { joinChanges, type SchemaChange } from './schema-change.ts';

const integer: ColumnType = { kind: 'integer', bits: 64, unsigned: false };

export interface FencedParts {
  readonly reader: TableReader;
  readonly sequences: StoredSequences;
}

/** The change of a plan. What it needs to know of the rows is read here, behind the fence. */
export async function fencedChange(
  { reader, sequences }: FencedParts,
  database: DatabaseDefinition,
  options: { readonly plan: AlterPlan; readonly zeroIsValue: boolean },
): Promise<SchemaChange> {
  const { plan, zeroIsValue } = options;
  const { alteration, parents, orphans } = plan;
  const gathered: SchemaChange[] = [];
  for (const parent of parents) {
    gathered.push((await moveRows(reader, database, moveToFirst(parent))).change);
  }
  if (alteration === null) return joinChanges([...gathered, plainChange(plan) ?? orphans]);
  const { before, after, checks, newlyCounted } = alteration;
  await checkRows(reader, database, before, checks ?? []);
  const numbered = [...alteration.numbered];
  if (newlyCounted !== null) {
    const value = must(alteration.values.get(newlyCounted));
    const count = await countedRows(reader, database, { table: before, value });
    await sequences.observe(database.name, after.id, count.greatest);
    if (count.missing || (count.zeros && !zeroIsValue)) numbered.push(newlyCounted);
  }
  if (alteration.inPlace !== null && numbered.length === 0) {
    return joinChanges([...gathered, must(plainChange(plan))]);
  }
  const moved = await moveRows(reader, database, { ...alteration, numbered });
  if (moved.greatest !== null) {
    await sequences.observe(database.name, after.id, moved.greatest);
  }
  return joinChanges([...gathered, moved.change, orphans]);
}

/** Throws the first objection of a row. */
async function checkRows(
  reader: TableReader,
  database: DatabaseDefinition,
  table: TableDefinition,
  checks: readonly string[],
): Promise<void> {
  for (const sql of checks) {
    for await (const { rows } of readTable(reader, database, { table, sql, columns: [integer] })) {
      if (rows.length > 0) throw databaseError('invalidUseOfNull', {});
    }
  }
}

/** The greatest value of a column that counts from now on, and whether rows want a number. */
async function countedRows(
  reader: TableReader,
  database: DatabaseDefinition,
  { table, value }: { readonly table: TableDefinition; readonly value: string },
): Promise<{ greatest: bigint; missing: boolean; zeros: boolean }> {
  const counted = { greatest: 0n, missing: false, zeros: false };
  const sql =
    `SELECT max(${value}), count(*) - count(${value}), count(*) FILTER (WHERE (${value}) = 0) ` +
    `FROM ${quoteIdentifier(table.name)}`;
  const columns = [integer, integer, integer];
  for await (const { rows } of readTable(reader, database, { table, sql, columns })) {
    for (const row of rows) {
      const [greatest, missing, zeros] = row.map((entry) => BigInt((entry ?? 0n) as bigint));
      if (must(greatest) > counted.greatest) counted.greatest = must(greatest);
      counted.missing ||= must(missing) > 0n;
      counted.zeros ||= must(zeros) > 0n;
    }
  }
  return counted;
}
