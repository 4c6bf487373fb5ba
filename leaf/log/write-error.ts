// Why a file could not be written, as the client's error.

import { databaseError, DatabaseError } from '#shared/error.ts';
import { SqliteError } from '#shared/sqlite-error.ts';

/** True when there is no room on the disk, whoever says so. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof SqliteError) return error.failure.kind === 'full';
  if (error instanceof DatabaseError) return error.is('diskFull');
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOSPC' || error.code === 'EDQUOT';
}

/** diskFull when there is no room, else internal with the system's own words. */
export function writeError(path: string, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  if (isDiskFull(error)) return databaseError('diskFull', { path }, error);
  const reason = error instanceof Error ? error.message : String(error);
  return databaseError('internal', { reason: `${path} cannot be written: ${reason}` }, error);
}
