// One text of SQL to its answers: a result a statement, each of which says whether more follow.

import type { QueryEngine } from '#aggregator/query-engine.ts';
import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { SourceValue } from '#shared/sql/store-value.ts';
import type { RowsResult, StatementResult } from '#aggregator/statement-result.ts';
import { capability, has, status } from './capabilities.ts';
import type { Cursor } from './cursor.ts';
import { clientError, writeError } from './error-packet.ts';
import { requestFile } from './local-file.ts';
import type { QuickAnswers } from './quick-answer.ts';
import type { PacketStream } from './packet-stream.ts';
import {
  encodingOf,
  resultEnd,
  sendRows,
  writeHead,
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
  /** Where the rows wait, when the client means to fetch them; absent: they are sent. */
  readonly cursor?: Cursor;
}

/** What the last answer was: an OK, rows, or an error or nobody to take it. */
export type AnswerKind = 'ok' | 'rows' | 'broken';

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

/** Answers the text by the short way where that can be, else by `runText`. */
export function answerText(options: RunTextOptions, quick: QuickAnswers): void | Promise<void> {
  return quick.answer(options, () => runLong(options));
}

async function runLong(options: RunTextOptions): Promise<void> {
  await runText(options);
}

/**
 * Runs the text and writes all its answers, without the last flush. A result's end says whether
 * another follows, so it is written when the next statement has begun. An error ends the answers;
 * what was answered before it stands. Throws what the first statement throws before it answers.
 */
export async function runText(options: RunTextOptions): Promise<AnswerKind> {
  const { session } = options.context;
  session.beginStatement();
  const limit = startTimeLimit(options.clock, session, options.text);
  try {
    return await answerResults(options, limit);
  } finally {
    limit.cancel();
    session.localFile = null;
  }
}

async function answerResults(options: RunTextOptions, limit: TimeLimit): Promise<AnswerKind> {
  const { engine, stream, context, text, parameters } = options;
  const { session } = context;
  let databaseBefore = session.database;
  /** Writes the end of the result before, once it is known that another follows. */
  let unwritten: ((more: number) => void) | null = null;
  const endBefore = (more: number) => {
    unwritten?.(more);
    unwritten = null;
  };
  if (options.protocol === 'text' && has(context.capabilities, capability.localFiles)) {
    session.localFile = (name) => {
      endBefore(status.moreResults);
      return requestFile(stream, name);
    };
  }
  const results = engine.execute(session, text, parameters)[Symbol.asyncIterator]();
  let current = await step(results);
  let kind: AnswerKind = 'broken';
  if (current.kind === 'end') throw databaseError('emptyQuery', {});
  while (current.kind === 'result') {
    const { result } = current;
    const isSent = result.kind === 'ok' || (await tryRows(options, result, limit));
    if (!isSent || stream.closed) {
      await results.return?.();
      return 'broken';
    }
    kind = result.kind;
    const end = resultEnd(session, databaseBefore);
    databaseBefore = session.database;
    unwritten = (more) =>
      writeEnd(options, result, { ...end, statusFlags: end.statusFlags | more });
    current = await step(results);
    endBefore(current.kind === 'end' ? 0 : status.moreResults);
  }
  if (current.kind === 'failure') {
    const error = clientError(limit.explain(current.cause), options.logger);
    writeError(stream.writer, error, encodingOf(context).encode);
    return 'broken';
  }
  return kind;
}

/** False when the rows broke off; the error is written then. */
async function tryRows(
  options: RunTextOptions,
  result: RowsResult,
  limit: TimeLimit,
): Promise<boolean> {
  const { stream, context, protocol, cursor } = options;
  const mark = stream.writer.mark();
  try {
    if (cursor === undefined) {
      writeHead(stream.writer, context, result);
      await sendRows(stream, context, result, protocol);
    } else {
      // One EOF stands behind the columns of a cursor: the one that ends the answer.
      const { capabilities } = context;
      const withoutEof = { ...context, capabilities: capabilities | capability.deprecateEof };
      writeHead(stream.writer, withoutEof, result);
      await sendRows(cursor, context, result, protocol);
    }
    return true;
  } catch (cause) {
    stream.writer.backTo(mark);
    const error = clientError(limit.explain(cause), options.logger);
    writeError(stream.writer, error, encodingOf(context).encode);
    return false;
  }
}

function writeEnd(options: RunTextOptions, result: StatementResult, end: ResultEnd): void {
  const { writer } = options.stream;
  const { capabilities } = options.context;
  if (result.kind === 'ok') return writeOk(writer, result, end, { capabilities });
  const cursorFlag = options.cursor === undefined ? 0 : status.cursorExists;
  writeRowsEnd(writer, { ...end, statusFlags: end.statusFlags | cursorFlag }, capabilities);
}
