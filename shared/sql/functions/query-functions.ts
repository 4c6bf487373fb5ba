// SQLite functions that the deparser needs where SQLite's own syntax has no word for it.

import { databaseError } from '#shared/error.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { aggregate, type SqlFunction } from './sql-function.ts';

/** The texts of a GROUP_CONCAT(DISTINCT …) so far, and the keys that were seen. */
interface DistinctTexts {
  readonly keys: Set<StoredValue>;
  readonly texts: string[];
  separator: string;
}

export const queryFunctions: readonly SqlFunction[] = [
  /** tl_too_many_rows(): error 1242. Not deterministic, or SQLite would call it beforehand. */
  {
    kind: 'scalar',
    name: 'tl_too_many_rows',
    deterministic: false,
    call: () => {
      throw databaseError('subqueryMoreThanOneRow', {});
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
