// UPDATE and DELETE to the steps that each partition carries out.
//
// One table by itself: `UPDATE t SET … WHERE …`, with the rows that would not change left out, so
// that MySQL's two counts, matched and changed, both come out right. With joins, ORDER BY or LIMIT
// the rows are named by their primary key: `WHERE key IN (SELECT key FROM … )`.

import { planVersion } from '#shared/cluster/plan-version.ts';
import type { DatabaseDefinition } from '#aggregator/metadata/database-definition.ts';
import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import { databaseError } from '#shared/error.ts';
import { REFERENCE_ORDINAL } from '#shared/cluster/topology.ts';
import { blockTarget } from './block-target.ts';
import { colocationProblem } from './colocation.ts';
import { deparseExpression } from './deparse/deparse-expression.ts';
import { deparseQuery } from './deparse/deparse-query.ts';
import { relationAlias, type DeparseContext } from './deparse/deparse-context.ts';
import { joined, quoteName, sql, text, type Fragment } from './deparse/fragment.ts';
import { call, conjunction } from './functions/build.ts';
import { noNames } from './from-names.ts';
import { plainSelect } from './plain-select.ts';
import type { ChangePlan, PlannedStep, ReadTask } from './plan.ts';
import {
  boundsOf,
  partitionContext,
  startPlanning,
  mixesOwnReferences,
  type OwnReferences,
} from './planning.ts';
import { isByKey, prune } from './prune.ts';
import type { ResolvedChange } from './resolve-change.ts';
import { selectItem } from './resolve-select-items.ts';
import type { ResolvedSelect } from './resolved-query.ts';
import { commonPartition } from './router-planner.ts';
import { surveyQuery, type Survey } from './survey-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import type { ColumnExpression } from './walk-expression.ts';

/** The alias of the changed table where the statement's own tables stand in a subquery. */
const CHANGED = '"changed"';

/** A plan, or why the change cannot be done partition by partition as it stands. */
export type ChangeAnswer = ChangePlan | { readonly kind: 'problem'; readonly reason: string };

export function planChange(
  change: ResolvedChange,
  catalog: CatalogReader,
  hasOwnReferences?: OwnReferences,
): ChangeAnswer {
  const database = catalog.database(change.target.database);
  const select = rowsOf(change);
  const planning = startPlanning(select, catalog, hasOwnReferences);
  const { survey } = planning;
  if (mixesOwnReferences(planning)) {
    return { kind: 'problem', reason: 'the transaction has changed a reference table' };
  }
  const target = changeTarget(change, { select, survey, database });
  if (typeof target === 'string') return { kind: 'problem', reason: target };
  if (readsOwnRows(change)) return { kind: 'problem', reason: 'SET reads what it changes' };
  if (mayMoveRows(change, survey)) return { kind: 'problem', reason: 'rows that may move' };
  if (ordersUniqueValues(change)) return { kind: 'problem', reason: 'ORDER BY of unique values' };
  const steps = changeSteps(change, select, target);
  return {
    kind: 'change',
    database: database.name,
    catalogVersion: planVersion(database),
    table: change.target.table,
    target,
    steps,
    count: { kind: change.kind },
    isByKey: isChangeByKey(change, survey),
    reason: change.from.kind === 'relation' ? 'one table' : 'rows found by a join',
  };
}

function isChangeByKey({ target, from, where }: ResolvedChange, survey: Survey): boolean {
  const found = survey.tables.find(({ relation }) => relation.id === target.id);
  if (found === undefined || from.kind !== 'relation' || where === null) return false;
  return isByKey(found.relation, [where]);
}

/** The change as a query: the primary keys of its rows, then the values that they get. */
export function rowsOf(change: ResolvedChange): ResolvedSelect {
  const { from, where, assignments, orderBy, limit } = change;
  const values = assignments.map(({ value }) => selectItem(value, '', noNames));
  const items = [...primaryKey(change).map((column) => selectItem(column, '', noNames)), ...values];
  return plainSelect({ items, from, where, orderBy, limit });
}

