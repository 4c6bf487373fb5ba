// The short way of an answer: rows that came as packets, between a head that is kept and an end; or
// the OK of a change of rows.

import type { OkResult, ResultColumn, RowsResult } from '#aggregator/statement-result.ts';
import type { QueryEngine } from '#aggregator/query-engine.ts';
import type { PacketsResult, QuickResult } from '#aggregator/kept-plans/quick-read.ts';
import { assert } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import { PacketWriter } from '#shared/mysql/packet-writer.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { PacketFormat } from '#shared/wire/packet-batch.ts';
import type { PacketStream } from './packet-stream.ts';
import {
  encodingOf,
  lastingFlagsOf,
  resultEnd,
  writeHead,
  writeOk,
  writeRowsEnd,
  type AnswerContext,
  type RowProtocol,
} from './result-writer.ts';

/** Rows beyond this many bytes leave before the result is complete. */
const FLUSH_BYTES = 64 * 1024;
const none: RowsResult['rows'] = { [Symbol.asyncIterator]: () => ({ next: endOfRows }) };

async function endOfRows(): Promise<IteratorResult<never, undefined>> {
  return { done: true, value: undefined };
}

/** A statement of one client. */
export interface QuickOptions {
  readonly engine: QueryEngine;
  readonly stream: PacketStream;
  readonly context: AnswerContext;
  readonly text: string;
  readonly parameters?: readonly SourceValue[];
  readonly protocol: RowProtocol;
  /** Present: the rows are to be kept, which is no quick answer. */
  readonly cursor?: object;
}

/** How one client is answered, as long as its session's variables stay as they are. */
interface ClientProfile {
  readonly session: AnswerContext['session'];
  readonly version: number;
  readonly charsetId: number;
  readonly formats: Readonly<Record<RowProtocol, PacketFormat>> | null;
  /** What the status flags are outside of a transaction. */
  readonly statusFlags: number;
}

/** The packets before the rows, numbered from 0, and what they hold for. */
interface Head {
  readonly profile: ClientProfile;
  readonly inTransaction: boolean;
  readonly head: Buffer;
}

/** The quick answers of one connection. */
export class QuickAnswers {
  #profile: ClientProfile | null = null;
  /** By the columns that a kept plan has. */
  readonly #heads = new WeakMap<readonly ResultColumn[], Head>();

  /**
   * Writes the whole answer, at once or later; by `goLong` where this way is not to be gone: till
   * then nothing has happened. Throws, or rejects with, what the statement fails with.
   */
  answer(options: QuickOptions, goLong: () => Promise<void>): void | Promise<void> {
    const { engine, context, text, parameters = [] } = options;
    if (options.cursor !== undefined || engine.executePackets === undefined) return goLong();
    const profile = this.#profileOf(context);
    if (profile.formats === null) return goLong();
    const { session } = context;
    session.beginStatement();
    const format = profile.formats[options.protocol];
    const result = engine.executePackets(session, text, { parameters, format });
    if (result === null) return goLong();
    if (result instanceof Promise) return this.#later(options, result, goLong);
    return this.#answer(options, result);
  }

  #answer(options: QuickOptions, result: QuickResult): void | Promise<void> {
    if (result.kind === 'ok') return this.#ok(options, result);
    assert(result.kind === 'packets', 'rows that are no packets go the long way');
    const isWhole = this.#begin(options, result);
    return isWhole ? this.#end(options, result.answer.first.count) : this.#rest(options, result);
  }

  async #later(
    options: QuickOptions,
    pending: Promise<QuickResult | null>,
    goLong: () => Promise<void>,
  ): Promise<void> {
    const result = await pending;
    const answered = result === null ? goLong() : this.#answer(options, result);
    if (answered !== undefined) await answered;
  }

  /** A change of rows leaves the session's database as it was. */
  #ok({ stream, context }: QuickOptions, result: OkResult): void {
    const { session, capabilities } = context;
    const { statusFlags } = this.#profileOf(context);
    const end = resultEnd(session, session.database, statusFlags);
    writeOk(stream.writer, result, end, { capabilities });
  }

  /** Writes head and first rows. True where there are no others. */
  #begin({ stream, context }: QuickOptions, { columns, answer }: PacketsResult): boolean {
    const { writer } = stream;
    writer.append(this.#headOf(context, columns));
    writer.append(answer.first.packets);
    return answer.rest === null;
  }

  #end({ stream, context }: QuickOptions, count: number): void {
    const { session, capabilities } = context;
    session.foundRows = count;
    const { statusFlags } = this.#profileOf(context);
    const end = resultEnd(session, session.database, statusFlags);
    writeRowsEnd(stream.writer, end, capabilities);
  }

  async #rest(options: QuickOptions, { answer }: PacketsResult): Promise<void> {
    const { stream, context } = options;
    const { signal } = context.session;
    let { count } = answer.first;
    for await (const batch of answer.rest ?? []) {
      if (signal.aborted) throw databaseError('queryInterrupted', {});
      stream.writer.append(batch.packets);
      count += batch.count;
      if (stream.writer.length >= FLUSH_BYTES) await stream.flush();
      if (stream.closed) return;
    }
    // A stream that was told to stop ends like one that is complete.
    if (signal.aborted) throw databaseError('queryInterrupted', {});
    return this.#end(options, count);
  }

  #headOf(context: AnswerContext, columns: readonly ResultColumn[]): Buffer {
    const profile = this.#profileOf(context);
    const known = this.#heads.get(columns);
    // An EOF behind the columns tells whether a transaction is open.
    const inTransaction = context.session.transaction !== null;
    if (known?.profile === profile && known.inTransaction === inTransaction) return known.head;
    const writer = new PacketWriter();
    writeHead(writer, context, { kind: 'rows', columns, rows: none });
    const head = Buffer.from(writer.bytes());
    this.#heads.set(columns, { profile, inTransaction, head });
    return head;
  }

  #profileOf(context: AnswerContext): ClientProfile {
    const { session, loginCharsetId } = context;
    const { variables } = session;
    const known = this.#profile;
    const isSame = known?.session === session && known.version === variables.version;
    if (known !== null && isSame && known.charsetId === loginCharsetId) return known;
    const { encode } = encodingOf(context);
    const limited = variables.get('session', 'max_execution_time') !== 0n;
    const timeZone = String(variables.get('session', 'time_zone') ?? 'SYSTEM');
    const formats =
      encode === null && !limited
        ? ({
            text: { protocol: 'text', timeZone },
            binary: { protocol: 'binary', timeZone },
          } as const)
        : null;
    const { version } = variables;
    const statusFlags = lastingFlagsOf(session);
    return (this.#profile = { session, version, charsetId: loginCharsetId, formats, statusFlags });
  }
}
