// A SELECT block made by a planner: what is not said is not there.

import type { ResolvedSelect } from './resolved-query.ts';

export function plainSelect(
  parts: Pick<ResolvedSelect, 'items' | 'from'> & Partial<ResolvedSelect>,
): ResolvedSelect {
  return {
    kind: 'select',
    distinct: false,
    where: null,
    groupBy: [],
    having: null,
    orderBy: [],
    limit: null,
    offset: null,
    aggregated: false,
    outerRelations: [],
    forUpdate: false,
    ...parts,
  };
}
