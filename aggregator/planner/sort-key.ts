// The value that rows are merged by: comparable byte by byte, whatever the collation.

import { unreachable } from '#shared/assert.ts';
import { call } from './functions/build.ts';
import type { TypedExpression } from './typed-expression.ts';

/** True where trailing spaces do not count: the merge compares such texts padded. */
export function isPadded(expression: TypedExpression): boolean {
  return expression.type.kind === 'string' && expression.type.collation === 'utf8mb4_bin';
}

/** An expression whose stored values compare like those of `expression` do in MySQL. */
export function sortKeyOf(expression: TypedExpression): TypedExpression {
  const { type } = expression;
  if (type.kind !== 'string') return expression;
  const keyType = { ...type, collation: 'binary' } as const;
  switch (type.collation) {
    case 'utf8mb4_general_ci':
      return call('tl_ci', [expression], keyType);
    case 'utf8mb4_bin':
    case 'binary':
      return expression;
    default:
      return unreachable(type.collation);
  }
}
