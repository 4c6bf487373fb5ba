// Any error, as what a client may be told.

import { databaseError, DatabaseError } from './error.ts';
import { SqliteError, type SqliteLimit } from './sqlite-error.ts';

/** SQLite's own bounds of what it was built with. */
const TABLES_MAX = 64;
const DEPTH_MAX = 1000;

/** The error of a statement that has more of something than SQLite takes. */
export function limitError(limit: SqliteLimit, cause: unknown): DatabaseError {
  switch (limit) {
    case 'tables':
      return databaseError('tooManyTables', { most: TABLES_MAX }, cause);
    case 'depth':
      return databaseError('tooDeep', { depth: DEPTH_MAX }, cause);
    case 'columns':
      return databaseError('tooManyColumns', {}, cause);
    case 'arguments':
      return databaseError('unsupported', { what: 'a function of so many arguments' }, cause);
    case 'terms':
      return databaseError('unsupported', { what: 'a UNION of so many SELECTs' }, cause);
    case 'values':
      return databaseError('unsupported', { what: 'so many values in one statement' }, cause);
  }
}

/** A DatabaseError as it is; a limit of SQLite's by its name; all else as `internal`. */
export function toDatabaseError(error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  if (error instanceof SqliteError && error.failure.kind === 'limit') {
    return limitError(error.failure.limit, error);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return databaseError('internal', { reason }, error);
}
