// An error as a packet, and what an unexpected one becomes.

import { AssertionError } from '#shared/assert.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import { SqliteError } from '#shared/sqlite-error.ts';
import { limitError } from '#shared/to-database-error.ts';
import type { Logger } from '#shared/logger.ts';
import type { PacketWriter } from '#shared/mysql/packet-writer.ts';

/** MySQL cuts its messages at 512 bytes; drivers have buffers of that size. */
const MESSAGE_BYTES_MAX = 511;

/** How the client reads text; null: as UTF-8. */
export type Encode = ((text: string) => Uint8Array) | null;

/** ERR_Packet. */
export function writeError(
  writer: PacketWriter,
  error: DatabaseError,
  encode: Encode = null,
): void {
  writer.start();
  writer.uint8(0xff);
  writer.uint16(error.errno);
  writer.text(`#${error.sqlState}`);
  const message = cut(error.message);
  if (encode === null) writer.text(message);
  else writer.bytesOf(encode(message));
  writer.finish();
}

/** ERR_Packet instead of a greeting: it has no SQLSTATE. */
export function writeEarlyError(writer: PacketWriter, error: DatabaseError): void {
  writer.start();
  writer.uint8(0xff);
  writer.uint16(error.errno);
  writer.text(cut(error.message));
  writer.finish();
}

/** At most MESSAGE_BYTES_MAX bytes, without half a character at the end. */
function cut(message: string): string {
  if (Buffer.byteLength(message, 'utf8') <= MESSAGE_BYTES_MAX) return message;
  const bytes = Buffer.from(message, 'utf8').subarray(0, MESSAGE_BYTES_MAX);
  return bytes.toString('utf8').replace(/\uFFFD$/, '');
}

/**
 * What the client is told of `cause`. A failed assertion is rethrown: it ends the process. Any
 * other unknown error is logged, and told as `internal` without its text.
 */
export function clientError(cause: unknown, logger: Logger): DatabaseError {
  if (cause instanceof DatabaseError) return cause;
  if (cause instanceof AssertionError) throw cause;
  if (cause instanceof SqliteError && cause.failure.kind === 'limit') {
    return limitError(cause.failure.limit, cause);
  }
  const reason = cause instanceof Error ? cause.name : 'unknown';
  logger.error('a command failed in a way that nobody foresaw', {}, cause);
  return databaseError('internal', { reason }, cause);
}
