// max_execution_time: a SELECT that runs longer is stopped, and told why.

import type { Session } from '#aggregator/session.ts';
import type { Clock } from '#shared/clock.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';

export interface TimeLimit {
  /** The error to tell of: the limit, where the limit was what interrupted the statement. */
  explain(cause: unknown): unknown;
  cancel(): void;
}

const noLimit: TimeLimit = { explain: (cause) => cause, cancel: () => undefined };

/** As in MySQL the limit is for what only reads. */
const readsOnly = /^\s*(\(\s*)*(select|with|values|table)\b/i;

/** The clock runs from here on, until it is cancelled. */
export function startTimeLimit(clock: Clock, session: Session, text: string): TimeLimit {
  const limitMs = Number(session.variables.get(null, 'max_execution_time'));
  if (limitMs === 0 || !readsOnly.test(text)) return noLimit;
  let isOver = false;
  const timer = clock.after(limitMs, () => {
    isOver = true;
    session.kill();
  });
  return {
    explain(cause) {
      const isOurs = isOver && cause instanceof DatabaseError && cause.is('queryInterrupted');
      return isOurs ? databaseError('queryTimeout', {}) : cause;
    },
    cancel: () => timer.cancel(),
  };
}
