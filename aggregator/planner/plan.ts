// The plan tree: plain data, one union. What a statement asks of which partitions, and what the
// aggregator then does with their rows.

import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { Fragment } from './deparse/fragment.ts';
import type { RowLock } from './resolved-query.ts';
import { routeOrdinals, type Route } from './route.ts';
import type { SlotRun } from './literal-slot.ts';

/**
 * Which partitions of a database a task goes to. Ordinals ascend. With a route each run finds its
 * own by the values of its literals.
 */
export type Target = { readonly route?: Route } & (
  | { readonly kind: 'none' }
  | { readonly kind: 'one'; readonly ordinal: number }
  | { readonly kind: 'some'; readonly ordinals: readonly number[] }
  | { readonly kind: 'all' }
);

/** One SQLite query, the same for every partition of the target. */
export interface ReadTask {
  readonly database: string;
  /** The version of the database's schema that the statement was made for. */
  readonly catalogVersion: number;
  readonly target: Exclude<Target, { kind: 'none' }>;
  readonly statement: Fragment;
  readonly columns: readonly ColumnType[];
  readonly forUpdate: RowLock;
  /** True: a LIMIT may be put behind the statement. */
  readonly mayLimit: boolean;
}

/** A column by which sorted streams are merged. */
export interface SortKey {
  /** Its place in the rows. */
  readonly index: number;
  readonly descending: boolean;
  /** Texts compare without their trailing spaces (utf8mb4_bin). */
  readonly padded: boolean;
}

/** Rows that become a table of the in-memory SQLite. */
export interface GatheredTable {
  /** Its name there. */
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly rows: Operator;
}

/** Rows that are made step by step. */
export type RecurseOperator = Extract<Operator, { readonly kind: 'recurse' }>;

/** What yields rows. */
export type Operator =
  /** The rows of one task: each partition's after the other's, as they come. */
  | { readonly kind: 'read'; readonly task: ReadTask }
  /** As `read` where each partition's rows are sorted; columns after `visible` are cut off. */
  | {
      readonly kind: 'mergeSort';
      readonly task: ReadTask;
      readonly keys: readonly SortKey[];
      readonly visible: number;
    }
  | { readonly kind: 'virtual'; readonly database: string; readonly name: string }
  /** Gathers tables into an in-memory SQLite and runs a query there. */
  | {
      readonly kind: 'combine';
      readonly tables: readonly GatheredTable[];
      readonly statement: Fragment;
      readonly columns: readonly ColumnType[];
    }
  /** Rows that make further ones, step by step: WITH RECURSIVE. */
  | {
      readonly kind: 'recurse';
      /** What is gathered for it, first of all the rows that it begins with. */
      readonly tables: readonly GatheredTable[];
      /** Over the first table; with `distinct` its last column is the row's key. */
      readonly start: Fragment;
      /** Over the others and the rows of the step before. */
      readonly members: readonly Fragment[];
      /** Statements that make the indexes which the members look rows up by. */
      readonly indexes: readonly string[];
      readonly columns: readonly ColumnType[];
      readonly distinct: boolean;
      readonly depthMax: number;
      readonly offset: number;
      /** Null for all. */
      readonly count: number | null;
    }
  | {
      readonly kind: 'limit';
      readonly input: Operator;
      readonly offset: number;
      readonly count: number;
    };

/** Which planner made a plan. */
export type PlannerName = 'local' | 'router' | 'push-down' | 'gather';

/** How a query is answered. */
export interface QueryPlan {
  readonly kind: 'query';
  readonly planner: PlannerName;
  /** Why no cheaper planner could, or what made this one possible: for EXPLAIN. */
  readonly reason: string;
  readonly columns: readonly ResultColumn[];
  readonly rows: Operator;
}

/** One step of a write, before its values are bound. */
export type PlannedStep =
  | {
      readonly kind: 'rows';
      readonly sql: string;
      readonly rows: readonly (readonly StoredValue[])[];
    }
  | { readonly kind: 'statement'; readonly statement: Fragment; readonly returning: boolean };

/** How the replies of the write tasks become the client's answer. */
export type ChangeCount =
  /** Rows inserted: the changes of the row steps. */
  | { readonly kind: 'insert' }
  /** Pairs of steps: a count of the rows in the way, then the write of one row. */
  | { readonly kind: 'replace' | 'upsert' }
  /** The count of matched rows, then the change of the rows that differ. */
  | { readonly kind: 'update' }
  | { readonly kind: 'delete' };

/** UPDATE or DELETE: the same steps on every partition of the target. */
export interface ChangePlan {
  readonly kind: 'change';
  readonly database: string;
  readonly catalogVersion: number;
  readonly table: TableDefinition;
  readonly target: Target;
  readonly steps: readonly PlannedStep[];
  readonly count: Extract<ChangeCount, { kind: 'update' | 'delete' }>;
  /** Few rows, found by the primary key: it cannot take long. */
  readonly isByKey: boolean;
  readonly reason: string;
}

/** The ordinals of a target, given the database's number of hash partitions. */
export function targetOrdinals(
  target: Target,
  partitionCount: number,
  literals: SlotRun | null = null,
): readonly number[] {
  if (target.route !== undefined && literals !== null) {
    return routeOrdinals(target.route, literals, partitionCount);
  }
  switch (target.kind) {
    case 'none':
      return [];
    case 'one':
      return [target.ordinal];
    case 'some':
      return target.ordinals;
    case 'all':
      return Array.from({ length: partitionCount }, (_, ordinal) => ordinal);
  }
}
