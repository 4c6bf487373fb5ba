// Which operator stands at a place in a text: the longest that fits.

const threeCharacterOperators = new Set(['<=>', '->>']);
const twoCharacterOperators = new Set([
  '<=',
  '>=',
  '<>',
  '!=',
  '<<',
  '>>',
  '||',
  '&&',
  ':=',
  '->',
  '@@',
]);
const oneCharacterOperators = '()+-*/%,.;=<>!~&|^:{}';

/** The operator at `at`; '' when no operator begins there. */
export function operatorAt(source: string, at: number): string {
  const first = source.charAt(at);
  if (first === '(' || first === ')' || first === ',' || first === '.') return first;
  const three = source.slice(at, at + 3);
  if (threeCharacterOperators.has(three)) return three;
  const two = source.slice(at, at + 2);
  if (twoCharacterOperators.has(two)) return two;
  return oneCharacterOperators.includes(first) ? first : '';
}
