// Where a test may end the process: between the steps of a promotion, a failback and a move.

import { killAtPlace } from '#shared/kill-at.ts';

/** Each stands right after what it names. */
export const replicationFailpointNames = [
  // STOP REPLICATING.
  'stop-written-down',
  'stop-paused',
  'stop-rescued',
  'stop-cut',
  'stop-promoted',
  'stop-settled',
  'stop-unified',
  'stop-in-catalog',
  // REPLICATE DATABASE … WITH FORCE DIFFERENTIAL.
  'return-written-down',
  'return-in-catalog',
  'return-held-still',
  'return-rescued',
  'return-gone-back',
  'return-done',
  // MOVE PARTITION.
  'move-copying',
  'move-switching',
  'move-demoted',
  'move-promoted',
  'move-dropped',
] as const;

export type ReplicationFailpointName = (typeof replicationFailpointNames)[number];

/** Called at each named place; it returns, or the process is no more. */
export type ReplicationFailpoint = (name: ReplicationFailpointName) => void;

/** Ends the process when it comes to `place`; null: never. */
export function replicationFailpointAt(place: string | null): ReplicationFailpoint {
  return place === null ? () => undefined : killAtPlace(place);
}
