// What the segments of one log hold together. Oldest first, never empty.

import { must } from '#shared/assert.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { ClosedSegment } from './log-retention.ts';
import { indexedBytesAfter } from './read-segment.ts';
import type { Segment } from './segment.ts';

/** The segments, of which the newest ends at `tail`. */
export interface SegmentList {
  readonly segments: readonly Segment[];
  readonly tail: Position;
}

/** The first LSN that they still hold, or will hold next. */
export function firstLsn({ segments }: SegmentList): LSN {
  return must(segments[0]).previous.lsn + 1n;
}

/** The segment that holds the record behind `lsn`, or would. */
export function segmentAfter({ segments }: SegmentList, lsn: LSN): Segment {
  return must(segments.findLast(({ previous }) => previous.lsn <= lsn));
}

/** The last record of a segment. */
export function lastLsn({ segments, tail }: SegmentList, segment: Segment): LSN {
  const next = segments[segments.indexOf(segment) + 1];
  return next === undefined ? tail.lsn : next.previous.lsn;
}

/** The bytes of the records after `lsn`, exact to the size of an index step. */
export function bytesAfter(list: SegmentList, lsn: LSN): number {
  let bytes = 0;
  for (const segment of list.segments) {
    if (segment.previous.lsn >= lsn) bytes += segment.sizeBytes;
    else if (lastLsn(list, segment) > lsn) bytes += indexedBytesAfter(segment, lsn);
  }
  return bytes;
}

/** All but the newest. */
export function closedSegments({ segments }: SegmentList): ClosedSegment[] {
  return segments.slice(0, -1).map(({ path, sizeBytes }, index) => {
    const { previous: last, previousTimestamp } = must(segments[index + 1]);
    return { path, last, lastTimestamp: previousTimestamp, sizeBytes };
  });
}
