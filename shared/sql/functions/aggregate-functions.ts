// SQLite aggregates: exact sums, variances and JSON.

import { databaseError } from '#shared/error.ts';
import {
  addDecimals,
  DECIMAL_PRECISION_MAX,
  fitsDecimal,
  type Decimal,
} from '#shared/sql/decimal.ts';
import { jsonObject, jsonText, parseJson, type JsonValue } from '#shared/sql/json-value.ts';
import { encodeWideDecimal } from '#shared/sql/wide-decimal.ts';
import { read } from './decimal-functions.ts';
import { aggregate, type SqlFunction } from './sql-function.ts';

/** Of the doubles so far: how many, their mean, and the squares of the distances from it. */
interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
}

export const aggregateFunctions: readonly SqlFunction[] = [
  /** tl_sum_decimal(v, scale), tl_sum_int(v): exact, as a wide decimal; NULL of no rows. */
  sum('tl_sum_decimal'),
  sum('tl_sum_int'),
  /** tl_var_pop(x), tl_var_samp, tl_std_pop, tl_std_samp: of REALs; NULL of too few rows. */
  spread('tl_var_pop', ({ squares, count }) => squares / count, 1),
  spread('tl_var_samp', ({ squares, count }) => squares / (count - 1), 2),
  spread('tl_std_pop', ({ squares, count }) => Math.sqrt(squares / count), 1),
  spread('tl_std_samp', ({ squares, count }) => Math.sqrt(squares / (count - 1)), 2),
  /** tl_json_arrayagg(json): an array of JSON values; SQL NULL becomes null. NULL of no rows. */
  aggregate<JsonValue[]>({
    name: 'tl_json_arrayagg',
    start: () => [],
    step: (items, json = null) => {
      items.push(json === null ? null : parseJson(String(json)));
      return items;
    },
    result: (items) => (items.length === 0 ? null : jsonText(items)),
  }),
  /** tl_json_objectagg(key, json): the last value of a key stays. */
  aggregate<(readonly [string, JsonValue])[]>({
    name: 'tl_json_objectagg',
    start: () => [],
    step: (entries, key = null, json = null) => {
      if (key === null) throw databaseError('jsonNullKey', {});
      entries.push([String(key), json === null ? null : parseJson(String(json))]);
      return entries;
    },
    result: (entries) => (entries.length === 0 ? null : jsonText(jsonObject(entries))),
  }),
];

function sum(name: string): SqlFunction {
  return aggregate<Decimal | null>({
    name,
    start: () => null,
    step: (state, value = null, scale = 0n) => {
      if (value === null) return state;
      const term = read(value, BigInt(scale as bigint));
      return state === null ? term : addDecimals(state, term);
    },
    result: (state) => {
      if (state === null) return null;
      if (fitsDecimal(state, { precision: DECIMAL_PRECISION_MAX, scale: state.scale })) {
        return encodeWideDecimal(state);
      }
      throw databaseError('valueOutOfRange', { type: 'DECIMAL', expression: 'sum' });
    },
  });
}

/** Welford's way: it does not lose digits where the mean is large and the spread small. */
function spread(name: string, result: (state: Spread) => number, countMin: number): SqlFunction {
  return aggregate<Spread>({
    name,
    start: () => ({ count: 0, mean: 0, squares: 0 }),
    step: (state, value = null) => {
      if (value === null) return state;
      const x = Number(value);
      const count = state.count + 1;
      const mean = state.mean + (x - state.mean) / count;
      return { count, mean, squares: state.squares + (x - state.mean) * (x - mean) };
    },
    result: (state) => (state.count < countMin ? null : result(state)),
  });
}
