// Every function that we register in SQLite.

import { TypeTextReader } from '#shared/sql/type-text.ts';
import { aggregateFunctions } from './aggregate-functions.ts';
import { bitFunctions } from './bit-functions.ts';
import { calendarFunctions, zoneFunctions } from './calendar-functions.ts';
import { comparisonFunctions } from './comparison-functions.ts';
import { convertFunctions } from './convert-functions.ts';
import { decimalFunctions } from './decimal-functions.ts';
import { digestFunctions } from './digest-functions.ts';
import { jsonFunctions } from './json-functions.ts';
import { numericFunctions } from './numeric-functions.ts';
import { queryFunctions } from './query-functions.ts';
import { regexpFunctions } from './regexp-functions.ts';
import { overWindow, type SqlFunction } from './sql-function.ts';
import { strictFunctions } from './strict-functions.ts';
import { stringFunctions } from './string-functions.ts';
import { temporalFunctions } from './temporal-functions.ts';
import { ZoneReader } from './zone-reader.ts';

/** The whole library, new for each connection: what its functions remember is the connection's. */
export function functionLibrary(): readonly SqlFunction[] {
  const types = new TypeTextReader();
  const zones = new ZoneReader();
  return [
    ...comparisonFunctions(),
    ...convertFunctions(types, zones),
    ...stringFunctions,
    ...regexpFunctions(),
    ...digestFunctions,
    ...numericFunctions,
    ...decimalFunctions,
    ...bitFunctions,
    ...temporalFunctions(types),
    ...calendarFunctions,
    ...zoneFunctions(zones),
    ...jsonFunctions(types),
    ...aggregateFunctions,
    ...queryFunctions,
    ...strictFunctions,
  ].flatMap(withWindow);
}

function withWindow(definition: SqlFunction): readonly SqlFunction[] {
  return definition.kind === 'aggregate' ? [definition, overWindow(definition)] : [definition];
}
