// How a MySQL function is described: how many arguments it takes, and what call it becomes.

import { must } from '#shared/assert.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { isNullConstant, nullConstant, nullableCall } from './build.ts';
import { asBits, asDouble, asInteger, asText } from './convert.ts';
import { asJsonDocument, asJsonValue } from './json-argument.ts';
import { asMoment, asTime } from './temporal-argument.ts';

export type Parts = readonly TypedExpression[];

export interface FunctionDefinition {
  readonly minimum: number;
  readonly maximum: number;
  /** The typed call; `parts` are as many as allowed. */
  readonly resolve: (parts: Parts, scope: ResolveScope) => TypedExpression;
}

export type FunctionFamily = Readonly<Record<string, FunctionDefinition>>;

/** A function whose call is built by hand. */
export function special(
  minimum: number,
  maximum: number,
  resolve: FunctionDefinition['resolve'],
): FunctionDefinition {
  return { minimum, maximum, resolve };
}

/** Brings to: text, integer, its bits, double, moment, time, JSON document, JSON value. */
type ArgumentKind = 't' | 'i' | 'b' | 'd' | 'm' | 'r' | 'j' | 'v';

/**
 * A function that is one call of a SQLite function. `signature` has a letter for each argument
 * (ArgumentKind); those after '?' may be left out, and before '*' the last one may be repeated.
 */
export function direct(
  name: string,
  signature: string,
  result: ColumnType | ((parts: Parts) => ColumnType),
): FunctionDefinition {
  const repeats = signature.endsWith('*');
  const [required = '', optional = ''] = signature.replace('*', '').split('?');
  const kinds = [...required, ...optional] as ArgumentKind[];
  return {
    minimum: required.length,
    maximum: repeats ? Number.POSITIVE_INFINITY : kinds.length,
    resolve: (parts, scope) => {
      const brought = parts.map((part, i) => {
        const kind = kinds[Math.min(i, kinds.length - 1)];
        return bring(part, must(kind), scope);
      });
      const type = typeof result === 'function' ? result(brought) : result;
      if (brought.some(isNullConstant)) return nullConstant(type);
      return nullableCall(name, brought, type);
    },
  };
}

/** The argument as what the function works on. */
export function bring(
  part: TypedExpression,
  kind: ArgumentKind,
  scope: ResolveScope,
): TypedExpression {
  switch (kind) {
    case 't':
      return asText(part, scope);
    case 'i':
      return asInteger(part, scope);
    case 'b':
      return asBits(part, scope);
    case 'd':
      return asDouble(part, scope);
    case 'm':
      return asMoment(part, scope);
    case 'r':
      return asTime(part, scope);
    case 'j':
      return asJsonDocument(part, scope);
    case 'v':
      return asJsonValue(part);
  }
}

/** The argument at that place, which the definition's minimum guarantees. */
export function argument(parts: Parts, index: number): TypedExpression {
  return must(parts[index], 'the number of arguments was checked');
}
