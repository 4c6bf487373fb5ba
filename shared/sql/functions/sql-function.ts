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
  /** Takes the row back that came first: with it the function may stand before OVER. */
  readonly inverse?: (state: S) => S;
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

/** The rows of a window's frame, and the state that they make. */
interface Frame {
  readonly rows: StoredValue[][];
  state: unknown;
  /** A row has been taken back since the state was made. */
  isStale: boolean;
}

/**
 * The same aggregate over a window, under its name with `_over`. A frame that only grows costs as
 * much as a group; one that also shrinks is computed anew for each row.
 */
export function overWindow(plain: AggregateFunction): AggregateFunction {
  return aggregate<Frame>({
    name: `${plain.name}_over`,
    start: () => ({ rows: [], state: plain.start(), isStale: false }),
    step: (frame, ...values) => {
      frame.rows.push(values);
      if (!frame.isStale) frame.state = plain.step(frame.state, ...values);
      return frame;
    },
    inverse: (frame) => {
      frame.rows.shift();
      frame.isStale = true;
      return frame;
    },
    result: (frame) => {
      if (frame.isStale) {
        const empty = plain.start();
        frame.state = frame.rows.reduce((state, values) => plain.step(state, ...values), empty);
        frame.isStale = false;
      }
      return plain.result(frame.state);
    },
  });
}
