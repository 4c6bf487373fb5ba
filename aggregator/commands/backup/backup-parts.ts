// What backups need of their aggregator, given once by aggregator-parts.ts.

import type { ReplicationParts } from '#aggregator/replication/replication-parts.ts';
import { databaseError } from '#shared/error.ts';

export interface BackupParts extends ReplicationParts {
  /** The directory within which backups lie. */
  readonly backupDir: string;
  /** Fires when the aggregator stops. */
  readonly stop: AbortController;
}

/** Partitions that are copied at a time, either way. */
const partitionsAtATime = 4;

/** Does the work on every item, so many at a time; the first failure ends it and is thrown. */
export async function forEachOf<T>(
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<void>,
  outer: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const signal = AbortSignal.any([outer, failed.signal]);
  const left = items.values();
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (signal.aborted) return;
      try {
        await work(item, signal);
      } catch (error) {
        errors.push(error);
        failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: partitionsAtATime }, worker));
  outer.throwIfAborted();
  if (errors.length > 0) throw errors[0];
}

/** Runs work that KILL, the statement's time limit or the aggregator's stop ends. */
export async function runLimited<T>(
  parts: BackupParts,
  limit: { readonly killed: AbortSignal; readonly timeoutMs: number | null },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const { timeoutMs, killed } = limit;
  const timer = timeoutMs === null ? null : parts.clock.after(timeoutMs, () => late.abort());
  try {
    return await work(AbortSignal.any([killed, late.signal, parts.stop.signal]));
  } catch (error) {
    if (killed.aborted) throw databaseError('queryInterrupted', {}, error);
    if (late.signal.aborted) throw databaseError('queryTimeout', {}, error);
    if (parts.stop.signal.aborted) throw databaseError('serverShutdown', {}, error);
    throw error;
  } finally {
    timer?.cancel();
  }
}
