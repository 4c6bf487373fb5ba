// The shape of a function that we register in SQLite.

import type { StoredValue } from '#shared/sql/column-type.ts';

/**
 * Called by SQLite with the stored forms of its arguments: an INTEGER comes as a `bigint`, a REAL
 * as a `number`; a `bigint` it returns is an INTEGER and a `number` a REAL.
 */
export interface ScalarFunction {
  readonly kind: 'scalar';
  readonly name: string;
  /** True: same arguments, same result, for ever. Only such a function may stand in an index. */
  readonly deterministic: boolean;
  readonly call: (...values: StoredValue[]) => StoredValue;
}

/** An aggregate: `start` makes a state, `step` gives the next one, `result` ends it. */
export interface AggregateFunction<S = unknown> {
  readonly kind: 'aggregate';
  readonly name: string;
  readonly deterministic: boolean;
  readonly start: () => S;
  readonly step: (state: S, ...values: StoredValue[]) => S;
  readonly result: (state: S) => StoredValue;
}

export type SqlFunction = ScalarFunction | AggregateFunction;

/** A deterministic scalar function. */
export function scalar(name: string, call: (...values: never[]) => StoredValue): ScalarFunction {
  const typed = call as (...values: StoredValue[]) => StoredValue;
  return { kind: 'scalar', name, deterministic: true, call: typed };
}

/** The same, answering NULL when any argument is NULL, as most of MySQL's functions do. */
export function strict(name: string, call: (...values: never[]) => StoredValue): ScalarFunction {
  const typed = call as (...values: StoredValue[]) => StoredValue;
  const guarded = (...values: StoredValue[]): StoredValue =>
    values.includes(null) ? null : typed(...values);
  return { kind: 'scalar', name, deterministic: true, call: guarded };
}

/** An aggregate whose state is of type S. */
export function aggregate<S>(
  definition: Omit<AggregateFunction<S>, 'kind' | 'deterministic'>,
): AggregateFunction {
  return { kind: 'aggregate', deterministic: true, ...definition } as AggregateFunction;
}
