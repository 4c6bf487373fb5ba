// Many alternatives for the same columns, as a list of rows: SQLite plans it at once, searches an
// index for each, and takes longer than linear for an OR of as many.

import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { keyOf, type Emitter } from './emitter.ts';
import { joined, sql, type Fragment } from './fragment.ts';

/** Fewer are as good as an OR. */
const CHOICES_MIN = 8;

/** What one alternative demands: each of these equal to its constant. */
interface Choice {
  readonly sides: readonly Fragment[];
  readonly constants: readonly Fragment[];
}

/**
 * `(a, b) IN (VALUES (1, 2), …)` for `a = 1 AND b = 2 OR …`; null where the alternatives are few,
 * or are not of this sort.
 */
export function emitChoices(
  alternatives: readonly TypedExpression[],
  emitter: Emitter,
): Fragment | null {
  if (alternatives.length < CHOICES_MIN) return null;
  const choices: Choice[] = [];
  let asked = '';
  for (const alternative of alternatives) {
    const choice = choiceOf(alternative, emitter);
    if (choice === null) return null;
    const sides = choice.sides.map((side) => side.sql).join(', ');
    if (choices.length > 0 && sides !== asked) return null;
    asked = sides;
    choices.push(choice);
  }
  const rows = choices.map(({ constants }) => sql`(${joined(constants, ', ')})`);
  return sql`((${asked}) IN (VALUES ${joined(rows, ', ')}))`;
}

function choiceOf(alternative: TypedExpression, emitter: Emitter): Choice | null {
  const parts = alternative.kind === 'and' ? alternative.operands : [alternative];
  const sides: Fragment[] = [];
  const constants: Fragment[] = [];
  for (const part of parts) {
    if (part.kind !== 'call' || part.name !== '=') return null;
    const [side, constant] = part.arguments;
    if (side === undefined || constant?.kind !== 'constant') return null;
    const left = keyOf(emitter.expression(side), part.collation);
    if (left.parameters.length > 0) return null;
    sides.push(left);
    constants.push(keyOf(emitter.expression(constant), part.collation));
  }
  return { sides, constants };
}
