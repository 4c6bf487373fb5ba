// Subqueries inside expressions: IN, ANY, ALL, EXISTS and single values.

import { assert } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { BIGINT, call, isNullConstant, nullConstant } from './functions/build.ts';
import { convert } from './functions/convert.ts';
import { sameStoredForm } from './functions/result-type.ts';
import type { Comparison } from './resolve-bound.ts';
import { resolveComparison } from './resolve-comparison.ts';
import type { ResolvedQuery } from './resolved-query.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

/** The types of the columns that a query yields. */
function queryTypes(query: ResolvedQuery): readonly TypedExpression['type'][] {
  const columns = query.kind === 'select' ? query.items.map((item) => item.column) : query.columns;
  return columns.map((column) => column.type);
}

/** A query as one value. Error 1241 when it yields more than one column. */
export function scalarQuery(query: ResolvedQuery): TypedExpression {
  const [type, ...others] = queryTypes(query);
  if (type === undefined || others.length > 0) throw databaseError('operandColumns', { count: 1 });
  return { kind: 'scalarQuery', query, type, nullable: true };
}

/** operands IN (query). */
export function resolveInQuery(
  operands: readonly TypedExpression[],
  query: ResolvedQuery,
  negated: boolean,
  scope: ResolveScope,
): TypedExpression {
  const aligned = alignOperands(operands, query, scope);
  const collations = new Set(aligned.collations);
  const [collation] = collations;
  if (collations.size > 1) throw databaseError('unsupported', { what: 'IN with mixed collations' });
  const options = collation === undefined ? {} : { collation };
  return {
    kind: 'inQuery',
    operands: aligned.operands,
    query: aligned.query,
    negated,
    type: BIGINT,
    nullable: true,
    ...options,
  };
}

interface Aligned {
  readonly operands: readonly TypedExpression[];
  readonly query: ResolvedQuery;
  readonly collations: readonly NonNullable<
    Extract<TypedExpression, { kind: 'in' }>['collation']
  >[];
}

/**
 * Brings each operand and its column to the type that MySQL compares them as. What the comparison
 * makes of a column that stands for the query's is done to the query's item.
 */
function alignOperands(
  operands: readonly TypedExpression[],
  query: ResolvedQuery,
  scope: ResolveScope,
): Aligned {
  const types = queryTypes(query);
  if (types.length !== operands.length) {
    throw databaseError('operandColumns', { count: operands.length });
  }
  let result: Aligned = { operands: [], query, collations: [] };
  operands.forEach((operand, index) => {
    const type = types[index];
    if (type !== undefined) result = alignOne(result, operand, { index, type }, scope);
  });
  return result;
}

function alignOne(
  aligned: Aligned,
  operand: TypedExpression,
  { index, type }: { readonly index: number; readonly type: TypedExpression['type'] },
  scope: ResolveScope,
): Aligned {
  const stand: TypedExpression = {
    kind: 'column',
    relation: -1,
    column: 'c',
    type,
    nullable: true,
  };
  // Not told as a constant: the column's type would decide, and it is not a column yet.
  const probe: TypedExpression =
    operand.kind === 'constant' && !isNullConstant(operand)
      ? call('retype', [operand], operand.type)
      : operand;
  const compared = resolveComparison('=', probe, stand, scope);
  if (compared.kind !== 'call' || compared.name !== '=') {
    return { ...aligned, operands: [...aligned.operands, nullConstant(type)] };
  }
  const [left, right] = compared.arguments;
  if (left === undefined || right === undefined) return aligned;
  const { collation } = compared;
  return {
    operands: [...aligned.operands, left],
    query: right === stand ? aligned.query : withColumn(aligned.query, index, right),
    collations: collation === undefined ? aligned.collations : [...aligned.collations, collation],
  };
}

/** The query with what `form` makes of the column that it mentions in place of item `index`. */
function withColumn(query: ResolvedQuery, index: number, form: TypedExpression): ResolvedQuery {
  if (query.kind === 'setOperation') {
    throw databaseError('unsupported', { what: 'IN over a UNION of another type' });
  }
  assert(query.kind === 'select', 'a recursion stands in FROM');
  const items = query.items.map((item, i) => {
    if (i !== index) return item;
    const expression = substitute(form, item.expression);
    return { ...item, expression, column: { ...item.column, type: form.type } };
  });
  return { ...query, items };
}

function substitute(form: TypedExpression, value: TypedExpression): TypedExpression {
  if (form.kind === 'column' && form.relation === -1) return value;
  if (form.kind !== 'call') return form;
  return { ...form, arguments: form.arguments.map((part) => substitute(part, value)) };
}

/** operand < ANY (query), operand >= ALL (query). */
export function resolveQuantified(
  operator: Comparison,
  quantifier: 'any' | 'all',
  parts: { readonly operand: TypedExpression; readonly query: ResolvedQuery },
  scope: ResolveScope,
): TypedExpression {
  const { operand, query } = parts;
  if (operator === '=' && quantifier === 'any')
    return resolveInQuery([operand], query, false, scope);
  if (operator === '<>' && quantifier === 'all')
    return resolveInQuery([operand], query, true, scope);
  const aligned = alignOperands([operand], query, scope);
  const [left] = aligned.operands;
  const value = scalarQuery(aligned.query);
  if (left === undefined || operator === '<=>') {
    throw databaseError('unsupported', { what: `<=> ${quantifier.toUpperCase()}` });
  }
  const same = sameStoredForm(left.type, value.type);
  const [collation] = aligned.collations;
  const options = collation === undefined ? {} : { collation };
  const side = same ? left : convert(left, value.type, scope);
  return call(`${quantifier} ${operator}`, [side, value], BIGINT, { nullable: true, ...options });
}
