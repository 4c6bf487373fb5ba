// What a client may be told: a DatabaseError, made only from the one table in error-table.ts.

import { errorTable, type ErrorName, type ErrorParameters } from './error-table.ts';

/** How an error travels between nodes. */
export interface WireError {
  readonly errno: number;
  readonly sqlState: string;
  readonly message: string;
  readonly retry: boolean;
}

/** An error with its MySQL number, which ends a statement and never the connection. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** The MySQL (or SingleStore) error number. */
  readonly errno: number;
  /** Five characters. */
  readonly sqlState: string;
  /** True when the same statement may succeed if it is sent again. */
  readonly retry: boolean;

  constructor(error: WireError, options?: ErrorOptions) {
    super(error.message, options);
    this.errno = error.errno;
    this.sqlState = error.sqlState;
    this.retry = error.retry;
  }

  /** True when this error was made from the entry `name` of the table, here or on another node. */
  is(name: ErrorName): boolean {
    const entry = errorTable[name];
    return this.errno === entry.errno && this.sqlState === entry.sqlState;
  }

  /** The error as plain data. */
  toWire(): WireError {
    const { errno, sqlState, message, retry } = this;
    return { errno, sqlState, message, retry };
  }
}

/** The error `name` of the table, with its sentence filled in. `cause` is kept for the log. */
export function databaseError<N extends ErrorName>(
  name: N,
  parameters: ErrorParameters<N>,
  cause?: unknown,
): DatabaseError {
  const entry = errorTable[name];
  const message = (entry.message as (parameters: ErrorParameters<N>) => string)(parameters);
  const { errno, sqlState, retry } = entry;
  const options = cause === undefined ? undefined : { cause };
  return new DatabaseError({ errno, sqlState, message, retry }, options);
}
