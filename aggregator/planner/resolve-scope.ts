// What an expression may see while its names are resolved: the seam between a query's structure
// (resolve-query.ts) and its expressions (resolve-expression.ts).

import type { Expression, Query } from '#aggregator/parser/ast.ts';
import type { LiteralSlot } from './literal-slot.ts';
import type { ResolvedQuery } from './resolved-query.ts';
import type { TypedExpression } from './typed-expression.ts';

/** The clause a name stands in, as MySQL's error 1054 calls it. */
export type Clause =
  | 'field list'
  | 'where clause'
  | 'on clause'
  | 'group statement'
  | 'having clause'
  | 'order clause'
  | 'limit clause';

/** A literal whose value each run of a kept plan brings. */
export interface TracedLiteral {
  readonly slot: LiteralSlot;
  /** As it was written when the plan was made. */
  readonly written: Expression;
}

/** Made by resolve-query.ts for each block and clause; asked by resolve-expression.ts. */
export interface ResolveScope {
  readonly clause: Clause;
  /** False in WHERE, ON, GROUP BY and VALUES: an aggregate there is error 1111. */
  readonly aggregatesAllowed: boolean;
  readonly windowsAllowed: boolean;
  /** The session's default database, or null. */
  readonly database: string | null;
  readonly sqlMode: ReadonlySet<string>;
  /** The statement writes, and the sql_mode is strict: functions/strict-write.ts. */
  readonly strictWrite?: boolean;
  /**
   * The column (or alias, where the clause allows one) of that name, here or in an outer block.
   * Throws unknownColumn or ambiguousColumn.
   */
  resolveColumn(name: {
    readonly database: string | null;
    readonly table: string | null;
    readonly column: string;
  }): TypedExpression;
  /** A subquery, resolved with this scope as its outer one. */
  resolveQuery(query: Query): ResolvedQuery;
  /** The session's value of @@name at this moment. Throws unknownSystemVariable. */
  systemVariable(scope: 'session' | 'global' | null, name: string): string | bigint | number | null;
  /** The type that a user variable has now, for typing @name. */
  userVariableType(name: string): TypedExpression['type'];
  /**
   * What stands for `?` number `index` where its value is known already: a constant of the type
   * that the client gave it. Absent or null: it stays a parameter, typed by its surroundings.
   */
  parameter?(index: number): TypedExpression | null;
  /** Where the plan is kept for later runs: the literal's slot, and the literal itself. */
  literal?(syntax: Expression): TracedLiteral | null;
  /** VALUES(col) of ON DUPLICATE KEY UPDATE; throws elsewhere. */
  insertedValue(column: string): TypedExpression;
}
