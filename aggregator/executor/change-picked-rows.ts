// UPDATE and DELETE that no partition can do by itself: the rows are picked over all of them, with
// the partitions locked, and then changed by their primary keys where they are.

import { planVersion } from '#shared/cluster/plan-version.ts';
import { mayMoveRows, primaryKey, rowsOf } from '#aggregator/planner/change-planner.ts';
import { quoteName } from '#aggregator/planner/deparse/fragment.ts';
import { noNames } from '#aggregator/planner/from-names.ts';
import { startPlanning } from '#aggregator/planner/planning.ts';
import type { ResolvedChange } from '#aggregator/planner/resolve-change.ts';
import { selectItem } from '#aggregator/planner/resolve-select-items.ts';
import type { ResolvedSelect } from '#aggregator/planner/resolved-query.ts';
import type { ColumnExpression } from '#aggregator/planner/walk-expression.ts';
import type { PartitionWrites } from '#aggregator/transaction/partition-writes.ts';
import type { Transaction } from '#aggregator/transaction/transaction.ts';
import { partitionOfSlot, slotOf } from '#shared/cluster/partition-hash.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import type { Row, StoredValue } from '#shared/sql/column-type.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { Execution } from './execution.ts';
import { readRows } from './inline-subqueries.ts';
import { movedInText, rowPlacer, wholeRow } from './moved-rows.ts';
import { SHORT_ROWS_MAX, inOwnTransaction, writeInTransaction } from './write-partitions.ts';

/** Rows that one such statement may change. */
const PICKED_ROWS_MAX = 100_000;

export interface ChangedRows {
  readonly matched: number;
  readonly changed: number;
  /** What LAST_INSERT_ID(n) was given for the matched rows: of several the greatest; else null. */
  readonly lastInsertId: bigint | null;
}

/** Changes one table, or several by the rows of one FROM: all are picked before any changes. */
export async function changePickedRows(
  execution: Execution,
  changes: readonly ResolvedChange[],
): Promise<ChangedRows> {
  const { transaction } = execution;
  if (transaction !== null) return pickAndChange(execution, changes, transaction);
  return inOwnTransaction(execution, (own) =>
    pickAndChange({ ...execution, transaction: own }, changes, own),
  );
}

async function pickAndChange(
  execution: Execution,
  changes: readonly ResolvedChange[],
  transaction: Transaction,
): Promise<ChangedRows> {
  const picks: Picked[] = [];
  for (const change of changes) picks.push(await pickRows(execution, change));
  const total = { matched: 0, changed: 0, lastInsertId: null as bigint | null };
  for (const { matched, writes, movedIn, lastInsertId } of picks) {
    const results = await writeInTransaction(execution, transaction, writes);
    total.matched += matched;
    total.lastInsertId = lastInsertId ?? total.lastInsertId;
    const steps = results.flat();
    total.changed += steps.reduce((sum, { changes }) => sum + changes, -movedIn);
  }
  return total;
}

interface Picked {
  readonly matched: number;
  readonly writes: PartitionWrites;
  /** Rows that are put in where they belong now, having been taken out elsewhere. */
  readonly movedIn: number;
  readonly lastInsertId: bigint | null;
}

async function pickRows(execution: Execution, change: ResolvedChange): Promise<Picked> {
  const { catalog } = execution.context;
  const database = catalog.database(change.target.database);
  const keys = primaryKey(change);
  const isWhole =
    !namesShardKey(change, keys) ||
    mayMoveRows(change, startPlanning(rowsOf(change), catalog).survey);
  const query = { ...rowsToPick(change, isWhole), forUpdate: 'wait' } as const;
  const picked = await readRows(execution, query, PICKED_ROWS_MAX + 1);
  if (picked.length > PICKED_ROWS_MAX) {
    const verb = change.kind.toUpperCase();
    throw databaseError('unsupported', { what: `${verb} of so many rows over partitions` });
  }
  // No row of the table stands in an outer join's NULLs.
  const there = picked.filter((row) => row[0] !== null);
  const rows = firstOfEachKey(there, keys.length);
  const { partitionCount } = database;
  const { tasks, movedIn } = tasksOf(change, { keys, rows, isWhole, partitionCount });
  const mayBeLong = rows.length > SHORT_ROWS_MAX;
  const catalogVersion = planVersion(database);
  const writes = { database: database.name, catalogVersion, tasks, mayBeLong };
  return { matched: rows.length, writes, movedIn, lastInsertId: lastInsertIdOf(change, rows) };
}

/** A key that we made for a table without one does not tell where its row is. */
function namesShardKey({ target }: ResolvedChange, keys: readonly ColumnExpression[]): boolean {
  const { spread, shardKey } = target.table;
  if (spread !== 'sharded') return true;
  return shardKey.every((name) => keys.some(({ column }) => column === name));
}

interface PickedRows {
  readonly keys: readonly ColumnExpression[];
  readonly rows: readonly Row[];
  /** Each has the whole row behind its values. */
  readonly isWhole: boolean;
  readonly partitionCount: number;
}

/** What one partition does: rows that move are out before others come in. */
interface Steps {
  readonly out: Row[];
  readonly changed: Row[];
  readonly in: Row[];
}

