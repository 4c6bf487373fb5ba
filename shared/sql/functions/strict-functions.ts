// What a statement that writes under a strict sql_mode does not let pass.
//
// None is called deterministic, though each is: SQLite computes what is constant before the first
// row, and an error belongs to a row.

import type { StoredValue } from '#shared/sql/column-type.ts';
import { databaseError } from '#shared/error.ts';
import { isZero, losesSomething, type LostKind } from '#shared/sql/strict-value.ts';
import { scalar, type ScalarFunction } from './sql-function.ts';

function refusing(name: string, call: (...values: never[]) => StoredValue): ScalarFunction {
  return { ...scalar(name, call), deterministic: false };
}

export const strictFunctions: readonly ScalarFunction[] = [
  /** tl_wholly(text, kind): the text, which is wholly a number or moment of the kind. */
  refusing('tl_wholly', (text: StoredValue, kind: LostKind) => {
    if (typeof text !== 'string' || !losesSomething(text, kind)) return text;
    const isNumber = kind === kind.toUpperCase();
    const name = isNumber ? 'truncatedWrongValue' : 'incorrectMoment';
    throw databaseError(name, { type: kind, value: text });
  }),
  /** tl_divisor(number, zero): the number, which is not zero. */
  refusing('tl_divisor', (number: StoredValue, zero: StoredValue) => {
    if (isZero(number, zero)) throw databaseError('divisionByZero', {});
    return number;
  }),
];
