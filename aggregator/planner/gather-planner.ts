// Brings the needed columns of the needed rows here, and runs the statement whole.
//
// A part of the query that depends on nothing around it (a derived table, a side of a UNION, a
// subquery without outer references) is planned by itself first: its rows are gathered instead of
// its tables. What is left is run in an in-memory SQLite.

import { assert } from '#shared/assert.ts';
import { conjunction, integerConstant } from './functions/build.ts';
import { columnsRelation, freshRelation } from './combined-relation.ts';
import { conjuncts } from './from-tree.ts';
import type { GatheredTable, Operator } from './plan.ts';
import type { Fragment } from './deparse/fragment.ts';
import {
  boundsOf,
  gatheredQuery,
  readTask,
  startPlanning,
  targetOf,
  typesOf,
  type Planning,
} from './planning.ts';
import { prune } from './prune.ts';
import { outputColumns } from './resolve-from.ts';
import { plainSelect } from './plain-select.ts';
import { selectItem } from './resolve-select-items.ts';
import { noNames } from './from-names.ts';
import { stepTable } from './names-itself.ts';
import { stepIndexes } from './step-index.ts';
import { withRowKey } from './row-key.ts';
import type {
  FromTree,
  ResolvedQuery,
  ResolvedRecursion,
  ResolvedSelect,
} from './resolved-query.ts';
import { surveyQuery, type SurveyedTable } from './survey-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import {
  collectColumns,
  isMoreThanTheRow,
  mapExpression,
  mapQuery,
  queryExpressions,
  some,
} from './walk-expression.ts';

/** Plans a part of the query by itself. */
export type PlanPart = (planning: Planning) => Operator;

/** Always fits. */
export function gatherPlan(planning: Planning, planPart: PlanPart): Operator {
  const gathering: Gathering = { tables: [], names: new Map() };
  const parts = new PartReplacer(planning, planPart, gathering);
  const query = parts.replaceIn(planning.query);
  return {
    kind: 'combine',
    statement: gatheredStatement(planning, query, gathering),
    tables: gathering.tables,
    columns: typesOf(outputColumns(planning.query)),
  };
}

/** The query over gathered rows; what of its tables is not gathered yet is added. */
function gatheredStatement(
  planning: Planning,
  query: ResolvedQuery,
  { tables, names }: Gathering,
): Fragment {
  const survey = surveyQuery(query);
  const columns = neededColumns(query);
  for (const table of survey.tables) {
    const name = `g${table.relation.id}`;
    names.set(table.relation.id, name);
    tables.push(gatherTable(planning, table, { name, columns: columns.get(table.relation.id) }));
  }
  for (const relation of survey.virtual) {
    if (names.has(relation.id)) continue;
    const name = `v${relation.id}`;
    names.set(relation.id, name);
    const rows = { kind: 'virtual', database: relation.database, name: relation.name } as const;
    tables.push({ name, columns: relation.columns, rows });
  }
  return gatheredQuery(query, names);
}

/** Begins with the rows of its first part, and reads for its steps what the others read. */
function recursionPlan(
  { catalog, hasOwnReferences }: Planning,
  recursion: ResolvedRecursion,
  planPart: PlanPart,
): Operator {
  const { columns, distinct, members, depthMax, start } = recursion;
  const planning = startPlanning(recursion, catalog, hasOwnReferences);
  const rows = planPart(startPlanning(start, catalog, hasOwnReferences));
  const relation = columnsRelation(freshRelation(recursion), 'start', columns);
  const tables: GatheredTable[] = [{ name: 'start', columns: relation.tableColumns, rows }];
  const names = new Map(members.map(({ reads }) => [reads, stepTable]));
  const parts = new PartReplacer(planning, planPart, { tables, names });
  const withKey = (statement: Fragment) => withRowKey(statement, distinct ? columns : null);
  const replaced = members.map(({ query }) => parts.replaceIn(query));
  const steps = replaced.map((query) =>
    withKey(gatheredStatement(planning, query, { tables, names })),
  );
  const beside = new Map([...names].filter(([, name]) => name !== stepTable));
  const items = columns.map((column, i) => ({ column, expression: relation.column(i) }));
  const all = plainSelect({ items, from: relation.from });
  return {
    kind: 'recurse',
    tables,
    start: withKey(gatheredQuery(all, new Map([[relation.id, 'start']]))),
    members: steps,
    indexes: replaced.flatMap((query) => stepIndexes(query, beside)),
    columns: typesOf(columns),
    distinct,
    depthMax,
    ...boundsOf(recursion),
  };
}

interface Gathering {
  readonly tables: GatheredTable[];
  readonly names: Map<number, string>;
}

/** Replaces parts that stand for themselves by relations of their gathered rows. */
class PartReplacer {
  readonly #planning: Planning;
  readonly #planPart: PlanPart;
  readonly #gathering: Gathering;
  /** An item that ORDER BY names again is one part, gathered once. */
  readonly #replaced = new Map<ResolvedQuery, ResolvedQuery>();
  #nextRelation: number;

