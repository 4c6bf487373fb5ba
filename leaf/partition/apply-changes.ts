// Applies a changeset of the log to the rows, all of it or nothing, and names what it cannot apply.

import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Clock } from '#shared/clock.ts';
import { describeChange, readChangeset } from '#shared/log/changeset.ts';
import { splitChangeset } from '#shared/log/split-changeset.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { ConflictKind } from '#shared/sqlite-conflict.ts';
import type { SqliteFile } from '#shared/sqlite-file.ts';
import { FileDamage } from './damage.ts';
import { RowApplier } from './row-applier.ts';
import { movesMany, withoutExchange } from './unique-exchange.ts';

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
  if (changeset.length === 0 || applyPart(connection, changeset)) return;
  applyExchange(connection, changeset, partition);
}

/** The same for changes that have failed in parts, or would take SQLite long. */
export function applyExchange(
  connection: SqliteFile,
  changeset: Uint8Array,
  partition: string,
): void {
  const parts = withoutExchange(connection, changeset, () => TURN_BYTES);
  if (!applyAll(connection, parts)) throw conflictOf(connection, changeset, partition);
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
    if (movesMany(connection, changeset)) return false;
    room.set(changeset, end);
    end += changeset.length;
  }
  return applyAnyPart(connection, room.subarray(0, end));
}

/** All of the parts, one after another, or (false) none. */
export function applyParts(connection: SqliteFile, parts: Iterable<Uint8Array>): boolean {
  return applyAll(connection, parts, applyPart);
}

/** Applies a changeset, or (false) nothing of it. */
type ApplyPart = (connection: SqliteFile, part: Uint8Array) => boolean;

function applyPart(connection: SqliteFile, part: Uint8Array): boolean {
  if (!movesMany(connection, part)) return applyAnyPart(connection, part);
  // One after another as they stand, which ends at the first that would have to wait.
  return new RowApplier(connection).apply([part], 0);
}

function applyAnyPart(connection: SqliteFile, part: Uint8Array): boolean {
  return connection.applyChangeset(part, { onConflict: () => 'abort' });
}

function applyAll(
  connection: SqliteFile,
  parts: Iterable<Uint8Array>,
  apply: ApplyPart = applyAnyPart,
): boolean {
  connection.run('SAVEPOINT parts');
  let isApplied = true;
  for (const part of parts) {
    isApplied = apply(connection, part);
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

/** As `applyChanges`, with a turn for others between parts of a long changeset. */
export async function applyInTurns(target: ApplyTarget, changeset: Uint8Array): Promise<void> {
  const parts = (bytesMax: () => number) => splitChangeset(changeset, bytesMax);
  if (await applyPartsInTurns(target, parts)) return;
  await applyExchangeInTurns(target, changeset);
}

/** As `applyExchange`, with turns for others. */
export async function applyExchangeInTurns(
  target: ApplyTarget,
  changeset: Uint8Array,
): Promise<void> {
  const { connection, partition } = target;
  const parts = (bytesMax: () => number) => withoutExchange(connection, changeset, bytesMax);
  if (await applyAllInTurns(target, parts)) return;
  throw conflictOf(connection, changeset, partition);
}

/** As `applyParts`, with turns for others. `parts` is given how long the next part may be. */
export async function applyPartsInTurns(target: ApplyTarget, parts: PartsOf): Promise<boolean> {
  return applyAllInTurns(target, parts, applyPart);
}

type PartsOf = (bytesMax: () => number) => Iterable<Uint8Array>;

async function applyAllInTurns(
  { connection, clock }: ApplyTarget,
  parts: PartsOf,
  apply: ApplyPart = applyAnyPart,
): Promise<boolean> {
  connection.run('SAVEPOINT parts');
  let bytesMax = TURN_BYTES;
  let startedMs = clock.monotonicMs();
  for (const part of parts(() => bytesMax)) {
    if (!apply(connection, part)) {
      connection.run('ROLLBACK TO parts');
      connection.run('RELEASE parts');
      return false;
    }
    bytesMax = nextTurnBytes(bytesMax, clock.monotonicMs() - startedMs);
    await yieldToOthers();
    if (!connection.inTransaction) {
      const reason = 'the file was stopped while a long record was applied';
      throw databaseError('internal', { reason });
    }
    startedMs = clock.monotonicMs();
  }
  connection.run('RELEASE parts');
  return true;
}

/** Rows at random places of a large file take far longer than others of as many bytes. */
function nextTurnBytes(bytes: number, tookMs: number): number {
  if (tookMs > TURN_MS_MAX) return Math.max(TURN_BYTES_MIN, bytes / 2);
  return tookMs < TURN_MS_MAX / 4 ? Math.min(TURN_BYTES, bytes * 2) : bytes;
}

/** Names the first change that does not apply by itself, after those before it. */
function conflictOf(
  connection: SqliteFile,
  changeset: Uint8Array,
  partition: string,
): DatabaseError {
  let conflict: ConflictKind = 'constraint';
  const onConflict = (kind: ConflictKind): 'abort' => {
    conflict = kind;
    return 'abort';
  };
  let where = 'its changes only fail together';
  connection.run('SAVEPOINT conflict');
  for (const part of withoutExchange(connection, changeset, () => 1)) {
    if (connection.applyChangeset(part, { onConflict })) continue;
    for (const change of readChangeset(part)) where = describeChange(change);
    break;
  }
  connection.run('ROLLBACK TO conflict');
  connection.run('RELEASE conflict');
  const reason = `a logged change cannot be applied (${conflict}): ${where}`;
  return databaseError('partitionUnrecoverable', { partition, reason }, new FileDamage(reason));
}
