// Finds the segments of a log directory at start, and cuts the torn tail of the newest.

import { closeSync, fdatasyncSync, ftruncateSync, openSync } from 'node:fs';
import { readdirSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { must } from '#shared/assert.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import { readSegmentHeader, scanSegment, syncDirectory, type Segment } from './segment.ts';

/** The log has lost what it had promised to keep. Carries the reason as its message. */
export class LogDamage extends Error {
  override readonly name = 'LogDamage';
}

export interface OpenedSegments {
  /** Oldest first; never empty. */
  readonly segments: Segment[];
  /** Of the newest, open for reading and writing. */
  readonly descriptor: number;
  readonly tail: Position;
  readonly tailTimestamp: bigint;
}

const SEGMENT_NAME = /^(\d{10})\.log$/;

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(10, '0')}.log`);
}

/** The number of the segment that comes next. */
export function nextNumber(directory: string): number {
  const newest = segmentNames(directory).at(-1);
  return newest === undefined ? 1 : Number(SEGMENT_NAME.exec(newest)?.[1]) + 1;
}

function segmentNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => SEGMENT_NAME.test(name))
    .sort();
}

/**
 * Opens the segments. A bad frame in the newest is a torn tail and is cut off, unless record
 * `mustReach` would go with it. Throws LogDamage, and then nothing was changed on disk.
 */
export function openSegments(directory: string, mustReach: LSN): OpenedSegments {
  const segments = readHeaders(directory);
  const newest = must(segments.at(-1));
  const descriptor = openSync(newest.path, 'r+');
  try {
    const { tail, timestamp, offset, torn } = scanSegment(descriptor, newest);
    if (tail.lsn < mustReach) {
      const reason = torn === null ? 'it ends' : torn.message;
      throw new LogDamage(
        `log segment ${basename(newest.path)}: after record ${tail.lsn} ${reason}, but record ` +
          `${mustReach} was written`,
      );
    }
    if (torn !== null) {
      ftruncateSync(descriptor, offset);
      newest.sizeBytes = offset;
    }
    // What was read back from the page cache may not be on disk yet.
    fdatasyncSync(descriptor);
    return { segments, descriptor, tail, tailTimestamp: timestamp };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function readHeaders(directory: string): Segment[] {
  const segments: Segment[] = [];
  const names = segmentNames(directory);
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const segment = readSegmentHeader(path);
    if (segment !== null) {
      checkOrder(segments.at(-1), segment);
      segments.push(segment);
      continue;
    }
    // The process ended while it was beginning this segment: it holds nothing.
    const unfinished = index === names.length - 1 && segments.length > 0;
    if (!unfinished) throw new LogDamage(`log segment ${name} has no whole header`);
    unlinkSync(path);
    syncDirectory(directory);
  }
  if (segments.length === 0) throw new LogDamage('its log has no segment');
  return segments;
}

function checkOrder(before: Segment | undefined, segment: Segment): void {
  if (before === undefined || before.previous.lsn <= segment.previous.lsn) return;
  throw new LogDamage(`log segment ${basename(segment.path)} begins before the one before it`);
}
