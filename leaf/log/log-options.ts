// What a log is made or opened with.

import type { Durability } from '#shared/cluster/topology.ts';
import type { Failpoint } from '#leaf/partition/failpoint.ts';
import type { SegmentFault } from './log-damage.ts';
import type { OpenRequirements } from './open-segments.ts';
import type { SyncJournal } from './sync-journal.ts';

export interface LogOptions {
  readonly durability: Durability;
  /** A segment longer than this is closed, and the next begun. */
  readonly segmentBytesMax: number;
  /** A segment that was whole once is met damaged; who reads it gets SegmentDamage. */
  readonly onDamage?: (fault: SegmentFault) => void;
  /** Where logs of one leaf are synced together. */
  readonly journal?: SyncJournal | null;
  /** For tests; nothing unless given. */
  readonly failpoint?: Failpoint;
}

/** What a log is opened with besides. */
export interface OpenOptions extends LogOptions {
  /** A primary writes one record at a time: only the last can be torn. */
  readonly strict?: boolean;
  /** What a power cut may have taken: see openSegments. */
  readonly lost?: OpenRequirements['lost'];
  /** The SQLite file may be ahead: a power cut took what was durable elsewhere. */
  readonly mayEndEarly?: boolean;
}
