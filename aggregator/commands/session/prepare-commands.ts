// PREPARE, EXECUTE and DEALLOCATE: prepared statements by name, in SQL.

import type { Command, CommandTable } from '#aggregator/commands/command.ts';
import type { Evaluate } from '#aggregator/commands/evaluate.ts';
import type { QueryEngine } from '#aggregator/query-engine.ts';
import { ok, type RowsResult, type StatementResult } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { formatValue } from '#shared/sql/format-value.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';

export interface PrepareParts {
  readonly evaluate: Evaluate;
  /** Asked for when used: the engine is made after its commands. */
  readonly engine: () => QueryEngine;
}

const nullValue: SourceValue = { type: { kind: 'null' }, value: null };

function textOf(source: SourceValue | undefined): string {
  if (source === undefined || source.value === null) return 'NULL';
  const text = formatValue(source.value, source.type);
  return typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
}

function createPrepare(parts: PrepareParts): Command<'prepare'> {
  return async (_context, session, statement) => {
    const name = statement.name.toLowerCase();
    // The name is free even when its new text is wrong.
    session.preparedTexts.delete(name);
    const [evaluated] = await parts.evaluate(session, [statement.text]);
    const text = textOf(evaluated);
    await parts.engine().prepare(session, text);
    session.preparedTexts.set(name, text);
    return ok(0, 0n, 'Statement prepared');
  };
}

function createExecute(parts: PrepareParts): Command<'execute'> {
  return async (_context, session, { name, using }): Promise<StatementResult> => {
    const text = session.preparedTexts.get(name.toLowerCase());
    if (text === undefined) {
      throw databaseError('unknownPreparedStatement', { id: name, command: 'EXECUTE' });
    }
    const { parameterCount } = await parts.engine().prepare(session, text);
    if (parameterCount !== using.length)
      throw databaseError('wrongArguments', { command: 'EXECUTE' });
    const parameters = using.map((each) => session.userVariables.get(each) ?? nullValue);
    const results = parts.engine().execute(session, text, parameters)[Symbol.asyncIterator]();
    const first = await results.next();
    if (first.done === true) return ok();
    if (first.value.kind === 'rows') {
      return { ...first.value, rows: rowsToTheEnd(first.value, results) };
    }
    await results.next();
    return first.value;
  };
}

/** The rows, and then what the engine does after a statement's last row. */
async function* rowsToTheEnd(
  result: RowsResult,
  results: AsyncIterator<StatementResult>,
): AsyncGenerator<readonly Row[]> {
  try {
    yield* result.rows;
    await results.next();
  } finally {
    await results.return?.();
  }
}

const deallocate: Command<'deallocate'> = async (_context, session, { name }) => {
  if (!session.preparedTexts.delete(name.toLowerCase())) {
    throw databaseError('unknownPreparedStatement', { id: name, command: 'DEALLOCATE PREPARE' });
  }
  return ok();
};

export function createPrepareCommands(parts: PrepareParts): CommandTable {
  return { prepare: createPrepare(parts), execute: createExecute(parts), deallocate };
}
