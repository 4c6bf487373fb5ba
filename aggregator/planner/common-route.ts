// The one way by which the values of a statement's literals lead to its partitions, if there is.

import { routeOf } from './prune.ts';
import { sameRoute, type Route } from './route.ts';
import type { SurveyedTable } from './survey-query.ts';

/** The route that all sharded tables share; null where there is none, or another table beside. */
export function commonRoute(tables: readonly SurveyedTable[]): Route | null {
  let common: Route | null = null;
  for (const { relation, conditions } of tables) {
    const { spread } = relation.table;
    if (spread === 'reference') continue;
    const route = spread === 'sharded' ? routeOf(relation, conditions) : null;
    if (route === null || (common !== null && !sameRoute(common, route))) return null;
    common = route;
  }
  return common;
}
