// What clients do to a server, again and again: its tables, one operation, and how to verify it.

import type { Connection } from 'mysql2/promise';

/** How values travel: within the statement's text, or as parameters of a prepared statement. */
export type Protocol = 'text' | 'prepared';

/** One client's end: its connection, and what is its own. */
export interface Client {
  /** Different for every client of a run. */
  readonly id: number;
  readonly protocol: Protocol;
  /**
   * Runs one statement with its values in the client's protocol; resolves with rows or an OK.
   * Values are integers, or texts that need no escape.
   */
  run(sql: string, values?: readonly (number | string)[]): Promise<unknown>;
  /** A uniform integer, 0 <= result < limit. */
  random(limit: number): number;
}

/** What all clients have done to a server since its tables were made. */
export interface Done {
  readonly operations: number;
  /** The sum of what the operations answered. */
  readonly sum: number;
}

export interface Workload {
  readonly name: string;
  /** A line for the list of benchmarks. */
  readonly summary: string;
  /** What one operation is, in the plural: `statements`, `transactions`. */
  readonly unit: string;
  /** Rows that one operation writes or reads. */
  readonly rowsPerOperation: number;
  readonly protocols: readonly Protocol[];
  /** Makes and fills the tables in the connection's database. */
  prepare(connection: Connection, dialect: 'mariadb' | 'twinleaf'): Promise<void>;
  /** One operation; answers a number whose sum over all operations `verify` checks. */
  operate(client: Client): Promise<number>;
  /** Throws when the server does not hold what was done. */
  verify(connection: Connection, done: Done): Promise<void>;
}
