// Reads a segment from end to end and says where it is first not what it should be.

import { closeSync, openSync } from 'node:fs';
import { decodeFrame, FrameError, recordPosition, samePosition } from '#shared/log/log-frame.ts';
import type { LogRecord } from '#shared/log/log-record.ts';
import type { Position } from '#shared/log/lsn.ts';
import { FrameWalker } from './frame-walker.ts';
import { SegmentDamage, type SegmentFault } from './log-damage.ts';
import { readSegmentHeader, scanSegment, type Segment } from './segment.ts';

/** One record and the bytes it takes. */
export interface PlacedRecord {
  readonly record: LogRecord;
  readonly offset: number;
  readonly sizeBytes: number;
}

/**
 * The verified records of a segment: CRC, form, hash chain, LSN without a gap. Returns the fault
 * that ends them, or null at the end of the file.
 */
export function* verifiedRecords(
  segment: Segment,
): Generator<PlacedRecord, SegmentFault | null, undefined> {
  const { path } = segment;
  const descriptor = openSync(path, 'r');
  let position = segment.previous;
  const frames = new FrameWalker(descriptor, segment);
  let { offset } = frames;
  try {
    for (let frame = frames.next(); frame !== null; frame = frames.next()) {
      const record = decodeFrame(frame, position);
      yield { record, offset, sizeBytes: frame.length };
      position = recordPosition(record);
      ({ offset } = frames);
    }
    return null;
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { path, offset, lsn: position.lsn + 1n, reason: error.message };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Verifies a closed segment: the CRC of every frame, that there are as many as there should be,
 * and that they lead to `next`, where the segment after it begins. Answers the first fault, or
 * null. Not the hash chain within it: what rots is found without, in a tenth of the time.
 */
export function verifyClosedSegment(path: string, next: Position): SegmentFault | null {
  const segment = readSegmentHeader(path);
  if (segment === null) return { path, offset: 0, lsn: 0n, reason: 'it has no whole header' };
  const descriptor = openSync(path, 'r');
  try {
    const { tail, offset, torn } = scanSegment(descriptor, segment);
    if (torn === null && samePosition(tail, next)) return null;
    const apart = `the segment after it begins at record ${next.lsn + 1n} of another history`;
    return { path, offset, lsn: tail.lsn + 1n, reason: torn?.message ?? apart };
  } catch (error) {
    if (error instanceof SegmentDamage) return error.fault;
    throw error;
  } finally {
    closeSync(descriptor);
  }
}
