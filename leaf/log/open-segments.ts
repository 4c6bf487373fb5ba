// Finds the segments of a log directory at start, and cuts the torn tail of the newest.
//
// Numbers are consecutive: a missing segment is a gap. What stands before a gap or before a
// header that cannot be read is left behind, where the SQLite file has all of it; else the log is
// damaged.

import { closeSync, fdatasync, ftruncateSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { must } from '#shared/assert.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { findLaterFrame } from './later-frame.ts';
import { describeFault, LogDamage } from './log-damage.ts';
import { readSegmentHeader, scanInTurns, type ScanResult, type Segment } from './segment.ts';
import { syncDirectory } from './sync-files.ts';
import { writeWhole } from './write-whole.ts';

const datasync = promisify(fdatasync);

export interface OpenedSegments {
  /** Oldest first; never empty. */
  readonly segments: Segment[];
  /** Of the newest, open for reading and writing. */
  readonly descriptor: number;
  readonly tail: Position;
  readonly tailTimestamp: bigint;
  /** Older files that nobody can read through: no part of the log any more. Oldest first. */
  readonly leftBehind: readonly string[];
  /** Why they are left behind; '' when there are none. */
  readonly leftBehindReason: string;
}

export interface OpenRequirements {
  /** The SQLite file holds the records up to here. */
  readonly applied: LSN;
  /** The log must hold them too, unless it `mayEndEarly`: it promises to be ahead of the file. */
  readonly sync: boolean;
  /** The file may be ahead by what was not synced yet, and nothing else. */
  readonly mayEndEarly: boolean;
  /** Whole records behind a damaged one are damage, not a torn end: the log of a primary. */
  readonly strict: boolean;
  /**
   * The frame of record `applied` where that follows `tail` and can be told; else null. A power cut
   * may take that record alone, and then it is written again.
   */
  readonly lost: ((tail: Position) => Uint8Array | null) | null;
}

const SEGMENT_NAME = /^(\d{10})\.log$/;

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(10, '0')}.log`);
}

/** The number of the segment that comes next. */
export function nextNumber(directory: string): number {
  const newest = segmentNames(directory).at(-1);
  return newest === undefined ? 1 : segmentNumber(newest) + 1;
}

/** The names of the segment files, oldest first. */
export function segmentNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => SEGMENT_NAME.test(name))
    .sort();
}

/** The number in a segment's file name. */
export function segmentNumber(path: string): number {
  return Number(SEGMENT_NAME.exec(basename(path))?.[1]);
}

/**
 * Opens the segments. A bad frame in the newest is a torn tail and is cut off, unless something
 * that was promised would go with it. Throws LogDamage, and then nothing was changed on disk.
 */
export async function openSegments(
  directory: string,
  needs: OpenRequirements,
): Promise<OpenedSegments> {
  const { segments, ...rest } = await readHeaders(directory, needs.applied);
  const newest = must(segments.at(-1));
  const descriptor = openSync(newest.path, 'r+');
  try {
    const scan = await scanRestored(descriptor, newest, needs);
    checkTail(descriptor, newest, { scan, needs });
    if (scan.torn !== null) {
      ftruncateSync(descriptor, scan.offset);
      newest.sizeBytes = scan.offset;
    }
    // What was read back from the page cache may not be on disk yet.
    await datasync(descriptor);
    return { segments, descriptor, tail: scan.tail, tailTimestamp: scan.timestamp, ...rest };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** Scans, where need be with the record that a power cut has taken in its place again. */
async function scanRestored(
  descriptor: number,
  newest: Segment,
  { applied, lost }: OpenRequirements,
): Promise<ScanResult> {
  const scan = await scanInTurns(descriptor, newest);
  if (lost === null || scan.tail.lsn + 1n !== applied) return scan;
  const frame = lost(scan.tail);
  if (frame === null) return scan;
  writeWhole(descriptor, frame, scan.offset);
  newest.sizeBytes = Math.max(newest.sizeBytes, scan.offset + frame.length);
  return scanInTurns(descriptor, newest);
}

function checkTail(
  descriptor: number,
  newest: Segment,
  { scan, needs }: { readonly scan: ScanResult; readonly needs: OpenRequirements },
): void {
  const { tail, offset, torn, mayBeVerdict } = scan;
  const { path, sizeBytes } = newest;
  const lsn = tail.lsn + 1n;
  const fault = (reason: string) => describeFault({ path, offset, lsn, reason });
  const isBehind = tail.lsn < needs.applied;
  if (isBehind && needs.sync && !needs.mayEndEarly) {
    const reason = torn === null ? 'it ends' : torn.message;
    throw new LogDamage(`${fault(reason)}, but record ${needs.applied} was written`);
  }
  // A power cut takes the end of what was written last: what rotted has more behind it.
  if (torn === null || !(needs.strict || (isBehind && needs.sync))) return;
  const later = findLaterFrame(descriptor, { from: offset, to: sizeBytes }, { lsn, mayBeVerdict });
  if (later !== null) throw new LogDamage(`${fault(torn.message)}, but record ${later} is whole`);
}

type Headers = Pick<OpenedSegments, 'segments' | 'leftBehind' | 'leftBehindReason'>;

async function readHeaders(directory: string, applied: LSN): Promise<Headers> {
  const names = segmentNames(directory);
  let segments: Segment[] = [];
  let leftBehind: string[] = [];
  let leftBehindReason = '';
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const segment = readSegmentHeader(path);
    const isNewest = index === names.length - 1;
    if (segment === null && isNewest && segments.length > 0) {
      // The process ended while it was beginning this segment: it holds nothing.
      unlinkSync(path);
      await syncDirectory(directory);
      break;
    }
    const reason = whyApart(segments.at(-1), segment, name);
    if (reason !== '') {
      leftBehindReason = reason;
      leftBehind = names.slice(0, segment === null ? index + 1 : index);
      segments = [];
    }
    if (segment !== null) segments.push(segment);
  }
  const first = segments[0];
  if (first === undefined) throw new LogDamage(leftBehindReason || 'its log has no segment');
  if (leftBehindReason !== '' && first.previous.lsn > applied)
    throw new LogDamage(leftBehindReason);
  const paths = leftBehind.map((name) => join(directory, name));
  return { segments, leftBehind: paths, leftBehindReason };
}

/** Why nobody can read from `before` on into this one; '' when one can. */
function whyApart(before: Segment | undefined, segment: Segment | null, name: string): string {
  if (segment === null) return `log segment ${name} has no whole header`;
  if (before === undefined) return '';
  const expected = segmentNumber(before.path) + 1;
  if (segmentNumber(name) !== expected) {
    return `log segment ${basename(segmentPath('', expected))} is missing`;
  }
  if (segment.previous.lsn >= before.previous.lsn) return '';
  return `log segment ${name} begins before the one before it`;
}
