// What every planner is given: the query, what it is made of, and the databases it touches.

import { planVersion } from '#shared/cluster/plan-version.ts';
import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { DeparseContext, NamedRelation } from './deparse/deparse-context.ts';
import { quoteName, type Fragment } from './deparse/fragment.ts';
import { deparseQuery } from './deparse/deparse-query.ts';
import type { Operator, ReadTask, Target } from './plan.ts';
import { outputColumns } from './resolve-from.ts';
import type { ResolvedQuery, ResolvedSelect } from './resolved-query.ts';
import { surveyQuery, type Survey } from './survey-query.ts';
import type { TypedExpression } from './typed-expression.ts';

export interface Planning {
  readonly query: ResolvedQuery;
  readonly survey: Survey;
  readonly catalog: CatalogReader;
  /**
   * True where the transaction has written on this database's reference partition: the copies
   * beside the other partitions do not know of it, so its tables are read where they are.
   */
  readonly hasOwnReferences: OwnReferences;
}

export type OwnReferences = (database: string) => boolean;

/** Outside of a transaction, and in most of them. */
const noOwnReferences: OwnReferences = () => false;

/** Tried in turn: the rows of the query and why this planner fits, or why it does not. */
export type PlannerAnswer =
  | { readonly fits: true; readonly rows: Operator; readonly reason: string }
  | { readonly fits: false; readonly reason: string };

export function startPlanning(
  query: ResolvedQuery,
  catalog: CatalogReader,
  hasOwnReferences: OwnReferences = noOwnReferences,
): Planning {
  return { query, survey: surveyQuery(query), catalog, hasOwnReferences };
}

/** True where a copy of a reference table would be read that lacks the transaction's own rows. */
export function mixesOwnReferences({ survey, hasOwnReferences }: Planning): boolean {
  const isReference = survey.tables.map(({ relation }) => relation.table.spread === 'reference');
  if (isReference.every((each) => each === isReference[0])) return false;
  return survey.tables.some(
    ({ relation }, i) => isReference[i] && hasOwnReferences(relation.database),
  );
}

/** The one database of the query's tables, or null where there are several. */
export function onlyDatabase({ survey, catalog }: Planning): DatabaseDefinition | null {
  const names = new Set(survey.tables.map(({ relation }) => relation.database));
  const [name] = names;
  return names.size === 1 && name !== undefined ? catalog.database(name) : null;
}

/** How the tables are called in a partition. */
export function partitionContext(target: ReadTask['target']): DeparseContext {
  const atReference = target.kind === 'one' && target.ordinal === REFERENCE_ORDINAL;
  return {
    relationText(relation: NamedRelation) {
      const isReference = relation.kind === 'table' && relation.table.spread === 'reference';
      const name = relation.kind === 'table' ? relation.table.name : relation.name;
      return `${isReference && !atReference ? 'ref' : 'main'}.${quoteName(name)}`;
    },
  };
}

/** A task for the query as it stands. */
export function readTask(
  database: DatabaseDefinition,
  target: ReadTask['target'],
  query: ResolvedQuery,
): ReadTask {
  return {
    database: database.name,
    catalogVersion: planVersion(database),
    target,
    statement: deparseQuery(query, partitionContext(target)),
    columns: typesOf(outputColumns(query)),
    forUpdate: query.kind === 'select' ? query.forUpdate : false,
    mayLimit: query.kind === 'select' && query.limit === null && query.offset === null,
  };
}

/** Ordinals as a target; null stands for all. An empty set still needs somebody who answers. */
export function targetOf(
  ordinals: Iterable<number> | null,
  partitionCount: number,
): Exclude<Target, { kind: 'none' }> {
  if (ordinals === null) {
    return partitionCount === 1 ? { kind: 'one', ordinal: 0 } : { kind: 'all' };
  }
  const sorted = [...ordinals].sort((a, b) => a - b);
  if (sorted.length <= 1) return { kind: 'one', ordinal: sorted[0] ?? 0 };
  return sorted.length === partitionCount ? { kind: 'all' } : { kind: 'some', ordinals: sorted };
}

export function typesOf(columns: readonly ResultColumn[]): readonly ColumnType[] {
  return columns.map((column) => column.type);
}

/** A query over tables that the combine operator has gathered under these names. */
export function gatheredQuery(query: ResolvedQuery, names: ReadonlyMap<number, string>): Fragment {
  return deparseQuery(query, {
    relationText: (relation: NamedRelation) => quoteName(must(names.get(relation.id))),
  });
}

/** LIMIT and OFFSET as numbers. */
export interface Bounds {
  readonly count: number | null;
  readonly offset: number;
}

export function boundsOf(query: Pick<ResolvedSelect, 'limit' | 'offset'>): Bounds {
  const count = query.limit === null ? null : boundOf(query.limit);
  return { count, offset: query.offset === null ? 0 : boundOf(query.offset) };
}

function boundOf(expression: TypedExpression): number {
  if (expression.kind === 'constant' && expression.type.kind === 'integer') {
    const value = Number(expression.value);
    if (Number.isInteger(value) && value >= 0) return Math.min(value, Number.MAX_SAFE_INTEGER);
  }
  throw databaseError('wrongArguments', { command: 'LIMIT' });
}
