// WITH RECURSIVE: a table's query taken apart into what it begins with and what goes on from there.

import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import type { Query, SelectStatement, SetOperation } from '#aggregator/parser/ast.ts';
import { halved } from '#aggregator/parser/halved.ts';
import { computedColumn, type ResultColumn } from '#aggregator/statement-result.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { recursiveValue } from './assign-value.ts';
import { BlockScope, newBlock } from './block-scope.ts';
import { noNames } from './from-names.ts';
import { relationsOf } from './from-tree.ts';
import { varbinary } from './functions/build.ts';
import { namesTable } from './names-itself.ts';
import type { CommonTableEntry, QueryResolver } from './resolve-environment.ts';
import { outputColumns } from './resolve-from.ts';
import { resolveBound } from './resolve-limit.ts';
import { retyped } from './resolve-set-operation.ts';
import type {
  FromTree,
  RecursiveMember,
  ResolvedQuery,
  ResolvedRecursion,
} from './resolved-query.ts';
import { containsWindow } from './walk-expression.ts';

/** One of the queries that UNION puts together. */
interface Part {
  readonly query: Query;
  /** How it is put to those before it. */
  readonly all: boolean;
}

/**
 * The query of a table that names itself. Its columns have the types that its first part
 * gives them. Throws what MySQL throws for a query that is no recursion (3573 to 3577).
 */
export function resolveRecursion(
  resolver: QueryResolver,
  entry: CommonTableEntry,
): ResolvedRecursion {
  const { outer, visible, table } = entry;
  const { name } = table;
  const { query, parts, start, all } = takenApart(entry);
  const begin = resolver.resolve(start, outer, visible);
  const columns = columnsOf(begin, table.columns);
  const scope = new BlockScope(newBlock(resolver, outer, visible), {
    clause: 'limit clause',
    names: noNames,
  });
  const members = parts.map(({ query: part }) => {
    return resolveMember(resolver, entry, { part: memberSelect(part, name), columns, scope });
  });
  if ([begin, ...members.map((each) => each.query)].some((each) => each.outerRelations.length)) {
    throw databaseError('unsupported', { what: 'WITH RECURSIVE that names outer columns' });
  }
  const { limit } = query;
  return {
    kind: 'recursion',
    start: retyped(begin, columns, scope),
    members,
    distinct: !all,
    columns,
    depthMax: Number(scope.systemVariable('session', 'cte_max_recursion_depth')),
    limit: resolveBound(limit?.count ?? null, scope),
    offset: resolveBound(limit?.offset ?? null, scope),
    outerRelations: [],
  };
}

interface TakenApart {
  readonly query: SetOperation;
  readonly start: Query;
  readonly parts: readonly Part[];
  /** UNION ALL, and not UNION, adds the recursive parts. */
  readonly all: boolean;
}

function takenApart({ table: { name, query } }: CommonTableEntry): TakenApart {
  if (query.kind !== 'setOperation') throw databaseError('recursionWithoutUnion', { name });
  if (query.orderBy.length > 0) {
    throw databaseError('unsupported', { what: 'ORDER BY over a recursive part of WITH' });
  }
  const parts = partsOf({ ...query, limit: null });
  const first = parts.findIndex((part) => namesTable(part.query, name));
  const recursive = parts.slice(first);
  if (first === 0 || recursive.some((part) => !namesTable(part.query, name))) {
    throw databaseError('recursionOrder', { name });
  }
  const { all } = must(recursive[0]);
  if (recursive.some((part) => part.all !== all)) {
    throw databaseError('unsupported', { what: 'UNION ALL beside UNION DISTINCT in a recursion' });
  }
  return { query, start: together(parts.slice(0, first)), parts: recursive, all };
}

/** The queries of a UNION, from left to right. */
function partsOf(query: Query, all = true): readonly Part[] {
  const isPlain =
    query.kind === 'setOperation' && query.orderBy.length === 0 && query.limit === null;
  if (!isPlain || query.operator !== 'union') return [{ query, all }];
  const left = partsOf(query.left, all);
  // One within parentheses is the same as one without where both add rows alike.
  const right = query.right.kind === 'setOperation' && query.right.all === query.all;
  return [
    ...left,
    ...(right ? partsOf(query.right, query.all) : [{ ...query, query: query.right }]),
  ];
}

