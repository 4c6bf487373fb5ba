// An expression whose every name is a column and whose every part has a MySQL type.
//
// `resolve-expression.ts` makes it from syntax, the planners look into it, `deparse/` turns it
// into SQLite text that gives MySQL's answer.

import type { AggregateName } from '#aggregator/parser/ast-query.ts';
import type { Collation, ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { LiteralSlot } from './literal-slot.ts';
import type { ResolvedQuery } from './resolved-query.ts';

interface Typed {
  readonly type: ColumnType;
  readonly nullable: boolean;
}

/** Who decides the collation of a comparison (MySQL's coercibility): lower wins. */
export type Coercibility = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** What only the statement's start knows: evaluated once, bound like a literal. */
export type ContextValueName =
  | 'now'
  | 'utcNow'
  | 'database'
  | 'user'
  | 'currentUser'
  | 'connectionId'
  | 'lastInsertId'
  | 'foundRows'
  | 'rowCount'
  | 'version';

export type TypedExpression = Typed &
  (
    | {
        readonly kind: 'constant';
        readonly value: StoredValue;
        /** Where the plan is kept: whence each run takes the value. Reading `value` is noted. */
        readonly slot?: LiteralSlot;
      }
    /** `?` number `index`, from 0; its value is converted to `type` when it is bound. */
    | { readonly kind: 'parameter'; readonly index: number }
    | { readonly kind: 'context'; readonly name: ContextValueName; readonly fsp: number }
    | { readonly kind: 'userVariable'; readonly name: string }
    | {
        readonly kind: 'column';
        /** The FROM item it comes from: unique in the whole statement, over all its blocks. */
        readonly relation: number;
        readonly column: string;
      }
    /** A scalar function or operator; `name` is a key of the function table (functions.ts). */
    | {
        readonly kind: 'call';
        readonly name: string;
        readonly arguments: readonly TypedExpression[];
        /** The collation that a comparison or LIKE goes by. */
        readonly collation?: Collation;
      }
    | { readonly kind: 'and' | 'or'; readonly operands: readonly TypedExpression[] }
    | {
        readonly kind: 'case';
        readonly branches: readonly {
          readonly when: TypedExpression;
          readonly then: TypedExpression;
        }[];
        readonly otherwise: TypedExpression | null;
      }
    | {
        readonly kind: 'in';
        readonly operand: TypedExpression;
        readonly list: readonly TypedExpression[];
        readonly negated: boolean;
        readonly collation?: Collation;
      }
    | {
        readonly kind: 'inQuery';
        readonly operands: readonly TypedExpression[];
        readonly query: ResolvedQuery;
        readonly negated: boolean;
        readonly collation?: Collation;
      }
    | { readonly kind: 'exists'; readonly query: ResolvedQuery; readonly negated: boolean }
    /** One column, at most one row, else error 1242. */
    | { readonly kind: 'scalarQuery'; readonly query: ResolvedQuery }
    | {
        readonly kind: 'aggregate';
        readonly name: AggregateName;
        readonly distinct: boolean;
        /** Empty for COUNT(*). */
        readonly arguments: readonly TypedExpression[];
        readonly orderBy: readonly OrderItem[];
        readonly separator: string;
      }
    | {
        readonly kind: 'window';
        readonly function: TypedExpression;
        readonly partitionBy: readonly TypedExpression[];
        readonly orderBy: readonly OrderItem[];
        /** SQLite's own frame text, made by us: 'ROWS BETWEEN …', or ''. */
        readonly frame: string;
      }
  );

export interface OrderItem {
  readonly expression: TypedExpression;
  readonly descending: boolean;
}
