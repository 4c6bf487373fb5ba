// Every function that we register in SQLite.

import { aggregateFunctions } from './aggregate-functions.ts';
import { bitFunctions } from './bit-functions.ts';
import { comparisonFunctions } from './comparison-functions.ts';
import { decimalFunctions } from './decimal-functions.ts';
import { digestFunctions } from './digest-functions.ts';
import { numericFunctions } from './numeric-functions.ts';
import type { SqlFunction } from './sql-function.ts';
import { stringFunctions } from './string-functions.ts';

/** The whole library, new for each connection: what its functions remember is the connection's. */
export function functionLibrary(): readonly SqlFunction[] {
  return [
    ...comparisonFunctions(),
    ...stringFunctions,
    ...digestFunctions,
    ...numericFunctions,
    ...decimalFunctions,
    ...bitFunctions,
    ...aggregateFunctions,
  ];
}