function together(parts: readonly Part[]): Query {
  const join = (left: Part, right: Part): Part => {
    const { at } = left.query;
    const operation = {
      kind: 'setOperation',
      operator: 'union',
      orderBy: [],
      limit: null,
    } as const;
    const query = { ...operation, at, all: right.all, left: left.query, right: right.query };
    return { query, all: left.all };
  };
  const [first, ...others] = parts;
  const isUniform = others.every(({ all }) => all === others[0]?.all);
  return (isUniform ? halvedParts(parts, join) : others.reduce(join, must(first))).query;
}

function halvedParts(parts: readonly Part[], join: (left: Part, right: Part) => Part): Part {
  const [first, second] = parts;
  const all = second?.all ?? true;
  return halved([{ ...must(first), all }, ...parts.slice(1)], join);
}

/** Nullable all of them; what begins as NULL alone has no room for anything else. */
function columnsOf(start: ResolvedQuery, names: readonly string[]): readonly ResultColumn[] {
  const output = outputColumns(start);
  if (names.length > 0 && names.length !== output.length) {
    throw databaseError('viewColumnCount', {});
  }
  return output.map(({ name, type }, i) => {
    return computedColumn(names[i] ?? name, type.kind === 'null' ? varbinary(0) : type, true);
  });
}

/** A recursive part has to be a SELECT that looks at one row after the other. */
function memberSelect(query: Query, name: string): SelectStatement {
  if (query.kind !== 'select') {
    throw databaseError('unsupported', { what: 'a recursive part of WITH that is no SELECT' });
  }
  if (query.distinct || query.orderBy.length > 0 || query.limit !== null) {
    const what = 'ORDER BY / LIMIT / SELECT DISTINCT in recursive query block of WITH';
    throw databaseError('unsupported', { what });
  }
  if (query.groupBy.length > 0) throw databaseError('recursionAggregates', { name });
  return query;
}

function resolveMember(
  resolver: QueryResolver,
  { outer, visible, table }: CommonTableEntry,
  {
    part,
    columns,
    scope,
  }: {
    readonly part: SelectStatement;
    readonly columns: readonly ResultColumn[];
    readonly scope: BlockScope;
  },
): RecursiveMember {
  const { name } = table;
  const step = { columns, relations: new Set<number>() };
  const itself = { table, visible, outer, recursive: false, step };
  const query = resolver.resolve(part, outer, [...visible, itself]);
  if (query.kind !== 'select' || query.aggregated) {
    throw databaseError('recursionAggregates', { name });
  }
  if (query.items.some(({ expression }) => containsWindow(expression))) {
    throw databaseError('recursionAggregates', { name });
  }
  const [reads, second] = step.relations;
  const isInFrom = relationsOf(query.from).some(({ id }) => id === reads);
  if (reads === undefined || second !== undefined || !isInFrom) {
    throw databaseError('recursionReferences', { name });
  }
  if (isOptional(must(query.from), reads)) throw databaseError('recursionJoinOrder', { name });
  if (query.items.length !== columns.length) throw databaseError('unionColumnCount', {});
  const items = query.items.map(({ expression }, i) => {
    const column = must(columns[i]);
    return { expression: recursiveValue(heldColumn(column), expression, scope), column };
  });
  return { query: { ...query, items }, reads };
}

/** True on the side of an outer join that may be missing. */
function isOptional(from: FromTree, id: number): boolean {
  if (from.kind === 'relation') return false;
  const isRight = relationsOf(from.right).some((relation) => relation.id === id);
  if (from.join === 'left' && isRight) return true;
  return isOptional(isRight ? from.right : from.left, id);
}

function heldColumn({ name, type }: ResultColumn): ColumnDefinition {
  return {
    ...{ name, type, nullable: true, default: { kind: 'none' }, autoIncrement: false },
    ...{ onUpdateCurrentTimestamp: false, comment: '', hidden: false },
  };
}
