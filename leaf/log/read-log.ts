// A log as it lies on disk, for who only wants to look: nothing is locked, cut or repaired.
//
// The leaf may be writing it meanwhile: its oldest segment may go while we look, and its newest
// end in the middle of a record.

import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { recordPosition, samePosition } from '#shared/log/log-frame.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { describeFault, type SegmentFault } from './log-damage.ts';
import { segmentNames, segmentNumber, segmentPath } from './open-segments.ts';
import { readSegmentHeader, type Segment } from './segment.ts';
import { verifiedRecords, type PlacedRecord } from './verify-segment.ts';

/** A record with the file that it stands in. */
export interface FoundRecord extends PlacedRecord {
  readonly segment: string;
}

/** What ended a reading. */
export interface ReadingEnd {
  /** The record behind which it ended. */
  readonly tail: Position;
  readonly timestamp: bigint;
  /** Bytes of whole records. */
  readonly sizeBytes: number;
  /** The first fault; null when there is none. */
  readonly fault: SegmentFault | null;
  /** It stands at the end of the newest segment: what a process that was killed leaves behind. */
  readonly atTail: boolean;
}

/** The segments of a directory, or the one that is named, oldest first. Throws a sentence. */
export function listSegments(path: string): Segment[] {
  const single = statSync(path).isFile();
  const directory = single ? dirname(path) : path;
  const names = single ? [basename(path)] : segmentNames(directory);
  return names.flatMap((name, index) => {
    const segment = headerOf(join(directory, name));
    if (segment === 'gone') return [];
    if (segment !== null) return [segment];
    // The newest may be in the making.
    if (index === names.length - 1 && index > 0) return [];
    const fault = { path: join(directory, name), offset: 0, lsn: 0n };
    throw new UnreadableLog(describeFault({ ...fault, reason: 'it has no whole header' }));
  });
}

/** A log that cannot even be listed; the message is a sentence. */
export class UnreadableLog extends Error {
  override readonly name = 'UnreadableLog';
}

/** The path of the log: that of a partition's directory, of its `log` directory, or a segment. */
export function findLog(path: string): string {
  if (!statSync(path, { throwIfNoEntry: false })) throw new UnreadableLog(`there is no ${path}`);
  if (statSync(path).isFile()) return path;
  if (readdirSync(path).includes('log')) return join(path, 'log');
  if (segmentNames(path).length > 0) return path;
  throw new UnreadableLog(`there is no log in ${path}`);
}

/**
 * The records of these segments, verified one by one and from segment to segment. Returns how
 * it ended: at the tail, or at the first fault.
 */
export function* readSegments(
  segments: readonly Segment[],
  from: LSN = 0n,
): Generator<FoundRecord, ReadingEnd, undefined> {
  const [first] = segments;
  if (first === undefined) throw new UnreadableLog('the log has no segment');
  let tail = first.previous;
  let timestamp = first.previousTimestamp;
  let sizeBytes = 0;
  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    if (next !== undefined && next.previous.lsn < from) continue;
    if (segments[index - 1] === undefined || segment.previous.lsn < from) tail = segment.previous;
    const gap = whyApart(segments[index - 1], segment, tail);
    if (gap !== null) return { tail, timestamp, sizeBytes, fault: gap, atTail: false };
    const records = verifiedRecords(segment);
    let step = records.next();
    for (; step.done !== true; step = records.next()) {
      yield { ...step.value, segment: segment.path };
      tail = recordPosition(step.value.record);
      ({ timestamp } = step.value.record);
      sizeBytes += step.value.sizeBytes;
    }
    const { value: fault } = step;
    if (fault !== null) {
      return { tail, timestamp, sizeBytes, fault, atTail: next === undefined };
    }
  }
  return { tail, timestamp, sizeBytes, fault: null, atTail: false };
}

function whyApart(
  before: Segment | undefined,
  segment: Segment,
  tail: Position,
): SegmentFault | null {
  if (before === undefined) return null;
  const expected = segmentNumber(before.path) + 1;
  const lsn = tail.lsn + 1n;
  if (segmentNumber(segment.path) !== expected) {
    const path = segmentPath(dirname(before.path), expected);
    return { path, offset: 0, lsn, reason: 'it is missing' };
  }
  if (samePosition(segment.previous, tail)) return null;
  const reason = `it goes on after record ${segment.previous.lsn} of another history`;
  return { path: segment.path, offset: 0, lsn, reason };
}

function headerOf(path: string): Segment | 'gone' | null {
  try {
    return readSegmentHeader(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone';
    throw error;
  }
}
