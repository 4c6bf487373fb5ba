// A copy of the partition as of one position, taken without holding up its writers.

import type { Position } from '#shared/log/lsn.ts';

/** A copy of data.sqlite in the partition's directory, whole and closed. */
export interface Snapshot {
  /** Unique on this leaf. */
  readonly id: string;
  readonly path: string;
  /** What the copy holds: records up to and with this one. */
  readonly position: Position;
  readonly sizeBytes: number;
}
