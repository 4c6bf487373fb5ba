// What a client may be told: a DatabaseError, made only from the one table in error-table.ts.

import { errorTable, type ErrorName, type ErrorParameters } from './error-table.ts';

/** How an error travels between nodes. */
export interface WireError {
  /** Its entry in the table; null of a node that does not tell, or has another table. */
  readonly entry: ErrorName | null;
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
  readonly #entry: ErrorName | null;

  constructor(error: WireError, options?: ErrorOptions) {
    super(error.message, options);
    this.#entry = error.entry;
    this.errno = error.errno;
    this.sqlState = error.sqlState;
    this.retry = error.retry;
  }

  /**
   * True when this error was made from one of these entries of the table, here or on another node.
   * Of one that does not tell its entry the number stands for it, which several may share.
   */
  is(...names: readonly ErrorName[]): boolean {
    if (this.#entry !== null) return names.includes(this.#entry);
    return names.some((name) => {
      const { errno, sqlState } = errorTable[name];
      return this.errno === errno && this.sqlState === sqlState;
    });
  }

  /** The error as plain data. */
  toWire(): WireError {
    const { errno, sqlState, message, retry } = this;
    return { entry: this.#entry, errno, sqlState, message, retry };
  }
}

/** What another node says is the name of an entry; null where our table has none. */
export function errorNameOf(value: unknown): ErrorName | null {
  const isName = typeof value === 'string' && Object.hasOwn(errorTable, value);
  return isName ? (value as ErrorName) : null;
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
  return new DatabaseError({ entry: name, errno, sqlState, message, retry }, options);
}
