// The MySQL client of the commands: logs in where the flags say, and prints rows as a table.

import mysql from 'mysql2/promise';
import { CommandError } from './failure.ts';
import type { SettingValues } from './setting.ts';

/** Opens a connection; `work` is done with it and it is closed. Throws CommandError. */
export async function withConnection(
  values: SettingValues,
  work: (connection: mysql.Connection) => Promise<void>,
): Promise<void> {
  const host = values.required('host');
  const port = values.port('port');
  const database = values.optional('database');
  let connection: mysql.Connection;
  try {
    connection = await mysql.createConnection({
      host,
      port,
      user: values.required('user'),
      password: values.optional('password') ?? '',
      ...(database === null ? {} : { database }),
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      multipleStatements: true,
    });
  } catch (error) {
    throw new CommandError(`cannot log in at ${host}:${port}: ${reasonOf(error)}`);
  }
  try {
    await work(connection);
  } catch (error) {
    throw new CommandError(reasonOf(error));
  } finally {
    connection.destroy();
  }
}

/** Runs a statement that answers no rows, and prints what it says of itself. */
export async function printInfo(values: SettingValues, sql: string): Promise<void> {
  await withConnection(values, async (connection) => {
    const [result] = await connection.query<mysql.ResultSetHeader>(sql);
    process.stdout.write(`${result.info.trim()}\n`);
  });
}

/** Why a statement or a login failed, in one line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errno, code } = error as Error & { errno?: unknown; code?: unknown };
  const text = error.message === '' ? String(code ?? error.name) : error.message;
  return typeof errno === 'number' && errno > 0 ? `error ${errno}: ${text}` : text;
}

/** Names and rows of cells as text, in columns that fit; numbers stand to the right. */
export function formatTable(
  names: readonly string[],
  rows: readonly (readonly unknown[])[],
): string {
  const cells = rows.map((row) => row.map(cellText));
  const widths = names.map((name, column) => {
    return Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0));
  });
  const line = (row: readonly string[]) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return /^-?\d+(\.\d+)?$/.test(text) ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(names), rule, ...cells.map(line)].join('\n');
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A text literal. */
export function quoteText(text: string): string {
  return mysql.escape(text);
}
