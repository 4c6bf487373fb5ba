// Tries the planners, cheapest first; the first that can, does.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import { gatherPlan } from './gather-planner.ts';
import type { Operator, QueryPlan } from './plan.ts';
import {
  mixesOwnReferences,
  startPlanning,
  type OwnReferences,
  type Planning,
} from './planning.ts';
import { pushdownPlan } from './pushdown-planner.ts';
import { outputColumns } from './resolve-from.ts';
import type { ResolvedQuery } from './resolved-query.ts';
import { routerPlan } from './router-planner.ts';

/** The plan of a query. Pure: asks no leaf. */
export function planQuery(
  query: ResolvedQuery,
  catalog: CatalogReader,
  hasOwnReferences?: OwnReferences,
): QueryPlan {
  const planning = startPlanning(query, catalog, hasOwnReferences);
  const columns = outputColumns(query);
  return { kind: 'query', columns, ...chooseRows(planning) };
}

function chooseRows(planning: Planning): Pick<QueryPlan, 'planner' | 'reason' | 'rows'> {
  if (planning.survey.tables.length === 0) {
    const rows = gatherPlan(planning, planPart);
    return { planner: 'local', reason: 'no table of a partition', rows };
  }
  if (mixesOwnReferences(planning)) {
    const reason = 'the transaction has changed a reference table';
    return { planner: 'gather', reason, rows: gatherPlan(planning, planPart) };
  }
  const router = routerPlan(planning);
  if (router.fits) return { planner: 'router', reason: router.reason, rows: router.rows };
  const pushdown = pushdownPlan(planning);
  if (pushdown.fits) return { planner: 'push-down', reason: pushdown.reason, rows: pushdown.rows };
  return { planner: 'gather', reason: pushdown.reason, rows: gatherPlan(planning, planPart) };
}

function planPart(planning: Planning): Operator {
  return chooseRows(planning).rows;
}
