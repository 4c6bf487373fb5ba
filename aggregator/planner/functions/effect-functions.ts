// Functions that do something besides answering: they wait, hold user locks, or set numbers and
// variables of the session. Each is done once, by the aggregator, and never by SQLite.

import { databaseError } from '#shared/error.ts';
import type { TypedExpression } from '#aggregator/planner/typed-expression.ts';
import { walkExpression } from '#aggregator/planner/walk-expression.ts';
import {
  BIGINT,
  UNSIGNED_BIGINT,
  nullableCall,
  textConstant,
  type CallExpression,
} from './build.ts';
import { asDouble, asInteger, asText } from './convert.ts';
import { argument, special, type FunctionFamily } from './function-definition.ts';

export type EffectName =
  | 'sleep'
  | 'get_lock'
  | 'release_lock'
  | 'release_all_locks'
  | 'is_free_lock'
  | 'is_used_lock'
  | 'last_insert_id'
  | ':=';

/** What the name of such a call begins with; SQLite has no function of that name. */
const PREFIX = 'effect ';

function effect(
  name: EffectName,
  parts: readonly TypedExpression[],
  type = BIGINT as TypedExpression['type'],
): CallExpression {
  return nullableCall(`${PREFIX}${name}`, parts, type);
}

/** What a call does, or null where it only answers. */
export function effectOf(expression: TypedExpression): EffectName | null {
  if (expression.kind !== 'call' || !expression.name.startsWith(PREFIX)) return null;
  return expression.name.slice(PREFIX.length) as EffectName;
}

export function containsEffect(expression: TypedExpression): boolean {
  let found = false;
  walkExpression(expression, (part) => {
    found ||= effectOf(part) !== null;
    return !found;
  });
  return found;
}

/** Throws for a call that was to be done for each row, or maybe not at all. */
export function refuseEffect(name: string): void {
  if (!name.startsWith(PREFIX)) return;
  const effectName = name.slice(PREFIX.length);
  const what = effectName === ':=' ? '@variable := value' : `${effectName.toUpperCase()}()`;
  throw databaseError('unsupported', { what: `${what} over rows or within a subquery` });
}

/** @name := value, whose type and value are the expression's, too. */
export function assignVariable(name: string, value: TypedExpression): TypedExpression {
  return effect(':=', [textConstant(name), value], value.type);
}

/** LAST_INSERT_ID(value): the number that LAST_INSERT_ID() answers from then on. */
export function setLastInsertId(value: TypedExpression): TypedExpression {
  return effect('last_insert_id', [value], UNSIGNED_BIGINT);
}

/**
 * LAST_INSERT_ID(n) taken out of a value that a row is given: the value without it, and the n of
 * each row; null where there is none. It stays, and is refused, where MySQL might not come by.
 */
export function takeLastInsertId(value: TypedExpression): {
  readonly value: TypedExpression;
  readonly number: TypedExpression | null;
} {
  if (value.kind !== 'call' || value.name === 'coalesce') return { value, number: null };
  if (effectOf(value) === 'last_insert_id') {
    const number = argument(value.arguments, 0);
    return { value: number, number };
  }
  const taken = value.arguments.map(takeLastInsertId);
  const number = taken.findLast((part) => part.number !== null)?.number ?? null;
  if (number === null) return { value, number };
  return { value: { ...value, arguments: taken.map((part) => part.value) }, number };
}

function ofLockName(name: EffectName): FunctionFamily[string] {
  return special(1, 1, (parts, scope) => effect(name, [asText(argument(parts, 0), scope)]));
}

export const effectFunctions: FunctionFamily = {
  sleep: special(1, 1, (parts, scope) => effect('sleep', [asDouble(argument(parts, 0), scope)])),
  get_lock: special(2, 2, (parts, scope) =>
    effect('get_lock', [asText(argument(parts, 0), scope), asInteger(argument(parts, 1), scope)]),
  ),
  release_lock: ofLockName('release_lock'),
  is_free_lock: ofLockName('is_free_lock'),
  is_used_lock: ofLockName('is_used_lock'),
  release_all_locks: special(0, 0, () => effect('release_all_locks', [])),
};
