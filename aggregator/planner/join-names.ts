// The names that a join leaves: USING and NATURAL show each common column once.

import type { Expression, JoinReference } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
import { findVisible, nullableNames, type FromNames, type VisibleColumn } from './from-names.ts';
import { sameName } from './resolve-environment.ts';

/** Aliases that no client can write, for the two sides of a USING. */
const LEFT = '\0left';
const RIGHT = '\0right';

/** The condition of a join as syntax, with the names that it may use; null for none. */
export interface JoinCondition {
  readonly names: FromNames;
  readonly on: Expression | null;
}

/** The names of both sides, one after the other. */
function bothNames(left: FromNames, right: FromNames): FromNames {
  return { tables: [...left.tables, ...right.tables], star: [...left.star, ...right.star] };
}

/** The columns that USING names or NATURAL finds, in the order of the left side. */
export function commonColumns(
  left: FromNames,
  right: FromNames,
  reference: JoinReference,
): readonly string[] {
  if (reference.natural) {
    return left.star
      .filter((column) => right.star.some((other) => sameName(other.name, column.name)))
      .map((column) => column.name);
  }
  return reference.using ?? [];
}

/** The condition of a join: as written, or the equalities of its common columns. */
export function joinCondition(
  left: FromNames,
  right: FromNames,
  reference: JoinReference,
): JoinCondition {
  const common = commonColumns(left, right, reference);
  if (common.length === 0) return { names: bothNames(left, right), on: reference.on };
  const { at } = reference;
  const operands = common.map((column): Expression => {
    requireColumn(left, column);
    requireColumn(right, column);
    const side = (table: string) =>
      ({ kind: 'column', at, database: null, table, column }) as const;
    return { kind: 'binary', at, operator: '=', left: side(LEFT), right: side(RIGHT) };
  });
  const [first] = operands;
  const on =
    operands.length === 1 && first !== undefined ? first : ({ kind: 'and', at, operands } as const);
  return { names: { tables: [aliased(left, LEFT), aliased(right, RIGHT)], star: [] }, on };
}

function requireColumn(names: FromNames, column: string): void {
  const clause = 'from clause';
  const found = findVisible(names, { database: null, table: null, column }, clause);
  if (found === null) throw databaseError('unknownColumn', { column, clause });
}

function aliased(names: FromNames, alias: string): FromNames['tables'][number] {
  const [table] = names.tables;
  if (table === undefined) throw databaseError('internal', { reason: 'a join without tables' });
  return { ...table, alias, database: null, columns: names.star };
}

/** What can be named after the join: the side that may lack a row is nullable. */
export function joinedNames(
  left: FromNames,
  right: FromNames,
  reference: JoinReference,
): FromNames {
  const leftNames = reference.join === 'right' ? nullableNames(left) : left;
  const rightNames = reference.join === 'left' ? nullableNames(right) : right;
  const common = commonColumns(left, right, reference);
  const isCommon = (column: VisibleColumn) => common.some((name) => sameName(name, column.name));
  const kept = reference.join === 'right' ? rightNames : leftNames;
  const merged = common.flatMap((name) =>
    kept.star.filter((column) => sameName(column.name, name)),
  );
  // As MySQL turns a RIGHT JOIN round, its right side's columns come first where they are merged.
  const sides =
    reference.join === 'right' && common.length > 0
      ? [rightNames, leftNames]
      : [leftNames, rightNames];
  return {
    tables: [...leftNames.tables, ...rightNames.tables],
    star: [...merged, ...sides.flatMap(({ star }) => star.filter((column) => !isCommon(column)))],
  };
}
