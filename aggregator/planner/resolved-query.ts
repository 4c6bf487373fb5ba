// A query whose every name is resolved: what the planners work on. Plain data.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { OrderItem, TypedExpression } from './typed-expression.ts';

/** One thing in FROM. `id` is unique in the whole statement: columns name it. */
export type Relation =
  | {
      readonly kind: 'table';
      readonly id: number;
      readonly alias: string;
      readonly database: string;
      readonly table: TableDefinition;
    }
  | {
      readonly kind: 'derived';
      readonly id: number;
      readonly alias: string;
      readonly query: ResolvedQuery;
      /** Names of its columns, in order. */
      readonly columns: readonly string[];
      /** The view that it stands for; absent where it was written there. */
      readonly view?: { readonly database: string; readonly table: string };
    }
  /** A table that lives at the aggregator: information_schema, or the rows of a WITH. */
  | {
      readonly kind: 'virtual';
      readonly id: number;
      readonly alias: string;
      readonly database: string;
      readonly name: string;
      readonly columns: readonly ResultColumn[];
    };

export type JoinKind = 'inner' | 'left' | 'cross';

/** FROM as a left-deep or nested tree; RIGHT JOIN has been turned round. */
export type FromTree =
  | { readonly kind: 'relation'; readonly relation: Relation }
  | {
      readonly kind: 'join';
      readonly join: JoinKind;
      readonly left: FromTree;
      readonly right: FromTree;
      readonly on: TypedExpression | null;
    };

export interface SelectItem {
  readonly expression: TypedExpression;
  readonly column: ResultColumn;
}

/** One SELECT block. */
export interface ResolvedSelect {
  readonly kind: 'select';
  readonly items: readonly SelectItem[];
  readonly distinct: boolean;
  readonly from: FromTree | null;
  readonly where: TypedExpression | null;
  readonly groupBy: readonly TypedExpression[];
  readonly having: TypedExpression | null;
  readonly orderBy: readonly OrderItem[];
  readonly limit: TypedExpression | null;
  readonly offset: TypedExpression | null;
  /** True with GROUP BY or with an aggregate anywhere in items, HAVING or ORDER BY. */
  readonly aggregated: boolean;
  /** Relations of outer blocks that this one refers to: empty when it is not correlated. */
  readonly outerRelations: readonly number[];
  readonly forUpdate: RowLock;
}

/**
 * How SELECT … FOR UPDATE, FOR SHARE and LOCK IN SHARE MODE wait for a lock; false for a read that
 * takes none.
 */
export type RowLock = false | 'wait' | 'nowait' | 'skip locked';

/** UNION and its kin. ORDER BY and LIMIT belong to the whole; order items name output columns. */
export interface ResolvedSetOperation {
  readonly kind: 'setOperation';
  readonly operator: 'union' | 'union all' | 'intersect' | 'except';
  readonly left: ResolvedQuery;
  readonly right: ResolvedQuery;
  /** The output columns, with the types that both sides are brought to. */
  readonly columns: readonly ResultColumn[];
  readonly orderBy: readonly { readonly column: number; readonly descending: boolean }[];
  readonly limit: TypedExpression | null;
  readonly offset: TypedExpression | null;
  readonly outerRelations: readonly number[];
  /** Both sides have the same derived table in FROM, which is to be read once. */
  readonly sharesSource?: true;
}

/**
 * A table of WITH RECURSIVE: the rows of `start`, those that the members make of them, those that
 * they make of these, and so on until none comes.
 */
export interface ResolvedRecursion {
  readonly kind: 'recursion';
  readonly start: ResolvedQuery;
  readonly members: readonly RecursiveMember[];
  /** UNION DISTINCT: a row that was there already is none. */
  readonly distinct: boolean;
  readonly columns: readonly ResultColumn[];
  /** Steps at most; one more is error 3636. */
  readonly depthMax: number;
  readonly limit: TypedExpression | null;
  readonly offset: TypedExpression | null;
  /** Always empty. */
  readonly outerRelations: readonly number[];
}

export interface RecursiveMember {
  readonly query: ResolvedSelect;
  /** The relation by which it reads the rows of the step before: a virtual one. */
  readonly reads: number;
}

export type ResolvedQuery = ResolvedSelect | ResolvedSetOperation | ResolvedRecursion;
