// IF, COALESCE and their kin: functions that choose among values of one merged type.

import { must } from '#shared/assert.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import { resolveComparison } from '#aggregator/planner/resolve-comparison.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { BIGINT, call, integerConstant, isNull, nullConstant } from './build.ts';
import { aggregateCollation } from './collation-rule.ts';
import { asCondition, asDouble, convert } from './convert.ts';
import { argument, special, type FunctionFamily, type Parts } from './function-definition.ts';
import { asJsonValue } from './json-argument.ts';
import { mergeTypes } from './result-type.ts';

/** The values brought to the type that holds them all: what CASE and UNION do. */
function brought(
  values: Parts,
  scope: ResolveScope,
): { readonly values: Parts; readonly type: TypedExpression['type'] } {
  const collation = aggregateCollation(values, 'case');
  const type = mergeTypes(
    values.map((value) => value.type),
    collation,
  );
  if (type.kind === 'json') return { values: values.map(jsonOrNull), type };
  return { values: values.map((value) => convert(value, type, scope)), type };
}

function jsonOrNull(value: TypedExpression): TypedExpression {
  return value.type.kind === 'null' ? nullConstant({ kind: 'json' }) : asJsonValue(value);
}

/** CASE WHEN … THEN … ELSE … END of resolved parts. */
export function choose(
  branches: readonly { readonly when: TypedExpression; readonly then: TypedExpression }[],
  otherwise: TypedExpression | null,
  scope: ResolveScope,
): TypedExpression {
  const results = [
    ...branches.map((branch) => branch.then),
    ...(otherwise === null ? [] : [otherwise]),
  ];
  const { values, type } = brought(results, scope);
  const last = otherwise === null ? null : must(values.at(-1));
  return {
    kind: 'case',
    branches: branches.map(({ when }, i) => ({
      when: asCondition(when, scope),
      then: must(values[i]),
    })),
    otherwise: last,
    type,
    nullable: last === null || values.some((value) => value.nullable),
  };
}

function coalesce(parts: Parts, scope: ResolveScope): TypedExpression {
  const { values, type } = brought(parts, scope);
  if (values.length === 1) return must(values[0]);
  const nullable = values.every((value) => value.nullable);
  return call('coalesce', values, type, { nullable });
}

function nullIf(parts: Parts, scope: ResolveScope): TypedExpression {
  const [left, right] = [argument(parts, 0), argument(parts, 1)];
  const same = resolveComparison('=', left, right, scope);
  return {
    kind: 'case',
    branches: [{ when: same, then: nullConstant(left.type) }],
    otherwise: left,
    type: left.type,
    nullable: true,
  };
}

/** INTERVAL(n, a, b, …): how many of the ascending numbers are not above n; -1 for NULL. */
function interval(parts: Parts, scope: ResolveScope): TypedExpression {
  const [operand, ...bounds] = parts.map((part) => asDouble(part, scope));
  const value = must(operand);
  return {
    kind: 'case',
    branches: [
      { when: isNull(value), then: integerConstant(-1) },
      ...bounds.map((bound, i) => ({
        when: call('<', [value, bound], BIGINT),
        then: integerConstant(i),
      })),
    ],
    otherwise: integerConstant(bounds.length),
    type: BIGINT,
    nullable: false,
  };
}

export const controlFunctions: FunctionFamily = {
  if: special(3, 3, ([when, then, otherwise], scope) =>
    choose([{ when: must(when), then: must(then) }], must(otherwise), scope),
  ),
  ifnull: special(2, 2, coalesce),
  coalesce: special(1, Infinity, coalesce),
  nullif: special(2, 2, nullIf),
  isnull: special(1, 1, (parts) => isNull(argument(parts, 0))),
  interval: special(2, Infinity, interval),
};
