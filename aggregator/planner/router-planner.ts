// One partition can answer it all: no row of another one matters.

import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { onlyDatabase, readTask, type Planning, type PlannerAnswer } from './planning.ts';
import { prune } from './prune.ts';
import { isSingle, noteRoute, type Route } from './route.ts';
import type { Survey } from './survey-query.ts';
import { commonRoute } from './common-route.ts';

/** Every sharded table pruned to one and the same partition, single tables being in the first. */
export function routerPlan(planning: Planning): PlannerAnswer {
  const { survey } = planning;
  if (survey.recursive) return { fits: false, reason: 'WITH RECURSIVE' };
  if (survey.virtual.length > 0) return { fits: false, reason: 'a virtual table' };
  const database = onlyDatabase(planning);
  if (database === null) return { fits: false, reason: 'tables of several databases' };
  const found = commonPartition(planning, database.partitionCount);
  if (typeof found === 'string') return { fits: false, reason: found };
  const { ordinal, route } = found;
  const target = { kind: 'one', ordinal, ...(route === null ? {} : { route }) } as const;
  const task = readTask(database, target, planning.query);
  return { fits: true, rows: { kind: 'read', task }, reason: found.reason };
}

/** The partition of a statement, and how each run of a kept plan finds its own; null: always it. */
export interface CommonPartition {
  readonly ordinal: number;
  readonly route: Route | null;
  readonly reason: string;
}

/** The partition that all tables have in common, or why there is none. */
export function commonPartition(
  { survey }: Pick<Planning, 'survey'>,
  partitionCount: number,
): CommonPartition | string {
  const route = partitionCount === 1 ? null : commonRoute(survey.tables);
  const found = findCommon(survey, partitionCount, route !== null);
  if (typeof found === 'string') return found;
  if (route === null || isSingle(route)) return { ...found, route };
  // Several values that happen to lie together: other values may not.
  noteRoute(route);
  return { ...found, route: null };
}

function findCommon(
  survey: Survey,
  partitionCount: number,
  isRouted: boolean,
): Pick<CommonPartition, 'ordinal' | 'reason'> | string {
  let common: number | null = null;
  let reason = 'reference tables only';
  for (const { relation, conditions } of survey.tables) {
    if (relation.table.spread === 'reference') continue;
    const isSharded = relation.table.spread === 'sharded';
    const ordinals = isSharded ? prune(relation, conditions, partitionCount, isRouted) : [0];
    if (ordinals === null && partitionCount > 1) return `${relation.alias} is spread over all`;
    if (ordinals !== null && ordinals.length > 1) return `${relation.alias} is in several`;
    // No row can match: any partition says so.
    if (ordinals !== null && ordinals.length === 0) continue;
    const ordinal: number = ordinals?.[0] ?? 0;
    if (common !== null && common !== ordinal) return 'tables in different partitions';
    common = ordinal;
    if (common !== null) reason = isSharded ? 'shard key is known' : 'single-partition table';
  }
  if (partitionCount === 1) reason = 'the database has one partition';
  const spread = survey.tables.some(({ relation }) => relation.table.spread !== 'reference');
  return { ordinal: common ?? (spread ? 0 : REFERENCE_ORDINAL), reason };
}
