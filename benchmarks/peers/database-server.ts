// What a run measures: a database server that MySQL clients can reach, however many processes.

import mysql, { type Connection } from 'mysql2/promise';
import { realClock } from '#shared/clock.ts';

/** How long a server may take to its first answer. */
const ANSWER_MS_MAX = 60_000;
const RETRY_MS = 50;

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

export interface DatabaseServer {
  /** As the table shows it. */
  readonly name: string;
  readonly dialect: 'mariadb' | 'twinleaf';
  readonly login: Login;
  /** All processes that do the server's work. */
  pids(): readonly number[];
  /** Stops its processes and removes its files. */
  stop(): Promise<void>;
}

/** Numbers come as they are when safe, else as text; dates as text. */
export function connectTo(login: Login, database?: string): Promise<Connection> {
  return mysql.createConnection({
    ...login,
    ...(database === undefined ? {} : { database }),
    supportBigNumbers: true,
    dateStrings: true,
  });
}

/** Connects again and again until the server answers; `check` throws when that is in vain. */
export async function connectWhenReady(login: Login, check: () => void): Promise<Connection> {
  const deadline = realClock.monotonicMs() + ANSWER_MS_MAX;
  for (;;) {
    check();
    try {
      return await connectTo(login);
    } catch (error) {
      if (realClock.monotonicMs() > deadline) throw error;
      await realClock.sleep(RETRY_MS);
    }
  }
}