/** The columns of the changed table's primary key, in the order of its columns. */
export function primaryKey({ target }: ResolvedChange): readonly ColumnExpression[] {
  const primary = target.table.indexes.find((index) => index.kind === 'primary');
  const names = primary?.parts.map((part) => part.column) ?? [];
  return target.table.columns
    .filter((column) => names.includes(column.name))
    .map(({ name, type, nullable }) => {
      return { kind: 'column', relation: target.id, column: name, type, nullable };
    });
}

interface Question {
  readonly select: ResolvedSelect;
  readonly survey: Survey;
  readonly database: DatabaseDefinition;
}

/** The partitions that the change goes to, or why none can do it by itself. */
function changeTarget(
  change: ResolvedChange,
  { select, survey, database }: Question,
): ReadTask['target'] | string {
  if (survey.virtual.length > 0) return 'a virtual table';
  const { spread } = change.target.table;
  const others = survey.tables.filter(({ relation }) => relation.id !== change.target.id);
  if (others.some(({ relation }) => relation.database !== database.name)) {
    return 'tables of several databases';
  }
  if (spread === 'reference') {
    return others.every(({ relation }) => relation.table.spread === 'reference')
      ? { kind: 'one', ordinal: REFERENCE_ORDINAL }
      : 'a reference table changed by rows of other tables';
  }
  const common = commonPartition({ survey }, database.partitionCount);
  if (typeof common !== 'string') {
    const { ordinal, route } = common;
    return { kind: 'one', ordinal: Math.max(0, ordinal), ...(route === null ? {} : { route }) };
  }
  const problem = colocationProblem(select, survey.tables);
  if (problem !== null) return problem;
  if (change.limit !== null) return 'LIMIT over several partitions';
  return blockTarget({ survey }, select, database);
}

/** True for a subquery of SET on the changed table: SQLite would see rows changed already. */
function readsOwnRows(change: ResolvedChange): boolean {
  const items = change.assignments.map(({ value }) => selectItem(value, '', noNames));
  const { tables } = surveyQuery(plainSelect({ items, from: null }));
  const { table, database } = change.target;
  return tables.some(({ relation }) => {
    return relation.table.id === table.id && relation.database === database;
  });
}

/**
 * True where the order in which rows change decides whether they can: SET place = place + 1 where
 * place is unique. SQLite changes them in an order of its own.
 */
function ordersUniqueValues({ kind, orderBy, assignments, target }: ResolvedChange): boolean {
  if (kind !== 'update' || orderBy.length === 0) return false;
  const unique = target.table.indexes.filter((index) => ['primary', 'unique'].includes(index.kind));
  const set = new Set(assignments.map(({ column }) => column.name));
  const changes = target.table.columns.filter(({ name, generated }) => {
    return set.has(name) || generated?.columns.some((column) => set.has(column)) === true;
  });
  return unique.some(({ parts }) => {
    return parts.some((part) => changes.some(({ name }) => name === part.column));
  });
}

/** True where a row may get another shard key, and so belong to another partition. */
export function mayMoveRows(change: ResolvedChange, survey: Survey): boolean {
  const { table, id } = change.target;
  if (table.spread !== 'sharded') return false;
  const where = survey.tables.find(({ relation }) => relation.id === id)?.conditions ?? [];
  return change.assignments.some(({ column, value }) => {
    if (!table.shardKey.includes(column.name)) return false;
    const key = { relation: { ...change.target, table: { ...table, shardKey: [column.name] } } };
    // Asked with as many partitions as there can be: the same slot means the same value here.
    const now = prune(key.relation, where, 2 ** 32);
    const condition = call('=', [columnOf(change, column.name), value], value.type);
    const later = prune(key.relation, [condition], 2 ** 32);
    return now?.length !== 1 || later?.length !== 1 || now[0] !== later[0];
  });
}

function columnOf({ target }: ResolvedChange, name: string): TypedExpression {
  const column = target.table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw databaseError('internal', { reason: `no column ${name}` });
  const { type, nullable } = column;
  return { kind: 'column', relation: target.id, column: name, type, nullable };
}

