// MySQL's regular expressions.

import { must } from '#shared/assert.ts';
import type { ResolveScope } from '#aggregator/planner/resolve-scope.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { BIGINT, integerConstant, nullableCall, textConstant } from './build.ts';
import { aggregateCollation } from './collation-rule.ts';
import { asInteger, asText } from './convert.ts';
import { special, type FunctionFamily, type Parts } from './function-definition.ts';
import { textType } from './string-functions.ts';

/** `subject REGEXP pattern`. */
export function regexpLike(parts: Parts, scope: ResolveScope): TypedExpression {
  const { texts, collation } = readTexts(parts.slice(0, 2), scope);
  const flags = asText(parts[2] ?? textConstant(''), scope);
  return nullableCall('tl_regexp_like', [...texts, flags, collation], BIGINT);
}

function readTexts(
  parts: Parts,
  scope: ResolveScope,
): { readonly texts: Parts; readonly collation: TypedExpression } {
  const texts = parts.map((part) => asText(part, scope));
  return { texts, collation: textConstant(aggregateCollation(texts, 'regexp')) };
}

function numberOr(part: TypedExpression | undefined, usual: number, scope: ResolveScope) {
  return part === undefined ? integerConstant(usual) : asInteger(part, scope);
}

export const regexpFunctions: FunctionFamily = {
  regexp_like: special(2, 3, regexpLike),
  regexp_instr: special(2, 6, (parts, scope) => {
    const { texts, collation } = readTexts(parts.slice(0, 2), scope);
    const numbers = [
      numberOr(parts[2], 1, scope),
      numberOr(parts[3], 1, scope),
      numberOr(parts[4], 0, scope),
    ];
    const flags = asText(parts[5] ?? textConstant(''), scope);
    return nullableCall('tl_regexp_instr', [...texts, ...numbers, flags, collation], BIGINT);
  }),
  regexp_substr: special(2, 5, (parts, scope) => {
    const { texts, collation } = readTexts(parts.slice(0, 2), scope);
    const numbers = [numberOr(parts[2], 1, scope), numberOr(parts[3], 1, scope)];
    const flags = asText(parts[4] ?? textConstant(''), scope);
    const type = textType([must(texts[0])], Number.MAX_SAFE_INTEGER);
    return nullableCall('tl_regexp_substr', [...texts, ...numbers, flags, collation], type);
  }),
  regexp_replace: special(3, 6, (parts, scope) => {
    const { texts, collation } = readTexts(parts.slice(0, 2), scope);
    const replacement = asText(must(parts[2]), scope);
    const numbers = [numberOr(parts[3], 1, scope), numberOr(parts[4], 0, scope)];
    const flags = asText(parts[5] ?? textConstant(''), scope);
    const type = textType([must(texts[0]), replacement], Number.MAX_SAFE_INTEGER);
    const all = [...texts, replacement, ...numbers, flags, collation];
    return nullableCall('tl_regexp_replace', all, type);
  }),
};
