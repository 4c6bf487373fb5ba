// What a statement's names are resolved against, and the seam between queries and their parts.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import type { CommonTable, JoinReference, Query, SelectItem } from '#aggregator/parser/ast.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { ResolvedQuery, ResolvedRecursion } from './resolved-query.ts';
import type { ResolveScope } from './resolve-scope.ts';

/** The part of a session and its aggregator that resolving may ask. Nothing here waits. */
export interface ResolveEnvironment {
  readonly catalog: CatalogReader;
  /** The session's default database, or null. */
  readonly database: string | null;
  readonly sqlMode: ReadonlySet<string>;
  /** The statement writes, and the sql_mode is strict. */
  readonly strictWrite?: boolean;
  readonly virtualTables: {
    isVirtualDatabase(name: string): boolean;
    columns(database: string, name: string): readonly ResultColumn[] | null;
  };
  systemVariable: ResolveScope['systemVariable'];
  userVariableType: ResolveScope['userVariableType'];
  /** The client's value for `?` number `index`, where it has been given. */
  parameter?(index: number): ReturnType<ResolveScope['resolveColumn']> | null;
  literal?: ResolveScope['literal'];
  /** The views that this is within, outermost first: none of them may be met again. */
  readonly views?: readonly string[];
  /**
   * Told what a star or a NATURAL JOIN means where it stands, for who wants it spelled out: the
   * items, or the join.
   */
  spelled?(written: object, meaning: Spelled): void;
}

export type Spelled =
  | { readonly kind: 'items'; readonly items: readonly SelectItem[] }
  | { readonly kind: 'join'; readonly join: JoinReference };

/** Tables of WITH that can be seen here, innermost last. */
export type CommonTables = readonly CommonTableEntry[];

export interface CommonTableEntry {
  readonly table: CommonTable;
  /** What its own query sees: the tables written before it. */
  readonly visible: CommonTables;
  /** The scope around the WITH. */
  readonly outer: OuterScope | null;
  /** WITH RECURSIVE: its query may name the table itself. */
  readonly recursive: boolean;
  /** Within that query the name means the rows of the step before. */
  readonly step?: RecursionStep;
}

/** What the recursive part of a query calls by the name of its table. */
export interface RecursionStep {
  readonly columns: readonly ResultColumn[];
  /** The relations that have been made of it. Grows. */
  readonly relations: Set<number>;
}

/** A scope that inner blocks may look into. */
export interface OuterScope extends ResolveScope {
  /**
   * As resolveColumn, but answers null where there is none of that name. Every block between the
   * name and its relation learns that it is correlated.
   */
  findColumn(name: ColumnName): ReturnType<ResolveScope['resolveColumn']> | null;
}

export interface ColumnName {
  readonly database: string | null;
  readonly table: string | null;
  readonly column: string;
}

/** Handed to the parts of a query so that they can resolve queries inside them. */
export interface QueryResolver {
  readonly environment: ResolveEnvironment;
  /** A number for a FROM item, unique in the statement. */
  nextRelation(): number;
  resolve(query: Query, outer: OuterScope | null, commonTables: CommonTables): ResolvedQuery;
  /** The query of a table that names itself. */
  resolveRecursion(entry: CommonTableEntry): ResolvedRecursion;
  /** The same statement's resolver for a query whose names mean something else: a view's. */
  within(environment: ResolveEnvironment): QueryResolver;
}

/** Names of columns do not know case. */
export function sameName(left: string, right: string): boolean {
  return left === right || left.toLowerCase() === right.toLowerCase();
}
