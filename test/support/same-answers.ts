// The same question in MySQL to MariaDB and in SQLite to our functions: the answers must agree.

import type { ExecutionContext } from 'ava';
import { DatabaseError } from '#shared/error.ts';
import { doubleText } from '#shared/sql/double-text.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import type { MariadbOracle } from './mariadb.ts';

/** A MySQL expression, and the SQLite expression that should give the same. */
export type Question = readonly [mysql: string, sqlite: string];

/** Asks all of them, and reports every difference at once. */
export async function sameAnswers(
  t: ExecutionContext,
  oracle: MariadbOracle,
  questions: readonly Question[],
): Promise<void> {
  const file = openWithFunctions(':memory:');
  t.teardown(() => file.close());
  const differences: string[] = [];
  for (const [mysql, sqlite] of questions) {
    const expected = await answerOfMariadb(oracle, mysql);
    const actual = answerOfSqlite(file, sqlite);
    if (expected !== actual) differences.push(`${mysql}: ${expected}, ours: ${actual}`);
  }
  t.deepEqual(differences, []);
}

/** Its text; `error <errno>` when it fails. */
async function answerOfMariadb(oracle: MariadbOracle, expression: string): Promise<string> {
  try {
    const [row] = await oracle.query(`SELECT ${expression}`);
    return String(row?.[0] ?? 'NULL');
  } catch (error) {
    return `error ${(error as { errno: number }).errno}`;
  }
}

function answerOfSqlite(file: SqliteFile, expression: string): string {
  try {
    return storedText(file.get(`SELECT ${expression}`)?.[0] ?? null);
  } catch (error) {
    if (error instanceof DatabaseError) return `error ${error.errno}`;
    throw error;
  }
}

function storedText(value: StoredValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return doubleText(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
}
