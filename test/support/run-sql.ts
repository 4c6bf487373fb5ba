// Statements to text: rows as the text protocol prints them, an OK as its counts, errors as 1062.

import type { QueryEngine } from '#aggregator/query-engine.ts';
import type { Session } from '#aggregator/session.ts';
import type { StatementResult } from '#aggregator/statement-result.ts';
import { DatabaseError } from '#shared/error.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import { formatValue } from '#shared/sql/format-value.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

export interface SqlAnswer {
  /** Null for an OK. */
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly (string | null)[])[];
  readonly affectedRows: number;
  readonly insertId: bigint;
  readonly info: string;
}

/** The answer of the last statement of the text. */
export async function runSql(
  engine: QueryEngine,
  session: Session,
  text: string,
  parameters: readonly SourceValue[] = [],
): Promise<SqlAnswer> {
  let answer: SqlAnswer = { columns: null, rows: [], affectedRows: 0, insertId: 0n, info: '' };
  session.beginStatement();
  for await (const result of engine.execute(session, text, parameters)) {
    answer = await answerOf(result);
  }
  return answer;
}

async function answerOf(result: StatementResult): Promise<SqlAnswer> {
  if (result.kind === 'ok') {
    const { affectedRows, lastInsertId: insertId, info } = result;
    return { columns: null, rows: [], affectedRows, insertId, info };
  }
  const rows: (string | null)[][] = [];
  const types = result.columns.map(({ type }) => type);
  for await (const batch of result.rows) {
    rows.push(...batch.map((row) => row.map((value, i) => printed(value, types[i]))));
  }
  const columns = result.columns.map(({ name }) => name);
  return { columns, rows, affectedRows: 0, insertId: 0n, info: '' };
}

function printed(value: StoredValue, type: ColumnType | undefined): string | null {
  if (value === null || type === undefined) return null;
  const text = formatValue(value, type);
  return typeof text === 'string' ? text : Buffer.from(text).toString('latin1');
}

/** The lines of an answer, for case files. */
export async function answerLines(
  engine: QueryEngine,
  session: Session,
  text: string,
  parameters: readonly SourceValue[] = [],
): Promise<readonly string[]> {
  try {
    const { columns, rows, affectedRows, info } = await runSql(engine, session, text, parameters);
    if (columns === null) return [`ok ${affectedRows}${info === '' ? '' : ` (${info})`}`];
    return [columns.join('\t'), ...rows.map((row) => row.map((v) => v ?? 'NULL').join('\t'))];
  } catch (error) {
    if (error instanceof DatabaseError) return [`error ${error.errno}: ${error.message}`];
    throw error;
  }
}
