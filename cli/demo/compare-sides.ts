// Are both sides equal? Every row of every table is read on both, by SQL, and digested.

import { createHash } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { shopTables } from './shop-schema.ts';

export interface TableComparison {
  readonly table: string;
  readonly rows: readonly [number, number];
  readonly digests: readonly [string, string];
  readonly equal: boolean;
}

/** Compares the shop at rest, table by table. */
export async function compareSides(
  primary: Connection,
  secondary: Connection,
): Promise<readonly TableComparison[]> {
  const comparisons: TableComparison[] = [];
  for (const { name, key } of shopTables) {
    const sql = `SELECT * FROM ${name} ORDER BY ${key}`;
    const ours = await digestOf(primary, sql);
    const theirs = await digestOf(secondary, sql);
    comparisons.push({
      table: name,
      rows: [ours.rows, theirs.rows],
      digests: [ours.digest, theirs.digest],
      equal: ours.rows === theirs.rows && ours.digest === theirs.digest,
    });
  }
  return comparisons;
}

/** SHA-256 over the rows as text, first 16 digits. */
async function digestOf(connection: Connection, sql: string) {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  const hash = createHash('sha256');
  for (const row of rows as unknown[][]) hash.update(`${JSON.stringify(row)}\n`);
  return { rows: (rows as unknown[]).length, digest: hash.digest('hex').slice(0, 16) };
}
