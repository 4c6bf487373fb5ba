// SQLite functions that the deparser needs where SQLite's own syntax has no word for it.

import { databaseError } from '#shared/error.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { pow10 } from '#shared/sql/decimal.ts';
import { read, store } from './decimal-functions.ts';
import { aggregate, strict, type SqlFunction } from './sql-function.ts';

/** The texts of a GROUP_CONCAT(DISTINCT …) so far, and the keys that were seen. */
interface DistinctTexts {
  readonly keys: Set<StoredValue>;
  readonly texts: string[];
  separator: string;
}

type Stored = bigint | string | Uint8Array;

/** What tl_decimal_quotient is told besides its operands. */
type QuotientShape = [bScale: bigint, precision: bigint, scale: bigint];

export const queryFunctions: readonly SqlFunction[] = [
  /** tl_decimal_quotient(a, as, b, bs, p, s): a / b, cut off at its scale; NULL for b = 0. */
  strict('tl_decimal_quotient', quotient),
  /** tl_too_many_rows(): error 1242. Not deterministic, or SQLite would call it beforehand. */
  {
    kind: 'scalar',
    name: 'tl_too_many_rows',
    deterministic: false,
    call: () => {
      throw databaseError('subqueryMoreThanOneRow', {});
    },
  },
  /** tl_orphan(constraint, value): error 1452 for the row that has the value. */
  {
    kind: 'scalar',
    name: 'tl_orphan',
    deterministic: false,
    call: (constraint) => {
      throw databaseError('foreignKeyChild', { constraint: String(constraint) });
    },
  },
  /** tl_group_concat_distinct(text, separator, key): each key once, in the order of the rows. */
  aggregate<DistinctTexts>({
    name: 'tl_group_concat_distinct',
    start: () => ({ keys: new Set<StoredValue>(), texts: [], separator: ',' }),
    step: (state, text = null, separator = ',', key = null) => {
      if (text === null || state.keys.has(key)) return state;
      state.keys.add(key);
      state.texts.push(String(text));
      state.separator = String(separator);
      return state;
    },
    result: ({ texts, separator }) => (texts.length === 0 ? null : texts.join(separator)),
  }),
];

function quotient(
  a: Stored,
  aScale: bigint,
  b: Stored,
  ...[bScale, precision, scale]: QuotientShape
): Stored | null {
  const [dividend, divisor] = [read(a, aScale), read(b, bScale)];
  if (divisor.unscaled === 0n) return null;
  const shift = Number(scale) - dividend.scale + divisor.scale;
  const unscaled =
    shift >= 0
      ? (dividend.unscaled * pow10(shift)) / divisor.unscaled
      : dividend.unscaled / (divisor.unscaled * pow10(-shift));
  return store({ unscaled, scale: Number(scale) }, precision, scale);
}
