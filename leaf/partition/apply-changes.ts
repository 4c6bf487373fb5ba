// Applies a changeset of the log to the rows, all of it or nothing, and names what it cannot apply.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Clock } from '#shared/clock.ts';
import { describeChange, readChangeset } from '#shared/log/changeset.ts';
import { splitChangeset } from '#shared/log/split-changeset.ts';
import { databaseError } from '#shared/error.ts';
import type { ConflictKind, SqliteFile } from '#shared/sqlite-file.ts';
import { FileDamage } from './damage.ts';

/** A longer changeset is applied in turns, each of about so many bytes. */
export const TURN_BYTES = 128 * 1024;

/** A turn that took longer is followed by shorter ones, in milliseconds and down to these bytes. */
const TURN_MS_MAX = 10;
const TURN_BYTES_MIN = 4 * 1024;

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
  throw databaseError('partitionUnrecoverable', { partition, reason }, new FileDamage(reason));
}

/**
 * The changes of several records by one call, which looks at each table once: all of them, or
 * (false) none. Each of them may apply all the same: two rows of one record exchange a unique
 * value, and the next record changes one of them again. They are laid out in `room`, which must
 * be as long as all of them.
 */
export function applyTogether(
  connection: SqliteFile,
  changesets: readonly Uint8Array[],
  room: Uint8Array,
): boolean {
  let end = 0;
  for (const changeset of changesets) {
    room.set(changeset, end);
    end += changeset.length;
  }
  return connection.applyChangeset(room.subarray(0, end), { onConflict: () => 'abort' });
}

/** All of the parts, one after another, or (false) none. */
export function applyParts(connection: SqliteFile, parts: Iterable<Uint8Array>): boolean {
  connection.run('SAVEPOINT parts');
  let isApplied = true;
  for (const part of parts) {
    isApplied = connection.applyChangeset(part, { onConflict: () => 'abort' });
    if (!isApplied) break;
  }
  if (!isApplied) connection.run('ROLLBACK TO parts');
  connection.run('RELEASE parts');
  return isApplied;
}

/** Where changes are applied in turns. */
export interface ApplyTarget {
  readonly connection: SqliteFile;
  readonly partition: string;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/**
 * The same, with a turn for others between parts of a long changeset. Two rows that exchange a
 * unique value may be in different parts: what does not apply so is applied as a whole.
 */
export async function applyInTurns(target: ApplyTarget, changeset: Uint8Array): Promise<void> {
  const parts = (bytesMax: () => number) => splitChangeset(changeset, bytesMax);
  if (await applyPartsInTurns(target, parts)) return;
  applyChanges(target.connection, changeset, target.partition);
}

/** As `applyParts`, with turns for others. `parts` is given how long the next part may be. */
export async function applyPartsInTurns(
  { connection, clock }: ApplyTarget,
  parts: (bytesMax: () => number) => Iterable<Uint8Array>,
): Promise<boolean> {
  connection.run('SAVEPOINT parts');
  let bytesMax = TURN_BYTES;
  for (const part of parts(() => bytesMax)) {
    const startedMs = clock.monotonicMs();
    if (!connection.applyChangeset(part, { onConflict: () => 'abort' })) {
      connection.run('ROLLBACK TO parts');
      connection.run('RELEASE parts');
      return false;
    }
    bytesMax = nextTurnBytes(bytesMax, clock.monotonicMs() - startedMs);
    await yieldToOthers();
    if (connection.inTransaction) continue;
    const reason = 'the file was stopped while a long record was applied';
    throw databaseError('internal', { reason });
  }
  connection.run('RELEASE parts');
  return true;
}

/** Rows at random places of a large file take far longer than others of as many bytes. */
function nextTurnBytes(bytes: number, tookMs: number): number {
  if (tookMs > TURN_MS_MAX) return Math.max(TURN_BYTES_MIN, bytes / 2);
  return tookMs < TURN_MS_MAX / 4 ? Math.min(TURN_BYTES, bytes * 2) : bytes;
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
