// Are two databases equal, row by row?

import type { Connection, RowDataPacket } from 'mysql2/promise';

/** Every row of a table as one line of text, sorted, so that order does not matter. */
export async function tableLines(
  connection: Connection,
  database: string,
  table: string,
): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[][]>({
    sql: `SELECT * FROM \`${database}\`.\`${table}\``,
    rowsAsArray: true,
  });
  const lines = rows.map((row) =>
    JSON.stringify(row.map((v: unknown) => (v instanceof Buffer ? `x'${v.toString('hex')}'` : v))),
  );
  return lines.sort();
}

/** The names of a database's tables, without its views. */
export async function tableNames(connection: Connection, database: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[][]>({
    sql: `SHOW FULL TABLES FROM \`${database}\` WHERE Table_type = 'BASE TABLE'`,
    rowsAsArray: true,
  });
  return rows.map((row) => String(row[0])).sort();
}

/**
 * The first difference between two databases, as a sentence; null when they are equal: same
 * tables, same rows.
 */
export async function firstDifference(
  left: { connection: Connection; database: string },
  right: { connection: Connection; database: string },
): Promise<string | null> {
  const names = await tableNames(left.connection, left.database);
  const others = await tableNames(right.connection, right.database);
  if (names.join() !== others.join()) return `tables: ${names.join()} and ${others.join()}`;
  for (const name of names) {
    const a = await tableLines(left.connection, left.database, name);
    const b = await tableLines(right.connection, right.database, name);
    if (a.length !== b.length) return `${name}: ${a.length} rows and ${b.length}`;
    const at = a.findIndex((line, index) => line !== b[index]);
    if (at >= 0) return `${name}: ${a[at]?.slice(0, 200)} and ${b[at]?.slice(0, 200)}`;
  }
  return null;
}
