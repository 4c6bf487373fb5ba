// Long chains of an associative operation as trees that are not deep.

import { must } from '#shared/assert.ts';

/** All operands, at least one, in their order under one tree whose depth is the logarithm. */
export function halved<T>(operands: readonly T[], join: (left: T, right: T) => T): T {
  if (operands.length === 1) return must(operands[0]);
  const middle = (operands.length + 1) >> 1;
  const [left, right] = [operands.slice(0, middle), operands.slice(middle)];
  return join(halved(left, join), halved(right, join));
}