function tasksOf(
  change: ResolvedChange,
  { keys, rows, isWhole, partitionCount }: PickedRows,
): Pick<PartitionWrites, 'tasks'> & Pick<Picked, 'movedIn'> {
  const byPartition = new Map<number, Steps>();
  const at = (ordinal: number): Steps => {
    const known = byPartition.get(ordinal) ?? { out: [], changed: [], in: [] };
    byPartition.set(ordinal, known);
    return known;
  };
  const places = { values: keys.length, whole: keys.length + change.assignments.length };
  const placeOf = isWhole ? rowPlacer(change, partitionCount, places) : null;
  let movedIn = 0;
  for (const row of rows) {
    const placed = placeOf?.(row) ?? null;
    const ordinal = placed?.ordinal ?? partitionOfKey(change, { keys, row, partitionCount });
    const moved = placed?.moved ?? null;
    if (moved === null) at(ordinal).changed.push(boundRow(change, keys.length, row));
    else {
      if (change.ignore) throw databaseError('unsupported', { what: 'UPDATE IGNORE of keys' });
      at(ordinal).out.push(row.slice(0, keys.length));
      at(moved.ordinal).in.push(moved.row);
      movedIn += 1;
    }
  }
  const isUpdate = change.kind === 'update';
  const text = isUpdate ? updateText(change, keys) : deleteText(change, keys);
  const tasks = [...byPartition]
    .sort(([a], [b]) => a - b)
    .map(([ordinal, steps]) => ({
      ordinal,
      steps: [
        { kind: 'rows', sql: deleteText(change, keys), rows: steps.out } as const,
        { kind: 'rows', sql: text, rows: steps.changed } as const,
        { kind: 'rows', sql: movedInText(change), rows: steps.in } as const,
      ].filter((step) => step.rows.length > 0),
    }));
  return { tasks, movedIn };
}

/** Behind the keys and values stand the whole row, if it is asked for, and LAST_INSERT_ID(n). */
function rowsToPick(change: ResolvedChange, isWhole: boolean): ResolvedSelect {
  const query = rowsOf(change);
  const { lastInsertId } = change;
  const whole = isWhole ? wholeRow(change) : [];
  const number = lastInsertId === null ? [] : [selectItem(lastInsertId, '', noNames)];
  return { ...query, items: [...query.items, ...whole, ...number] };
}

function lastInsertIdOf({ lastInsertId }: ResolvedChange, rows: readonly Row[]): bigint | null {
  if (lastInsertId === null) return null;
  return greatest(rows.map((row) => row.at(-1) ?? null));
}

/** Of the numbers that are there; null without any. */
export function greatest(values: readonly StoredValue[]): bigint | null {
  let found: bigint | null = null;
  for (const value of values) {
    if (typeof value !== 'bigint' && typeof value !== 'number') continue;
    const number = BigInt(value);
    if (found === null || number > found) found = number;
  }
  return found;
}

/** A row that is joined with several is changed once, as in MySQL by any of them. */
function firstOfEachKey(rows: readonly Row[], keyLength: number): readonly Row[] {
  const seen = new Map<string, Row>();
  for (const row of rows) {
    const key = row.slice(0, keyLength).map((value) => `${typeof value}:${value}`);
    const text = JSON.stringify(key);
    if (!seen.has(text)) seen.set(text, row);
  }
  return [...seen.values()];
}

function partitionOfKey(
  { target }: ResolvedChange,
  picked: {
    readonly keys: readonly ColumnExpression[];
    readonly row: Row;
    readonly partitionCount: number;
  },
): number {
  const { spread, shardKey } = target.table;
  if (spread === 'reference') return REFERENCE_ORDINAL;
  if (spread === 'single') return 0;
  const { keys, row, partitionCount } = picked;
  const places = shardKey.map((name) => keys.findIndex((key) => key.column === name));
  const values = places.map((place) => row[place] ?? null);
  const types = places.map((place) => must(keys[place]).type);
  return partitionOfSlot(slotOf(values, types), partitionCount);
}

function whereKey(keys: readonly ColumnExpression[]): string {
  return keys.map(({ column }) => `${quoteName(column)} = ?`).join(' AND ');
}

function deleteText({ target }: ResolvedChange, keys: readonly ColumnExpression[]): string {
  return `DELETE FROM ${quoteName(target.table.name)} WHERE ${whereKey(keys)}`;
}

/** Its values: those to set, the key, those to compare with. */
function updateText(change: ResolvedChange, keys: readonly ColumnExpression[]): string {
  const { assignments, target, ignore } = change;
  const set = assignments.map(({ column }) => `${quoteName(column.name)} = ?`);
  const differs = assignments
    .filter(({ automatic }) => !automatic)
    .map(({ column }) => `${quoteName(column.name)} IS NOT ?`);
  const table = quoteName(target.table.name);
  return (
    `UPDATE ${ignore ? 'OR IGNORE ' : ''}${table} SET ${set.join(', ')} WHERE ${whereKey(keys)} ` +
    `AND (${differs.join(' OR ')})`
  );
}

function boundRow({ kind, assignments }: ResolvedChange, keyLength: number, row: Row): Row {
  const key = row.slice(0, keyLength);
  if (kind === 'delete') return key;
  const values = row.slice(keyLength, keyLength + assignments.length);
  return [...values, ...key, ...values.filter((_, i) => assignments[i]?.automatic !== true)];
}