  constructor(planning: Planning, planPart: PlanPart, gathering: Gathering) {
    this.#planning = planning;
    this.#planPart = planPart;
    this.#gathering = gathering;
    this.#nextRelation = freshRelation(planning.query);
  }

  /** The same query with its independent parts replaced, itself left as it is. */
  replaceIn(query: ResolvedSelect): ResolvedSelect;
  replaceIn(query: ResolvedQuery): ResolvedQuery;
  replaceIn(query: ResolvedQuery): ResolvedQuery {
    assert(query.kind !== 'recursion', 'a recursion is a part by itself');
    if (query.kind === 'setOperation' && query.sharesSource === true) {
      return { ...query, left: this.replaceIn(query.left), right: this.replaceIn(query.right) };
    }
    if (query.kind === 'setOperation') {
      return { ...query, left: this.#replace(query.left), right: this.#replace(query.right) };
    }
    // FROM first: a derived table that is planned by itself takes its own subqueries along.
    const from = query.from === null ? null : this.#replaceInFrom(query.from);
    return mapQuery({ ...query, from }, (part) => this.#replaceInExpression(part));
  }

  #replaceInFrom(from: FromTree): FromTree {
    if (from.kind === 'join') {
      return {
        ...from,
        left: this.#replaceInFrom(from.left),
        right: this.#replaceInFrom(from.right),
      };
    }
    if (from.relation.kind !== 'derived') return from;
    const query = this.#replace(from.relation.query);
    return { ...from, relation: { ...from.relation, query } };
  }

  #replaceInExpression(expression: TypedExpression): TypedExpression {
    return mapExpression(expression, (part) => {
      if (part.kind === 'exists' || part.kind === 'scalarQuery') {
        return { ...part, query: this.#replace(part.query) };
      }
      if (part.kind !== 'inQuery') return null;
      const operands = part.operands.map((operand) => this.#replaceInExpression(operand));
      return { ...part, operands, query: this.#replace(part.query) };
    });
  }

  #replace(query: ResolvedQuery): ResolvedQuery {
    const known = this.#replaced.get(query);
    if (known !== undefined) return known;
    const replacement = this.#replacementOf(query);
    this.#replaced.set(query, replacement);
    return replacement;
  }

  /** A part's rows under a name of their own, where it can be planned by itself. */
  #replacementOf(query: ResolvedQuery): ResolvedQuery {
    if (query.outerRelations.length > 0) return this.replaceIn(query);
    const { catalog, hasOwnReferences } = this.#planning;
    const planning = startPlanning(query, catalog, hasOwnReferences);
    if (planning.survey.tables.length === 0 && !planning.survey.recursive) return query;
    const columns = outputColumns(query);
    const id = this.#nextRelation++;
    const name = `p${id}`;
    const relation = columnsRelation(id, name, columns);
    const rows =
      query.kind === 'recursion'
        ? recursionPlan(planning, query, this.#planPart)
        : this.#planPart(planning);
    this.#gathering.tables.push({ name, columns: relation.tableColumns, rows });
    this.#gathering.names.set(id, name);
    const items = columns.map((column, i) => ({ column, expression: relation.column(i) }));
    return plainSelect({ items, from: relation.from });
  }
}

/** The columns of each relation that the query names anywhere. */
function neededColumns(query: ResolvedQuery): ReadonlyMap<number, ReadonlySet<string>> {
  const needed = new Map<number, Set<string>>();
  for (const expression of queryExpressions(query)) {
    for (const { relation, column } of collectColumns(expression)) {
      const columns = needed.get(relation) ?? new Set();
      needed.set(relation, columns.add(column));
    }
  }
  return needed;
}

function gatherTable(
  planning: Planning,
  { relation, filters, conditions, block }: SurveyedTable,
  wanted: { readonly name: string; readonly columns: ReadonlySet<string> | undefined },
): GatheredTable {
  const database = planning.catalog.database(relation.database);
  const { partitionCount } = database;
  const columns = relation.table.columns.filter(({ name }) => wanted.columns?.has(name) === true);
  const ordinals = {
    sharded: () => prune(relation, conditions, partitionCount),
    single: () => [0],
    reference: () => [REFERENCE_ORDINAL],
  }[relation.table.spread]();
  const own = filters.flatMap(conjuncts).filter((part) => concernsOnly(part, relation.id));
  const items = columns.map(({ name, type, nullable }) =>
    selectItem(
      { kind: 'column', relation: relation.id, column: name, type, nullable },
      name,
      noNames,
    ),
  );
  const query = plainSelect({
    items: items.length > 0 ? items : [selectItem(integerConstant(1), '', noNames)],
    from: { kind: 'relation', relation },
    where: own.length === 0 ? null : conjunction(own),
    forUpdate: block.forUpdate,
  });
  const task = readTask(database, targetOf(ordinals, partitionCount), query);
  return { name: wanted.name, columns, rows: { kind: 'read', task } };
}

/** True for a condition on this relation's columns alone that gives the same answer each time. */
function concernsOnly(condition: TypedExpression, relation: number): boolean {
  const columns = collectColumns(condition);
  return (
    columns.length > 0 &&
    columns.every((column) => column.relation === relation) &&
    !some(condition, isMoreThanTheRow)
  );
}
