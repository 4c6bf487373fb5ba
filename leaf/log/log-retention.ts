// How far back the log must reach; says which segments may go and which followers are let go.

import type { LSN, Position } from '#shared/log/lsn.ts';
import { timestampToMs } from '#shared/log/hybrid-clock.ts';
import type { Follower } from './follower-registry.ts';

/** How far back a log reaches. */
export interface RetentionLimits {
  /** Kept even when no follower needs it, so that a copy can go back by the difference. */
  readonly keptBytesMin: number;
  /** A follower that would need more than this is let go. */
  readonly logSizeBytesMax: number;
  /** A follower that would need records older than this is let go. */
  readonly ageMsMax: number;
}

export const defaultRetention: RetentionLimits = {
  keptBytesMin: 64 * 1024 * 1024,
  logSizeBytesMax: 4 * 1024 * 1024 * 1024,
  ageMsMax: 72 * 60 * 60 * 1000,
};

/** A closed segment as retention sees it. */
export interface ClosedSegment {
  readonly path: string;
  /** Where it leads to, and the next one begins. */
  readonly last: Position;
  /** Hybrid timestamp of its last record. */
  readonly lastTimestamp: bigint;
  readonly sizeBytes: number;
}

export interface RetentionPlan {
  /** How many of the oldest segments go. */
  readonly dropped: number;
  readonly letGo: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * Decides over the closed segments, oldest first. A segment goes only when the SQLite file has
 * its records durably (`durableLsn`), and every follower has confirmed them or is let go because
 * keeping them would break a limit. Pure.
 */
export function planRetention(options: {
  readonly segments: readonly ClosedSegment[];
  readonly logSizeBytes: number;
  readonly durableLsn: LSN;
  readonly followers: readonly Follower[];
  readonly limits: RetentionLimits;
  readonly nowMs: number;
}): RetentionPlan {
  const { segments, durableLsn, limits, nowMs } = options;
  const kept = new Map(options.followers.map((follower) => [follower.id, follower]));
  for (const follower of options.followers) if (follower.letGo !== '') kept.delete(follower.id);
  const letGo: { id: string; reason: string }[] = [];
  let sizeBytes = options.logSizeBytes;
  let dropped = 0;
  for (const segment of segments) {
    if (segment.last.lsn > durableLsn) break;
    if (sizeBytes - segment.sizeBytes < limits.keptBytesMin) break;
    const reason = limitBroken(segment, sizeBytes, { limits, nowMs });
    const needed = [...kept.values()].filter((follower) => follower.confirmed < segment.last.lsn);
    if (needed.length > 0 && reason === null) break;
    for (const { id } of needed) {
      letGo.push({ id, reason: reason ?? '' });
      kept.delete(id);
    }
    sizeBytes -= segment.sizeBytes;
    dropped += 1;
  }
  return { dropped, letGo };
}

function limitBroken(
  segment: ClosedSegment,
  sizeBytes: number,
  { limits, nowMs }: { readonly limits: RetentionLimits; readonly nowMs: number },
): string | null {
  if (sizeBytes > limits.logSizeBytesMax) {
    return `it needs more than the ${limits.logSizeBytesMax} bytes that the log may hold`;
  }
  if (nowMs - timestampToMs(segment.lastTimestamp) > limits.ageMsMax) {
    return `it needs records older than ${limits.ageMsMax / 3_600_000} hours`;
  }
  return null;
}
