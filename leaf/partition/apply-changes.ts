// Applies a changeset of the log to the rows, all of it or nothing, and names what it cannot apply.

import { describeChange, readChangeset } from '#shared/log/changeset.ts';
import { databaseError } from '#shared/error.ts';
import type { ConflictKind, SqliteFile } from '#shared/sqlite-file.ts';

/**
 * Applies the changes, within the transaction and without foreign keys: the primary has checked
 * them, and what they cascaded to is in the changeset. Throws partitionUnrecoverable, with the
 * table and its key, when a change meets rows that are not those of the primary.
 */
export function applyChanges(
  connection: SqliteFile,
  changeset: Uint8Array,
  partition: string,
): void {
  if (changeset.length === 0) return;
  let conflict: ConflictKind | null = null;
  const onConflict = (kind: ConflictKind): 'abort' => {
    conflict = kind;
    return 'abort';
  };
  if (connection.applyChangeset(changeset, { onConflict })) return;
  const where = findConflict(connection, changeset);
  const reason = `a logged change cannot be applied (${conflict ?? 'aborted'}): ${where}`;
  throw databaseError('partitionUnrecoverable', { partition, reason });
}

/** Which change it was: the first that does not apply by itself, after those before it. */
function findConflict(connection: SqliteFile, changeset: Uint8Array): string {
  connection.run('SAVEPOINT conflict');
  try {
    for (const change of readChangeset(changeset)) {
      const applied = connection.applyChangeset(change.bytes, { onConflict: () => 'abort' });
      if (!applied) return describeChange(change);
    }
    return 'its changes only fail together';
  } finally {
    connection.run('ROLLBACK TO conflict');
    connection.run('RELEASE conflict');
  }
}
