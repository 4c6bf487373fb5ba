// What backups and restores ask of leaves.

import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { RecordPart } from './link-message.ts';
import type { Position } from '#shared/log/lsn.ts';

/** How an empty secondary gets the content of a backup: begin, chunks, install, then records. */
export type RestoreStep =
  /** A snapshot comes; what had come of another is forgotten. */
  | { readonly kind: 'begin'; readonly position: Position; readonly bytesTotal: number }
  /** Its bytes from `offset`, compressed with zstd, in their order. */
  | { readonly kind: 'chunk'; readonly offset: number; readonly compressed: Uint8Array }
  /** All of it is there: it becomes the partition's content. */
  | { readonly kind: 'install' }
  /** Log records that follow, framed. */
  | { readonly kind: 'records'; readonly frames: Uint8Array }
  /** The next part of a long one. */
  | ({ readonly kind: 'record part' } & RecordPart);

/** Part of LeafCalls (message.ts). */
export interface BackupCalls {
  /** Moves everything into the SQLite file, and drops what no follower needs of the log. */
  compact: { request: { key: PartitionKey }; reply: { position: Position } };
  /** One step of a restore, into a secondary that nobody reads yet. */
  restore: { request: { key: PartitionKey; step: RestoreStep }; reply: Record<never, never> };
  /** This follower comes no more: nothing is kept for it. Idempotent. */
  forgetFollower: {
    request: { key: PartitionKey; followerId: string };
    reply: Record<never, never>;
  };
}