function changeSteps(
  change: ResolvedChange,
  select: ResolvedSelect,
  target: ReadTask['target'],
): readonly PlannedStep[] {
  const context = partitionContext(target);
  const isDirect = change.from.kind === 'relation' && change.limit === null;
  const alias = isDirect ? relationAlias(change.target.id) : CHANGED;
  const table = quoteName(change.target.table.name);
  const rows = isDirect ? directRows(change, context) : keyedRows(change, select, context);
  if (change.kind === 'delete') {
    const statement = sql`DELETE FROM ${table} AS ${alias} WHERE ${rows}`;
    return [{ kind: 'statement', statement, returning: false }];
  }
  const textOf = (value: TypedExpression): Fragment =>
    isDirect ? deparseExpression(value, context) : joinedValue(change, select, { value, context });
  const values = change.assignments.map((assignment) => ({
    assignment,
    value: textOf(assignment.value),
  }));
  const set = joined(
    values.map(({ assignment, value }) => sql`${quoteName(assignment.column.name)} = ${value}`),
    ', ',
  );
  const differs = joined(
    values
      .filter(({ assignment }) => !assignment.automatic)
      .map(({ assignment, value }) => {
        return sql`${alias}.${quoteName(assignment.column.name)} IS NOT ${value}`;
      }),
    ' OR ',
  );
  const { lastInsertId } = change;
  const number = lastInsertId === null ? text('') : sql`, max(${textOf(lastInsertId)})`;
  const count = sql`SELECT count(*)${number} FROM ${table} AS ${alias} WHERE ${rows}`;
  const verb = change.ignore ? 'UPDATE OR IGNORE' : 'UPDATE';
  const update = sql`${verb} ${table} AS ${alias} SET ${set} WHERE ${rows} AND (${differs})`;
  return [
    { kind: 'statement', statement: count, returning: true },
    { kind: 'statement', statement: update, returning: false },
  ];
}

function directRows({ where }: ResolvedChange, context: DeparseContext): Fragment {
  return where === null ? text('1') : sql`(${deparseExpression(where, context)})`;
}

/** The rows by their primary keys, found by the statement's own FROM, WHERE, ORDER BY, LIMIT. */
function keyedRows(
  change: ResolvedChange,
  select: ResolvedSelect,
  context: DeparseContext,
): Fragment {
  const keys = primaryKey(change);
  const names = keys.map((key) => changedColumn(key));
  const { count } = boundsOf(select);
  const found = deparseQuery(
    {
      ...select,
      items: keys.map((key) => selectItem(key, '', noNames)),
      distinct: change.from.kind === 'join',
      orderBy: count === null ? [] : select.orderBy,
    },
    context,
  );
  return sql`(${names.join(', ')}) IN (${found})`;
}

/** A value that depends on the joined tables: that of a row that goes with the changed one. */
function joinedValue(
  change: ResolvedChange,
  select: ResolvedSelect,
  part: { readonly value: TypedExpression; readonly context: DeparseContext },
): Fragment {
  const { value: given, context } = part;
  if (change.from.kind === 'relation') {
    const { id } = change.target;
    return deparseExpression(given, {
      ...context,
      columnText: (relation: number, column: string) => {
        return relation === id ? `${CHANGED}.${quoteName(column)}` : null;
      },
    });
  }
  const OUTER = -1;
  const same = primaryKey(change).map((key) =>
    call('<=>', [key, { ...key, relation: OUTER }], key.type),
  );
  const where = select.where === null ? same : [select.where, ...same];
  const query: ResolvedSelect = {
    ...select,
    items: [selectItem(given, '', noNames)],
    where: conjunction(where),
    orderBy: [],
    limit: null,
  };
  const value = deparseQuery(query, {
    ...context,
    columnText: (relation: number, column: string) => {
      return relation === OUTER ? `${CHANGED}.${quoteName(column)}` : null;
    },
  });
  return sql`(${value} LIMIT 1)`;
}

function changedColumn(key: ColumnExpression): string {
  return `${CHANGED}.${quoteName(key.column)}`;
}
