// Typed expressions as SQLite text that gives MySQL's answer.

import { unreachable } from '#shared/assert.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import type { ResolvedQuery } from '#aggregator/planner/resolved-query.ts';
import { NotKeptError } from '#aggregator/planner/literal-slot.ts';
import { isNullConstant } from '#aggregator/planner/functions/build.ts';
import { columnText } from './deparse-context.ts';
import { emitAggregate, emitWindow } from './emit-aggregate.ts';
import { emitChoices } from './emit-choices.ts';
import { emitCall } from './emit-call.ts';
import { keyOf, type Emitter } from './emitter.ts';
import { bound, boundValue, chained, joined, sql, text, type Fragment } from './fragment.ts';

type Of<K extends TypedExpression['kind']> = Extract<TypedExpression, { kind: K }>;

/** From so many numbers on they are written out: SQLite binds at most 32766 values. */
const BOUND_LIST_MAX = 500;

/** The expression; what is bound stands in its parameters. */
export function emitExpression(expression: TypedExpression, emitter: Emitter): Fragment {
  switch (expression.kind) {
    case 'constant':
      return emitConstant(expression);
    case 'parameter':
      return bound({ kind: 'parameter', index: expression.index, type: expression.type });
    case 'context': {
      const { name, fsp, type } = expression;
      return bound({ kind: 'context', name, fsp, type });
    }
    case 'userVariable':
      return bound({ kind: 'userVariable', name: expression.name, type: expression.type });
    case 'column':
      return text(columnText(emitter.context, expression.relation, expression.column));
    case 'call':
      return emitCall(expression, emitter);
    case 'and':
    case 'or':
      return emitConnective(expression, emitter);
    case 'case':
      return emitCase(expression, emitter);
    case 'in':
      return emitIn(expression, emitter);
    case 'inQuery':
      return emitInQuery(expression, emitter);
    case 'exists':
      return sql`(${expression.negated ? 'NOT ' : ''}EXISTS (${emitter.query(expression.query)}))`;
    case 'scalarQuery':
      return emitScalarQuery(expression.query, emitter);
    case 'aggregate':
      return emitAggregate(expression, emitter);
    case 'window':
      return emitWindow(expression, emitter);
    default:
      return unreachable(expression);
  }
}

/** Bound as SQLite stores values of the type: a `number` would become a REAL. */
function emitConstant(constant: Of<'constant'>): Fragment {
  const { type, slot } = constant;
  const isReal = type.kind === 'double' || type.kind === 'float';
  if (slot !== undefined) return bound({ kind: 'slot', slot, real: isReal });
  const { value } = constant;
  if (value === null) return text('NULL');
  if (typeof value === 'number' && !isReal) return boundValue(BigInt(value));
  return boundValue(isReal && typeof value === 'bigint' ? Number(value) : value);
}

function emitConnective(expression: Of<'and' | 'or'>, emitter: Emitter): Fragment {
  const choices = expression.kind === 'or' ? emitChoices(expression.operands, emitter) : null;
  if (choices !== null) return choices;
  const operands = expression.operands.map((operand) => emitter.expression(operand));
  return chained(operands, expression.kind === 'and' ? ' AND ' : ' OR ');
}

function emitCase(expression: Of<'case'>, emitter: Emitter): Fragment {
  const branches = expression.branches.map(
    ({ when, then }) => sql`WHEN ${emitter.expression(when)} THEN ${emitter.expression(then)}`,
  );
  const { otherwise } = expression;
  const last = otherwise === null ? text('') : sql` ELSE ${emitter.expression(otherwise)}`;
  return sql`(CASE ${joined(branches, ' ')}${last} END)`;
}

function emitIn(expression: Of<'in'>, emitter: Emitter): Fragment {
  const { operand, list, negated, collation } = expression;
  const long = list.length > BOUND_LIST_MAX;
  const values = list.map((item) => {
    const written = long && item.kind === 'constant' ? writtenOut(item) : null;
    if (written !== null) return written;
    return keyOf(emitter.expression(item), isNullConstant(item) ? undefined : collation);
  });
  const left = keyOf(emitter.expression(operand), collation);
  return sql`(${left} ${negated ? 'NOT IN' : 'IN'} (${joined(values, ', ')}))`;
}

/** A number of a long list; null for what is no number. Throws NotKeptError. */
function writtenOut(constant: Of<'constant'>): Fragment | null {
  const { slot } = constant;
  // No plan for other values is one that has them written out.
  if (typeof slot?.peek() === 'bigint') throw new NotKeptError('a long list of numbers');
  if (slot !== undefined) return null;
  const { value } = constant;
  return typeof value === 'bigint' ? text(value.toString()) : null;
}

function emitInQuery(expression: Of<'inQuery'>, emitter: Emitter): Fragment {
  const { operands, query, negated, collation } = expression;
  const keys = operands.map((operand) =>
    keyOf(emitter.expression(operand), collationFor(operand, collation)),
  );
  const left = keys.length === 1 ? joined(keys, '') : sql`(${joined(keys, ', ')})`;
  const word = negated ? 'NOT IN' : 'IN';
  if (collation === undefined) return sql`(${left} ${word} (${emitter.query(query)}))`;
  const columns = operands.map((operand, i) =>
    keyOf(text(`"q"."c${i}"`), collationFor(operand, collation)),
  );
  const rows = sql`SELECT ${joined(columns, ', ')} FROM (${emitter.query(query)}) AS "q"`;
  return sql`(${left} ${word} (${rows}))`;
}

function collationFor(operand: TypedExpression, collation: Of<'inQuery'>['collation']) {
  return operand.type.kind === 'string' ? collation : undefined;
}

/** One value; error 1242 when the query has a second row. */
function emitScalarQuery(query: ResolvedQuery, emitter: Emitter): Fragment {
  const inner = emitter.query(query);
  if (hasOneRow(query)) return sql`(${inner})`;
  const value = 'CASE WHEN count(*) > 1 THEN tl_too_many_rows() ELSE min("q"."c0") END';
  return sql`(SELECT ${value} FROM (SELECT * FROM (${inner}) LIMIT 2) AS "q")`;
}

function hasOneRow(query: ResolvedQuery): boolean {
  if (query.limit?.kind === 'constant' && BigInt(query.limit.value as bigint) <= 1n) return true;
  if (query.kind !== 'select') return false;
  return query.from === null || (query.aggregated && query.groupBy.length === 0);
}
