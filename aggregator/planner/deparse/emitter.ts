// What the parts of the deparser hand each other: expressions need queries, queries expressions.

import { collationKeySql } from '#shared/sql/collation.ts';
import type { Collation, ColumnType } from '#shared/sql/column-type.ts';
import type { ResolvedQuery } from '#aggregator/planner/resolved-query.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import type { DeparseContext } from './deparse-context.ts';
import { callOf, sql, type Fragment } from './fragment.ts';

/** A column as it is read, and nothing more. */
const COLUMN = /^(?:"(?:[^"]|"")*"\.)?"(?:[^"]|"")*"$/;

export interface Emitter {
  readonly context: DeparseContext;
  expression(expression: TypedExpression): Fragment;
  /** A query whose columns are called c0, c1, … or by the names that are given. */
  query(query: ResolvedQuery, names?: readonly string[]): Fragment;
}

/** The value by which strings of a collation compare; other values as they are. */
export function keyOf(value: Fragment, collation: Collation | undefined): Fragment {
  if (collation === undefined) return value;
  return { sql: collationKeySql(value.sql, collation), parameters: value.parameters };
}

/** The value by which values of a type are grouped and sorted. */
export function sortKey(value: Fragment, type: ColumnType): Fragment {
  if (type.kind === 'string') return keyOf(value, type.collation);
  return type.kind === 'json' ? callOf('tl_json_compare_key', value) : value;
}

/** True when equal values of the type can be different in SQLite. */
export function needsKey(type: ColumnType): boolean {
  return type.kind === 'json' || (type.kind === 'string' && type.collation !== 'binary');
}

/** `key` of each expression, as GROUP BY, PARTITION BY and ORDER BY take it. */
export function sortKeyOf(emitter: Emitter, expression: TypedExpression): Fragment {
  return sortKey(emitter.expression(expression), expression.type);
}

/** A step that only BLOBs need: no others take it, where the value is nothing but a column. */
export function ofUint64(name: string, value: Fragment): Fragment {
  if (!COLUMN.test(value.sql)) return callOf(name, value);
  return sql`iif(typeof(${value}) = 'blob', ${callOf(name, value)}, ${value})`;
}
