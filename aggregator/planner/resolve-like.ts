// LIKE: by the collation that both sides agree upon.

import { BIGINT, nullableCall, textConstant } from './functions/build.ts';
import { aggregateCollation } from './functions/collation-rule.ts';
import { asText } from './functions/convert.ts';
import type { ResolveScope } from './resolve-scope.ts';
import type { TypedExpression } from './typed-expression.ts';

/** `subject LIKE pattern ESCAPE escape`; without ESCAPE it is the backslash. */
export function resolveLike(
  subject: TypedExpression,
  pattern: TypedExpression,
  escape: TypedExpression | null,
  scope: ResolveScope,
): TypedExpression {
  const texts = [asText(subject, scope), asText(pattern, scope)];
  const collation = textConstant(aggregateCollation(texts, 'like'));
  const mark = escape === null ? textConstant('\\') : asText(escape, scope);
  return nullableCall('tl_like', [...texts, mark, collation], BIGINT);
}
