// The values of one run of a statement: parameters, the moment, the session's numbers.

import type { BoundParameter, Fragment } from '#aggregator/planner/deparse/fragment.ts';
import { writeOut } from '#aggregator/planner/deparse/write-out.ts';
import type { ConstantExpression } from '#aggregator/planner/functions/build.ts';
import type { SlotRun } from '#aggregator/planner/literal-slot.ts';
import type { ContextValueName } from '#aggregator/planner/typed-expression.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { CompiledStatement } from '#shared/wire/message.ts';
import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';

/** Fixed when the statement starts, so that every partition is told the same. */
export interface StatementValues {
  contextValue(name: ContextValueName, fsp: number, type: ColumnType): StoredValue;
  userVariable(name: string, type: ColumnType): StoredValue;
  /** The literals of this run, where its plan was made for an earlier one too; else null. */
  readonly literals: SlotRun | null;
}

/**
 * More values are written out. SQLite binds at most 32766, and compiles an OR or a CASE of many
 * bound values in quadratic time, five times longer than of as many literals.
 */
const BOUND_MAX = 1000;

/** The statement as a leaf runs it. */
export function bindFragment(fragment: Fragment, values: StatementValues): CompiledStatement {
  const parameters = fragment.parameters.map((parameter) => bindParameter(parameter, values));
  if (parameters.length <= BOUND_MAX) return { sql: fragment.sql, parameters };
  return { sql: writeOut(fragment.sql, parameters), parameters: [] };
}

function bindParameter(parameter: BoundParameter, values: StatementValues): StoredValue {
  switch (parameter.kind) {
    case 'constant':
      return parameter.value;
    case 'slot':
      return slotValue(parameter.slot.read(must(values.literals)), parameter.real);
    case 'context':
      return values.contextValue(parameter.name, parameter.fsp, parameter.type);
    case 'userVariable':
      return values.userVariable(parameter.name, parameter.type);
    case 'parameter':
      // The engine puts a client's values into the syntax before names are resolved.
      throw databaseError('wrongArguments', { command: 'EXECUTE' });
  }
}

/** A constant with its type: a literal's own in each run of a kept plan. */
export function constantValue(constant: ConstantExpression, values: StatementValues): SourceValue {
  const { slot, type } = constant;
  if (slot === undefined) return { type, value: constant.value };
  const run = must(values.literals);
  const literal = slot.index === null ? undefined : run.values[slot.index];
  return literal ?? { type, value: slot.read(run) };
}

/** Bound as SQLite stores values of the type: a `number` would become a REAL. */
function slotValue(value: StoredValue, real: boolean): StoredValue {
  if (real) return typeof value === 'bigint' ? Number(value) : value;
  return typeof value === 'number' ? BigInt(value) : value;
}

/**
 * A row as SQLite is to bind it. Values come from leaves with small INTEGERs as `number`s, which
 * SQLite would take for REALs: the column's type tells them apart.
 */
export function rowToBind(
  row: readonly StoredValue[],
  isReal: readonly boolean[],
): readonly StoredValue[] {
  return row.map((value, i) => (isIntegral(value) && isReal[i] !== true ? BigInt(value) : value));
}

/** True for a type whose values are REALs in SQLite. */
export function isRealType(type: ColumnType): boolean {
  return type.kind === 'float' || type.kind === 'double';
}

function isIntegral(value: StoredValue): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}
