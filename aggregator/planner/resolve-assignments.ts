// What the columns of one table are given: SET of an UPDATE, and ON DUPLICATE KEY UPDATE.

import type { Assignment } from '#aggregator/parser/ast.ts';
import { databaseError } from '#shared/error.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import {
  assignedValue,
  currentTimestamp,
  defaultValue,
  type StoreConstant,
} from './assign-value.ts';
import { takeLastInsertId } from './functions/effect-functions.ts';
import { sameName } from './resolve-environment.ts';
import { resolveExpression } from './resolve-expression.ts';
import type { ResolveScope } from './resolve-scope.ts';
import { visibleColumn, writableColumn } from './resolve-target.ts';
import type { TableRelation } from './survey-query.ts';
import type { TypedExpression } from './typed-expression.ts';
import { mapExpression } from './walk-expression.ts';

/** A column with the value that it gets. */
export interface ResolvedAssignment {
  readonly column: ColumnDefinition;
  readonly value: TypedExpression;
  /** ON UPDATE CURRENT_TIMESTAMP: it alone does not make a row a changed one. */
  readonly automatic: boolean;
}

export interface Assigned {
  /** Each column once. */
  readonly assignments: readonly ResolvedAssignment[];
  /** The n of LAST_INSERT_ID(n) in what a row is given. */
  readonly lastInsertId: TypedExpression | null;
}

/**
 * With `inOrder` later values see what earlier ones have set; else all see the rows of before.
 * Throws unknownColumn, generatedColumn, noDefault, and what resolving throws.
 */
export function resolveAssignments(
  syntaxes: readonly Assignment[],
  target: Pick<TableRelation, 'id' | 'table'>,
  context: {
    readonly scope: ResolveScope;
    readonly store: StoreConstant;
    readonly inOrder: boolean;
    readonly bends?: boolean;
  },
): Assigned {
  const { table } = target;
  const { scope, inOrder } = context;
  const assigned: ResolvedAssignment[] = [];
  let lastInsertId: TypedExpression | null = null;
  for (const { column: name, value: syntax } of syntaxes) {
    const isDefault = syntax.kind === 'default' && syntax.column === null;
    // A generated column has its DEFAULT in any case.
    if (isDefault && visibleColumn(table, name.column).generated !== undefined) continue;
    const column = writableColumn(table, name.column);
    const raw = isDefault ? defaultValue(column) : resolveExpression(syntax, scope);
    const seen = inOrder ? substitute(raw, target, assigned) : raw;
    const taken = inOrder ? takeLastInsertId(seen) : { value: seen, number: null };
    lastInsertId = taken.number ?? lastInsertId;
    assigned.push({
      column,
      value: assignedValue(column, taken.value, context),
      automatic: false,
    });
  }
  if (assigned.length === 0) {
    throw databaseError('unsupported', { what: 'an UPDATE of generated columns alone' });
  }
  // A column that is assigned twice keeps the last value.
  const last = new Map(assigned.map((one) => [one.column.name, one]));
  const automatic = table.columns
    .filter(({ name, onUpdateCurrentTimestamp }) => onUpdateCurrentTimestamp && !last.has(name))
    .map((column) => ({ column, value: currentTimestamp(column.type), automatic: true }));
  return { assignments: [...last.values(), ...automatic], lastInsertId };
}

/** Reads of columns that were assigned before, replaced by the values they got. */
function substitute(
  value: TypedExpression,
  { id }: Pick<TableRelation, 'id'>,
  assigned: readonly ResolvedAssignment[],
): TypedExpression {
  if (assigned.length === 0) return value;
  return mapExpression(value, (part) => {
    if (part.kind !== 'column' || part.relation !== id) return null;
    const earlier = assigned.findLast(({ column }) => sameName(column.name, part.column));
    return earlier === undefined ? null : { ...earlier.value, type: part.type };
  });
}
