// What a query is made of, over all its blocks: which tables, and under which conditions each.

import { fromConditions, relationsOf } from './from-tree.ts';
import type { Relation, ResolvedQuery, ResolvedSelect } from './resolved-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { queryOf, walkExpression } from './walk-expression.ts';

export type TableRelation = Extract<Relation, { kind: 'table' }>;
export type VirtualRelation = Extract<Relation, { kind: 'virtual' }>;

/** A table of a query with what is known about the rows of it that can matter. */
export interface SurveyedTable {
  readonly relation: TableRelation;
  /** The block it stands in. */
  readonly block: ResolvedSelect;
  /** All hold for every row (or pair of rows) that matters to the answer. */
  readonly conditions: readonly TypedExpression[];
  /**
   * Conditions that may be applied to the table's rows before they are joined: where an outer join
   * may add rows without this table, WHERE is not among them.
   */
  readonly filters: readonly TypedExpression[];
  /** True on the side of an outer join that may be missing. */
  readonly optional: boolean;
}

export interface Survey {
  readonly tables: readonly SurveyedTable[];
  readonly virtual: readonly VirtualRelation[];
  /** True where a WITH RECURSIVE stands somewhere: its steps are the aggregator's. */
  readonly recursive: boolean;
}

/** Looks through a query, its derived tables and its subqueries. */
export function surveyQuery(query: ResolvedQuery): Survey {
  const survey: OpenSurvey = { tables: [], virtual: [], recursive: false };
  surveyInto(survey, query, []);
  return survey;
}

interface OpenSurvey {
  readonly tables: SurveyedTable[];
  readonly virtual: VirtualRelation[];
  recursive: boolean;
}

function surveyInto(
  survey: OpenSurvey,
  query: ResolvedQuery,
  outer: readonly TypedExpression[],
): void {
  if (query.kind === 'setOperation') {
    surveyInto(survey, query.left, outer);
    surveyInto(survey, query.right, outer);
    return;
  }
  if (query.kind === 'recursion') {
    survey.recursive = true;
    surveyInto(survey, query.start, []);
    for (const member of query.members) surveyInto(survey, member.query, []);
    return;
  }
  for (const relation of relationsOf(query.from)) {
    if (relation.kind === 'virtual') survey.virtual.push(relation);
    else if (relation.kind === 'derived') surveyInto(survey, relation.query, []);
    else addTable(survey, surveyTable(query, relation, outer));
  }
  const known = [...outer, ...fromConditions(query.from, null).conditions, ...one(query.where)];
  for (const inner of directSubqueries(query)) surveyInto(survey, inner, known);
}

/** A subquery that ORDER BY or GROUP BY repeats is looked at once. */
function addTable({ tables }: OpenSurvey, table: SurveyedTable): void {
  const { id } = table.relation;
  if (!tables.some(({ relation }) => relation.id === id)) tables.push(table);
}

function surveyTable(
  block: ResolvedSelect,
  relation: TableRelation,
  outer: readonly TypedExpression[],
): SurveyedTable {
  const { conditions, filters, optional } = fromConditions(block.from, relation.id);
  const where = one(block.where);
  return {
    relation,
    block,
    optional,
    conditions: [...conditions, ...where, ...outer],
    filters: optional ? filters : [...filters, ...where],
  };
}

function one(expression: TypedExpression | null): readonly TypedExpression[] {
  return expression === null ? [] : [expression];
}

/** The subqueries that stand in the expressions of one block, not those inside them. */
function directSubqueries(select: ResolvedSelect): readonly ResolvedQuery[] {
  const queries: ResolvedQuery[] = [];
  for (const expression of blockExpressions(select)) {
    walkExpression(expression, (part) => {
      const query = queryOf(part);
      if (query !== null) queries.push(query);
    });
  }
  return queries;
}

/** The expressions of one block, its derived tables left out. */
export function blockExpressions(select: ResolvedSelect): readonly TypedExpression[] {
  return [
    ...select.items.map((item) => item.expression),
    ...onExpressions(select.from),
    ...one(select.where),
    ...select.groupBy,
    ...one(select.having),
    ...select.orderBy.map((item) => item.expression),
  ];
}

function onExpressions(from: ResolvedSelect['from']): readonly TypedExpression[] {
  if (from === null || from.kind === 'relation') return [];
  return [...onExpressions(from.left), ...onExpressions(from.right), ...one(from.on)];
}
