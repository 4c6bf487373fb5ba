// What ends a subscription: what may pass by itself, and what going on would make worse.

import { databaseError, DatabaseError } from '#shared/error.ts';
import { FrameError } from '#shared/log/log-frame.ts';
import type { SubscribeItem } from '#shared/wire/message.ts';

/** True when it will not pass by itself, and going on would make us differ from the primary. */
export function isDamage(error: unknown): boolean {
  if (error instanceof FrameError) return true;
  return error instanceof DatabaseError && error.is('partitionUnrecoverable');
}

/** Our history and the primary's part. */
export function divergence(
  partition: string,
  { position, reason }: SubscribeItem & { kind: 'diverged' },
): DatabaseError {
  const { term, lsn } = position;
  return databaseError('linkDiverged', { partition, term, lsn, reason });
}
