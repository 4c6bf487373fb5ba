// Which partitions can hold rows of a block's answer, when each of them answers its part.

import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import { commonRoute } from './common-route.ts';
import type { ReadTask } from './plan.ts';
import { targetOf, type Planning } from './planning.ts';
import { intersect, prune } from './prune.ts';
import type { ResolvedSelect } from './resolved-query.ts';

/** The partitions in which all sharded tables of the block can have rows. */
export function blockTarget(
  { survey }: Pick<Planning, 'survey'>,
  block: ResolvedSelect,
  { partitionCount }: DatabaseDefinition,
): ReadTask['target'] {
  const tables = survey.tables
    .filter((table) => table.block === block && !table.optional)
    .filter(({ relation }) => relation.table.spread === 'sharded');
  const route = partitionCount === 1 ? null : commonRoute(tables);
  const ordinals = tables
    .map(({ relation, conditions }) => {
      return prune(relation, conditions, partitionCount, route !== null);
    })
    .map((found) => (found === null ? null : new Set(found)))
    .reduce<ReadonlySet<number> | null>(intersect, null);
  const target = targetOf(ordinals, partitionCount);
  return route === null ? target : { ...target, route };
}
