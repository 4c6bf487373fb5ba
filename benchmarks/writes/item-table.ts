// The table of the write workloads, shaped as sysbench's: a key, an indexed number, two texts.

import type { Connection } from 'mysql2/promise';

const itemTable = `CREATE TABLE items (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  k INT NOT NULL,
  c CHAR(120) NOT NULL,
  pad CHAR(60) NOT NULL,
  KEY k (k)
)`;

const FILL_ROWS_PER_STATEMENT = 500;
const WORD = '31451373586-15688153734-79729593694-';

/** A text of `length` that differs from row to row. */
export function textOf(seed: number, length: number): string {
  return (String(seed).padStart(11, '0') + WORD.repeat(4)).slice(0, length);
}

/** Makes the table with rows 1 to `rows`, where k = id. */
export async function createItems(connection: Connection, rows: number): Promise<void> {
  await connection.query('DROP TABLE IF EXISTS items');
  await connection.query(itemTable);
  for (let from = 1; from <= rows; from += FILL_ROWS_PER_STATEMENT) {
    const count = Math.min(FILL_ROWS_PER_STATEMENT, rows - from + 1);
    const values = Array.from({ length: count }, (_, index) => {
      const id = from + index;
      return `(${id},${id},'${textOf(id, 119)}','${textOf(id, 59)}')`;
    });
    await connection.query(`INSERT INTO items (id, k, c, pad) VALUES ${values.join(',')}`);
  }
}

/** The one row of a query, as numbers. */
export async function numbersOf(connection: Connection, sql: string): Promise<number[]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true });
  const [row = []] = rows as unknown[][];
  return row.map((value) => Number(value ?? 0));
}

/** Throws when the numbers differ. */
export function assertSame(what: string, found: readonly number[], expected: readonly number[]) {
  if (found.join() === expected.join()) return;
  throw new Error(`${what}: the server has ${found.join()}, the clients did ${expected.join()}`);
}
