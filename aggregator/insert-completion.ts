// How a session completes the rows of an INSERT: conversions in its mode, defaults, numbers.

import type { InsertedRows } from './executor/inserted-rows.ts';
import { evaluateExpressions } from './executor/evaluate.ts';
import type { Execution } from './executor/execution.ts';
import type { RowCompletion } from './executor/insert-rows.ts';
import { parseExpression } from './parser/parser.ts';
import { currentTimestamp } from './planner/assign-value.ts';
import { BlockScope, newBlock } from './planner/block-scope.ts';
import { noNames } from './planner/from-names.ts';
import type { ResolveEnvironment } from './planner/resolve-environment.ts';
import { resolveExpression } from './planner/resolve-expression.ts';
import type { ResolvedInsert } from './planner/resolve-insert.ts';
import { zeroOf } from './planner/zero-of.ts';
import { createQueryResolver } from './planner/resolve-query.ts';
import type { TypedExpression } from './planner/typed-expression.ts';
import type { Session } from './session.ts';
import { isStrict } from './sql-mode.ts';
import type { StoreConstant } from './planner/assign-value.ts';
import { storeConstantOfRow } from './statement-environment.ts';
import { must } from '#shared/assert.ts';
import type { ColumnDefinition } from '#shared/cluster/table-definition.ts';
import { databaseError } from '#shared/error.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';

/** For one INSERT of the session. */
export function insertCompletion(
  execution: Execution,
  session: Session,
  {
    insert,
    environment,
  }: {
    readonly insert: ResolvedInsert;
    readonly environment: ResolveEnvironment;
  },
): RowCompletion {
  const { database, table } = insert.target;
  const { sequences } = execution.context;
  // INSERT IGNORE: what does not fit becomes the nearest value that does, with a warning.
  const { sqlMode } = environment;
  const isIgnoring = insert.mode === 'ignore';
  const storeOf = storeConstantOfRow(session, sqlMode, !isIgnoring);
  const isLenient = isIgnoring || !isStrict(sqlMode);
  const bendsNull = isIgnoring || (isLenient && bringsRows(insert));
  let current = { row: 1, store: storeOf(1) };
  const store = (row: number): StoreConstant => {
    if (current.row !== row) current = { row, store: storeOf(row) };
    return current.store;
  };
  const evaluate = (expression: TypedExpression) => {
    return must(evaluateExpressions(execution, [expression])[0]);
  };
  const written = new Map<string, TypedExpression>();
  const taken: Taken[] = [];
  return {
    database: database.name,
    table,
    columns: insert.columns,
    breather: execution.breather,
    zeroIsValue: sqlMode.has('NO_AUTO_VALUE_ON_ZERO'),
    store(column, value, row) {
      const isMissing = value.value === null && !column.nullable;
      if (bendsNull && isMissing) return zeroWithWarning(session, column);
      return store(row)(column, value);
    },
    defaultOf(column, row) {
      switch (column.default.kind) {
        case 'value':
          return column.default.value;
        case 'currentTimestamp':
          return evaluate(currentTimestamp(column.type)).value;
        case 'expression': {
          const { text } = column.default;
          const expression = written.get(column.name) ?? resolveDefault(text, environment);
          written.set(column.name, expression);
          return store(row)(column, evaluate(expression));
        }
        case 'none':
          return implicitDefault(session, column, isLenient);
      }
    },
    allocate(count) {
      const first = sequences.allocate(database.name, table.id, count);
      if (typeof first !== 'bigint') return noteLater(taken, first, count);
      taken.push({ first, count });
      return first;
    },
    giveBack() {
      for (const { first, count } of taken.splice(0).toReversed()) {
        sequences.giveBack(database.name, table.id, first, count);
      }
    },
    observe: (value) => sequences.observe(database.name, table.id, value),
  };
}

/** Numbers that a statement was given. */
interface Taken {
  readonly first: bigint;
  readonly count: number;
}

async function noteLater(taken: Taken[], coming: Promise<bigint>, count: number): Promise<bigint> {
  const first = await coming;
  taken.push({ first, count });
  return first;
}

/** More than one row, or nobody knows how many: a NULL too many is no error without strict mode. */
function bringsRows({ source }: ResolvedInsert): boolean {
  return source.kind !== 'values' || source.rows.length > 1;
}

function zeroWithWarning(session: Session, column: ColumnDefinition): StoredValue {
  const problem = databaseError('columnNotNull', { column: column.name });
  session.report('Warning', problem);
  return zeroOf(column.type);
}

function resolveDefault(text: string, environment: ResolveEnvironment): TypedExpression {
  const block = newBlock(createQueryResolver(environment), null, []);
  const scope = new BlockScope(block, { clause: 'field list', names: noNames });
  return resolveExpression(parseExpression(text), scope);
}

/** A column without a default: NULL, an error, or (where that is no error) its type's zero. */
function implicitDefault(
  session: Session,
  column: ColumnDefinition,
  isLenient: boolean,
): StoredValue {
  if (column.nullable) return null;
  if (column.type.kind === 'enum') return 1n;
  const problem = databaseError('noDefault', { column: column.name });
  if (!isLenient) throw problem;
  session.report('Warning', problem);
  return zeroOf(column.type);
}

/** Warns of the rows that are left out because they violate a constraint. */
export function warnOfLeftOut(session: Session, { violated, duplicates }: InsertedRows): void {
  for (const problem of violated) session.report('Warning', problem);
  const others = duplicates - violated.length;
  if (others > 0) session.warn('Warning', 1062, `${others} duplicate entries were left out`);
}
