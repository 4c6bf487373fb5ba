// Which joins every partition can do by itself: those by the shard key, and with reference tables.

import { areEqualColumns } from './prune.ts';
import { conjuncts } from './from-tree.ts';
import type { FromTree, ResolvedSelect } from './resolved-query.ts';
import type { SurveyedTable } from './survey-query.ts';
import { must } from '#shared/assert.ts';

/** The sharded tables of a joined part, which all lie together; empty: reference tables alone. */
type Spread = readonly SurveyedTable[];

/**
 * Null when the joins of the block, and the subqueries in it, can be done partition by partition;
 * else why they cannot.
 */
export function colocationProblem(
  block: ResolvedSelect,
  tables: readonly SurveyedTable[],
): string | null {
  const byId = new Map(tables.map((table) => [table.relation.id, table]));
  if (block.from === null) return 'no table';
  const spread = spreadOf(block.from, byId);
  if (typeof spread === 'string') return spread;
  if (spread.length === 0) return 'no sharded table in FROM';
  for (const table of tables) {
    if (table.block === block || table.relation.table.spread === 'reference') continue;
    if (table.relation.table.spread === 'single') return `${table.relation.alias} is not spread`;
    if (!spread.some((other) => areJoinedByKey(other, table, table))) {
      return `the subquery on ${table.relation.alias} is not joined by the shard key`;
    }
  }
  return null;
}

function spreadOf(from: FromTree, byId: ReadonlyMap<number, SurveyedTable>): Spread | string {
  if (from.kind === 'relation') {
    const { relation } = from;
    if (relation.kind === 'derived') return `${relation.alias} is a derived table`;
    if (relation.kind === 'virtual') return `${relation.alias} is a virtual table`;
    if (relation.table.spread === 'reference') return [];
    if (relation.table.spread === 'single') return `${relation.alias} is not spread`;
    return [must(byId.get(relation.id))];
  }
  const left = spreadOf(from.left, byId);
  const right = spreadOf(from.right, byId);
  if (typeof left === 'string') return left;
  if (typeof right === 'string') return right;
  if (right.length === 0) return left;
  if (left.length === 0) {
    // Each partition would add its own rows without a partner.
    return from.join === 'left' ? 'a reference table is joined from the outer side' : right;
  }
  for (const one of left) {
    for (const other of right) if (areJoinedByKey(one, other, other)) return [...left, ...right];
  }
  return `${right.map(({ relation }) => relation.alias).join(', ')} is not joined by the shard key`;
}

/** True when the conditions of `by` say that the two tables' shard keys are equal. */
function areJoinedByKey(one: SurveyedTable, other: SurveyedTable, by: SurveyedTable): boolean {
  const left = one.relation;
  const right = other.relation;
  if (left.database !== right.database) return false;
  const keys = left.table.shardKey;
  if (keys.length === 0 || keys.length !== right.table.shardKey.length) return false;
  const parts = by.conditions.flatMap(conjuncts);
  return keys.every((name, i) =>
    areEqualColumns(keyColumn(one, name), keyColumn(other, must(right.table.shardKey[i])), parts),
  );
}

function keyColumn({ relation }: SurveyedTable, name: string) {
  const column = must(relation.table.columns.find((candidate) => candidate.name === name));
  return {
    kind: 'column',
    relation: relation.id,
    column: name,
    type: column.type,
    nullable: column.nullable,
  } as const;
}
