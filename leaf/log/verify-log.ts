// Verifies a whole log on disk: CRCs, hash chain, LSNs without a gap, file names and their order.

import { closeSync, openSync } from 'node:fs';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { findLaterFrame, type DamagedRecord } from './later-frame.ts';
import { describeFault } from './log-damage.ts';
import { listSegments, readSegments, UnreadableLog, type ReadingEnd } from './read-log.ts';
import type { Segment } from './segment.ts';
import { recordPosition } from '#shared/log/log-frame.ts';

export interface LogReport {
  readonly segments: number;
  readonly records: number;
  /** Of the records, headers not counted. */
  readonly sizeBytes: number;
  readonly firstLsn: LSN;
  readonly tail: Position;
  /** The log's own position at the LSN that was asked about; null when it does not hold it. */
  readonly at: Position | null;
  /** What is worth saying, and no fault. */
  readonly notes: readonly string[];
  /** A sentence that names segment, offset and record; '' when all is well. */
  readonly fault: string;
}

/**
 * Verifies the log in `directory`. `strict`: it is a primary's, so whole records behind a damaged
 * one are a fault, not a torn end.
 */
export function verifyLog(
  directory: string,
  { lookFor, strict }: { readonly lookFor: LSN; readonly strict: boolean },
): LogReport {
  const segments = listSegments(directory);
  const [first] = segments;
  if (first === undefined) throw new UnreadableLog('the log has no segment');
  let records = 0;
  let at = first.previous.lsn === lookFor ? first.previous : null;
  const reading = readSegments(segments);
  let mayBeVerdict = true;
  let step = reading.next();
  for (; step.done !== true; step = reading.next()) {
    records += 1;
    const { record } = step.value;
    mayBeVerdict = record.payload.kind === 'prepare';
    if (record.lsn === lookFor) at = recordPosition(record);
  }
  const { value: end } = step;
  const { tail, sizeBytes } = end;
  const firstLsn = first.previous.lsn + 1n;
  const verdict = judge(end, segments, { strict, mayBeVerdict });
  return { segments: segments.length, records, sizeBytes, firstLsn, tail, at, ...verdict };
}

function judge(
  { fault, atTail, tail }: ReadingEnd,
  segments: readonly Segment[],
  { strict, mayBeVerdict }: { readonly strict: boolean; readonly mayBeVerdict: boolean },
): Pick<LogReport, 'notes' | 'fault'> {
  if (fault === null) return { notes: [], fault: '' };
  const newest = segments.at(-1);
  if (!atTail || newest === undefined) return { notes: [], fault: describeFault(fault) };
  const { path, sizeBytes } = newest;
  const damaged = { lsn: tail.lsn + 1n, mayBeVerdict };
  const later = laterRecord(path, { from: fault.offset, to: sizeBytes }, damaged);
  if (later !== null && strict) {
    return { notes: [], fault: `${describeFault(fault)}, but record ${later} is whole` };
  }
  const bytes = sizeBytes - fault.offset;
  const note = `its last ${bytes} bytes are an unfinished record, which the next start cuts off`;
  return { notes: [note], fault: '' };
}

function laterRecord(
  path: string,
  range: { readonly from: number; readonly to: number },
  damaged: DamagedRecord,
): LSN | null {
  const descriptor = openSync(path, 'r');
  try {
    return findLaterFrame(descriptor, range, damaged);
  } finally {
    closeSync(descriptor);
  }
}
