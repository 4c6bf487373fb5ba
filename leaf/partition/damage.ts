// What is damage of a partition's files, and what is trouble that may pass: a full disk, say.
//
// Damage that was met while the partition was at work is written down in a file, `damaged`, so
// that no later start serves what one has seen to be wrong.

import { existsSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectoryNow, syncFileNow } from '#leaf/log/sync-files.ts';
import { isDiskFull, writeError } from '#leaf/log/write-error.ts';
import { LogDamage } from '#leaf/log/log-damage.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import { FrameError } from '#shared/log/log-frame.ts';
import { SqliteError } from '#shared/sqlite-error.ts';

/** The files do not hold what they had promised. Carries the reason as its message. */
export class FileDamage extends Error {
  override readonly name = 'FileDamage';
}

/** So much must be free before a partition that stopped on a full disk goes on, in bytes. */
const ROOM_BYTES_MIN = 1024 * 1024;

/** SQLite's result codes for what the system or another connection has refused it. */
const TROUBLE_CODES = new Set([3, 5, 6, 7, 8, 10, 13, 14, 15, 23]);

/** True for what may be otherwise at the next attempt: nothing is known to be damaged. */
export function isTrouble(error: unknown): boolean {
  if (isDiskFull(error)) return true;
  if (error instanceof DatabaseError) return error.retry || isTrouble(error.cause);
  if (error instanceof SqliteError) return TROUBLE_CODES.has(error.code & 0xff);
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) && code !== 'ENOENT';
}

/** True for what is known to be damaged: opening it again would show the same. */
export function isDamage(error: unknown): boolean {
  if (error instanceof SqliteError) return error.failure.kind === 'corrupt';
  if (error instanceof DatabaseError) return error.is('partitionUnrecoverable');
  return [FileDamage, LogDamage, FrameError].some((kind) => error instanceof kind);
}

/** What is damaged, without the way back, which is not the same for a copy. */
export function damageReason(error: unknown): string {
  const { cause = null } = error instanceof DatabaseError ? error : {};
  if (cause instanceof FileDamage) return cause.message;
  return error instanceof Error ? error.message : String(error);
}

/** Any error met while opening, as the client's: named, with the way back where there is one. */
export function toOpenError(partition: string, path: string, error: unknown): DatabaseError {
  if (isDiskFull(error)) return writeError(path, error);
  if (error instanceof DatabaseError) return error;
  // SQLite calls it an I/O error when there is no room for its own small files.
  if (isTrouble(error) && !hasRoom(path)) return databaseError('diskFull', { path }, error);
  const reason = error instanceof Error ? error.message : String(error);
  if (isTrouble(error)) {
    const state = `it cannot be opened: ${reason}`;
    return databaseError('partitionNotOnline', { partition, state }, error);
  }
  return databaseError('partitionUnrecoverable', { partition, reason }, error);
}

/** True when there is room again for going on, on the disk of this directory. */
export function hasRoom(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= ROOM_BYTES_MIN;
}

/** The file that says that others beside it are damaged. */
function markPath(directory: string): string {
  return join(directory, 'damaged');
}

/**
 * From here on this directory is not served, not by a later process either. At once, before anybody
 * can read more of it, even if the event loop waits for the disk.
 */
export function markDamaged(directory: string, reason: string): void {
  writeFileSync(markPath(directory), `${reason}\n`);
  syncFileNow(markPath(directory));
  syncDirectoryNow(directory);
}

/** Why it was marked; null when it was not. */
export function readDamageMark(directory: string): string | null {
  const path = markPath(directory);
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

export function removeDamageMark(directory: string): void {
  rmSync(markPath(directory), { force: true });
}
