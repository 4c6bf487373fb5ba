// Every function that we register in SQLite.

import { comparisonFunctions } from './comparison-functions.ts';
import type { SqlFunction } from './sql-function.ts';

/** The whole library: each connection registers all of it. */
export function functionLibrary(): readonly SqlFunction[] {
  return comparisonFunctions;
}
