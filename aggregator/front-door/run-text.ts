// One text of SQL to its answers: a result a statement, each of which says whether more follow.

import type { QueryEngine } from '#aggregator/query-engine.ts';
import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';
import type { RowsResult, StatementResult } from '#aggregator/statement-result.ts';
import { status } from './capabilities.ts';
import { clientError, writeError } from './error-packet.ts';
import type { PacketStream } from './packet-stream.ts';
import {
  resultEnd,
  sendRows,
  writeOk,
  writeRowsEnd,
  type AnswerContext,
  type ResultEnd,
  type RowProtocol,
} from './result-writer.ts';
import { startTimeLimit, type TimeLimit } from './time-limit.ts';

export interface RunTextOptions {
  readonly engine: QueryEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stream: PacketStream;
  readonly context: AnswerContext;
  readonly text: string;
  readonly parameters?: readonly SourceValue[];
  readonly protocol: RowProtocol;
}

/** The next result, that there is none, or why there is none. */
type Step =
  | { readonly kind: 'result'; readonly result: StatementResult }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly cause: unknown };

async function step(results: AsyncIterator<StatementResult>): Promise<Step> {
  try {
    const next = await results.next();
    return next.done === true ? { kind: 'end' } : { kind: 'result', result: next.value };
  } catch (cause) {
    return { kind: 'failure', cause };
  }
}

/**
 * Runs the text and writes all its answers, without the last flush. A result's end says whether
 * another follows, so it is written when the next statement has begun. An error ends the answers;
 * what was answered before it stands. Throws what the first statement throws before it answers.
 */
export async function runText(options: RunTextOptions): Promise<void> {
  const { session } = options.context;
  session.beginStatement();
  const limit = startTimeLimit(options.clock, session, options.text);
  try {
    await answerText(options, limit);
  } finally {
    limit.cancel();
  }
}

async function answerText(options: RunTextOptions, limit: TimeLimit): Promise<void> {
  const { engine, stream, context, text, parameters } = options;
  const { session } = context;
  let databaseBefore = session.database;
  const results = engine.execute(session, text, parameters)[Symbol.asyncIterator]();
  let current = await step(results);
  if (current.kind === 'end') throw databaseError('emptyQuery', {});
  while (current.kind === 'result') {
    const { result } = current;
    const isSent = result.kind === 'ok' || (await tryRows(options, result, limit));
    if (!isSent || stream.closed) {
      await results.return?.();
      return;
    }
    const end = resultEnd(session, databaseBefore);
    databaseBefore = session.database;
    current = await step(results);
    const more = current.kind === 'end' ? 0 : status.moreResults;
    writeEnd(options, result, { ...end, statusFlags: end.statusFlags | more });
  }
  if (current.kind === 'failure') {
    writeError(stream.writer, clientError(limit.explain(current.cause), options.logger));
  }
}

/** False when the rows broke off; the error is written then. */
async function tryRows(
  options: RunTextOptions,
  result: RowsResult,
  limit: TimeLimit,
): Promise<boolean> {
  const { stream, context, protocol } = options;
  const mark = stream.writer.mark();
  try {
    await sendRows(stream, context, result, protocol);
    return true;
  } catch (cause) {
    stream.writer.backTo(mark);
    writeError(stream.writer, clientError(limit.explain(cause), options.logger));
    return false;
  }
}

function writeEnd(options: RunTextOptions, result: StatementResult, end: ResultEnd): void {
  const { writer } = options.stream;
  const { capabilities } = options.context;
  if (result.kind === 'ok') writeOk(writer, result, end, { capabilities });
  else writeRowsEnd(writer, end, capabilities);
}
