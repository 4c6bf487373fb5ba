// What the file system refuses, as the client of a BACKUP is told.

import { databaseError, DatabaseError } from '#shared/error.ts';

/** diskFull, or invalidBackupPath with the system's reason; a DatabaseError stays as it is. */
export function toBackupError(path: string, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return databaseError('diskFull', { path }, error);
  const reason = error instanceof Error ? error.message : String(error);
  return databaseError('invalidBackupPath', { path, reason }, error);
}

/** `ENOENT` and its like; '' for what is no error of the system. */
export function systemCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return String(error.code);
}
