// Results to packets: OK, column descriptions, rows, and what ends them.

import { timeZone, UTC } from '#shared/sql/time-zone.ts';
import type { Session } from '#aggregator/session.ts';
import type { OkResult, ResultColumn, RowsResult } from '#aggregator/statement-result.ts';
import { writeBinaryRow } from '#shared/mysql/binary-row.ts';
import { capability, has, status } from './capabilities.ts';
import { takeChanges, type TrackedChanges } from './session-track.ts';
import { writeColumnDefinition } from './column-definition.ts';
import type { RowSink } from './cursor.ts';
import type { PacketWriter } from '#shared/mysql/packet-writer.ts';
import { resultEncoding, type TextEncoding } from '#aggregator/text-encoding.ts';
import { writeTextRow, type RowFormat } from '#shared/mysql/text-row.ts';

/** Rows beyond this many bytes leave before the result is complete. */
const FLUSH_BYTES = 64 * 1024;

/** What every answer to one client depends on. */
export interface AnswerContext {
  readonly session: Session;
  readonly capabilities: number;
  /** The collation id that the client opened with. */
  readonly loginCharsetId: number;
}

/** The end of a result: the session's state after its statement, read at that moment. */
export interface ResultEnd {
  readonly statusFlags: number;
  readonly warnings: number;
  /** What of the session has changed by this statement. */
  readonly changes: TrackedChanges;
}

export type RowProtocol = 'text' | 'binary';

/** The session's state now, and what has changed; `databaseBefore` the statement. */
export function resultEnd(
  session: Session,
  databaseBefore: string | null,
  lastingFlags = lastingFlagsOf(session),
): ResultEnd {
  const changes = takeChanges(session, databaseBefore);
  const statusFlags = withTransaction(session, lastingFlags);
  return { statusFlags, warnings: session.warnings.length, changes };
}

/** The status flags of every answer (SERVER_STATUS_…). */
export function statusFlagsOf(session: Session): number {
  return withTransaction(session, lastingFlagsOf(session));
}

function withTransaction({ transaction }: Session, flags: number): number {
  return transaction === null ? flags : flags | status.inTransaction;
}

/** Those that the session's variables decide. */
export function lastingFlagsOf(session: Session): number {
  let flags = 0;
  if (session.autocommit) flags |= status.autocommit;
  const sqlMode = String(session.variables.get('session', 'sql_mode'));
  if (sqlMode.includes('NO_BACKSLASH_ESCAPES')) flags |= status.noBackslashEscapes;
  return flags;
}

/** OK_Packet; with `header` 0xfe it ends rows for a client that has no EOF. */
export function writeOk(
  writer: PacketWriter,
  result: Pick<OkResult, 'affectedRows' | 'lastInsertId' | 'info'>,
  end: ResultEnd,
  options: { readonly capabilities: number; readonly header?: 0x00 | 0xfe },
): void {
  const tracks = has(options.capabilities, capability.sessionTrack);
  const changed = tracks && end.changes.length > 0;
  writer.start();
  writer.uint8(options.header ?? 0x00);
  writer.lengthEncoded(result.affectedRows);
  writer.lengthEncodedBig(result.lastInsertId);
  writer.uint16(end.statusFlags | (changed ? status.sessionStateChanged : 0));
  writer.uint16(Math.min(end.warnings, 0xffff));
  // Servers put a length before it whether the client tracks or not, and mysqlnd insists on it.
  if (changed || result.info !== '') writer.lengthEncodedText(result.info);
  if (changed) writer.lengthEncodedBytes(end.changes);
  writer.finish();
}

/** EOF_Packet. */
function writeEof(writer: PacketWriter, statusFlags: number, warnings: number): void {
  writer.start();
  writer.uint8(0xfe);
  writer.uint16(Math.min(warnings, 0xffff));
  writer.uint16(statusFlags);
  writer.finish();
}

/** What ends a result's rows, in the way that the client asked for. */
export function writeRowsEnd(writer: PacketWriter, end: ResultEnd, capabilities: number): void {
  if (has(capabilities, capability.deprecateEof)) {
    const nothing = { affectedRows: 0, lastInsertId: 0n, info: '' };
    writeOk(writer, nothing, end, { capabilities, header: 0xfe });
  } else {
    writeEof(writer, end.statusFlags, end.warnings);
  }
}

/** Column descriptions, and the EOF behind them for clients that want one. */
export function writeColumns(
  writer: PacketWriter,
  columns: readonly ResultColumn[],
  options: {
    readonly encoding: TextEncoding;
    readonly capabilities: number;
    readonly statusFlags: number;
  },
): void {
  for (const column of columns) writeColumnDefinition(writer, column, options);
  const deprecated = has(options.capabilities, capability.deprecateEof);
  if (!deprecated) writeEof(writer, options.statusFlags, 0);
}

/** How this client reads text now. */
export function encodingOf(context: AnswerContext): TextEncoding {
  const name = context.session.variables.get('session', 'character_set_results');
  return resultEncoding(name === null ? null : String(name), context.loginCharsetId);
}

function rowFormat(context: AnswerContext, columns: readonly ResultColumn[]): RowFormat {
  const types = columns.map((column) => column.type);
  // A zone costs more to look up than a row to write, and only timestamps have one.
  const zoned = types.some((type) => type.kind === 'timestamp');
  const zone = zoned ? timeZone(String(context.session.variables.get(null, 'time_zone'))) : UTC;
  return { types, zone, encoding: encodingOf(context) };
}

/** How many columns, and their descriptions. */
export function writeHead(writer: PacketWriter, context: AnswerContext, result: RowsResult): void {
  const encoding = encodingOf(context);
  const statusFlags = statusFlagsOf(context.session);
  writer.start();
  writer.lengthEncoded(result.columns.length);
  writer.finish();
  const { capabilities } = context;
  writeColumns(writer, result.columns, { encoding, capabilities, statusFlags });
}

/**
 * The rows of one result, as they come; not the end. Waits for slow readers before it asks for the
 * next batch. Gives up, without an error, when the client is gone.
 */
export async function sendRows(
  sink: RowSink,
  context: AnswerContext,
  result: RowsResult,
  protocol: RowProtocol,
): Promise<void> {
  const { writer } = sink;
  const format = rowFormat(context, result.columns);
  const writeRow = protocol === 'text' ? writeTextRow : writeBinaryRow;
  for await (const batch of result.rows) {
    for (const row of batch) {
      writeRow(writer, row, format);
      if (writer.length >= FLUSH_BYTES) await sink.flush();
      if (sink.closed) return;
    }
  }
}
