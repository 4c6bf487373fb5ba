// What tests of two clusters ask again and again: states, equality, and whether a link has all.

import { errnoOf } from './errno-of.ts';
import { until } from './wait.ts';

/** Whoever answers SQL with rows. */
export interface Asked {
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/**
 * The database's state, as SHOW DATABASES EXTENDED tells it. A leaf that a busy machine keeps from
 * answering in time makes it `offline`: it is asked again, for as long as a leaf may be away.
 */
export async function stateOf(cluster: Asked, database: string): Promise<unknown> {
  const ask = async () => {
    const rows = await cluster.query('SHOW DATABASES EXTENDED');
    return rows.find((row) => row['Database'] === database)?.['State'];
  };
  const deadline = performance.now() + 20_000;
  let state = await ask();
  while (state === 'offline' && performance.now() < deadline) state = await ask();
  return state;
}

/** Resolves when the database follows and no link knows of a record that it lacks. */
export async function caughtUp(cluster: Asked, database: string): Promise<void> {
  const sql =
    'SELECT DATABASE_NAME, SECONDARY_STATE, LSN_LAG, LAST_ERROR FROM ' +
    'information_schema.MV_REPLICATION_STATUS ' +
    `WHERE IS_DR = 1 AND DATABASE_NAME LIKE '${database}\\_%'`;
  await until(
    `${database} to follow`,
    async () => {
      const state = await stateOf(cluster, database);
      if (state !== 'replicating') throw new Error(`it is ${String(state)}`);
      const rows = await cluster.query(sql);
      const lags = new Map(rows.map((row) => [row['DATABASE_NAME'], String(row['LSN_LAG'])]));
      // A leaf that has not answered in time is not in the rows.
      const partitions = await cluster.query(`SHOW PARTITIONS ON ${database}`);
      const names = partitions.map(({ Ordinal }) => `${database}_${Ordinal ?? 'reference'}`);
      if (names.length > 0 && names.every((name) => lags.get(name) === '0')) return true;
      throw new Error(JSON.stringify(rows));
    },
    120_000,
  );
}

/** Resolves when both answer the query with the same rows. */
export async function sameRows(a: Asked, b: Asked, sql: string): Promise<void> {
  await until(
    'the rows to be equal',
    async () => {
      const [left, right] = [await a.query(sql), await b.query(sql)];
      if (JSON.stringify(left) === JSON.stringify(right)) return true;
      throw new Error(`${JSON.stringify(left)} and ${JSON.stringify(right)}`.slice(0, 2000));
    },
    120_000,
  );
}

/** The error number with which the statement is refused; 0 when it is not. */
export function refusalOf(cluster: Asked, sql: string): Promise<number> {
  return errnoOf(cluster.query(sql));
}

/** The primary, or a leaf of it, did not answer in time. */
const busyErrors = [1218, 1735];

/** REPLICATE DATABASE …: told again while a busy machine keeps the two from meeting in time. */
export async function replicate(secondary: Asked, sql: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    try {
      await secondary.query(sql);
      return;
    } catch (error) {
      const errno = Number((error as { errno?: number }).errno);
      if (!busyErrors.includes(errno) || performance.now() > deadline) throw error;
    }
  }
}
