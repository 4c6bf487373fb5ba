// The relation that stands for rows gathered at the aggregator, in the query that goes over them.

import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { must } from '#shared/assert.ts';
import { relationsOf } from './from-tree.ts';
import type { FromTree, Relation, ResolvedQuery } from './resolved-query.ts';
import type { ColumnExpression } from './walk-expression.ts';
import { queryExpressions, queryOf, walkExpression } from './walk-expression.ts';

export interface CombinedRelation {
  readonly id: number;
  readonly from: FromTree;
  readonly relation: Relation;
  readonly columns: readonly ColumnExpression[];
  column(index: number): ColumnExpression;
  readonly tableColumns: readonly { readonly name: string; readonly type: ColumnType }[];
}

/** A relation of gathered rows; its columns are called c0, c1, … whatever the client calls them. */
export function columnsRelation(
  id: number,
  name: string,
  described: readonly Pick<ResultColumn, 'type' | 'nullable'>[],
): CombinedRelation {
  const columns = described.map(({ type, nullable }, i): ColumnExpression => {
    return { kind: 'column', relation: id, column: `c${i}`, type, nullable };
  });
  const relation: Relation = { kind: 'virtual', id, alias: name, database: '', name, columns: [] };
  return {
    id,
    relation,
    from: { kind: 'relation', relation },
    columns,
    column: (index) => must(columns[index]),
    tableColumns: columns.map(({ column, type }) => ({ name: column, type })),
  };
}

/** A relation number that the query does not use. */
export function freshRelation(query: ResolvedQuery): number {
  return Math.max(0, ...relationIds(query)) + 1;
}

function relationIds(query: ResolvedQuery): readonly number[] {
  if (query.kind === 'setOperation') {
    return [...relationIds(query.left), ...relationIds(query.right)];
  }
  if (query.kind === 'recursion') {
    const { start, members } = query;
    return [start, ...members.map((member) => member.query)].flatMap(relationIds);
  }
  const ids = relationsOf(query.from).flatMap((relation) =>
    relation.kind === 'derived' ? [relation.id, ...relationIds(relation.query)] : [relation.id],
  );
  for (const expression of queryExpressions(query)) {
    walkExpression(expression, (part) => {
      const inner = queryOf(part);
      if (inner !== null) ids.push(...relationIds(inner));
    });
  }
  return ids;
}
