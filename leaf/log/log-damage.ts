// What is wrong with a log on disk, said so that an operator finds the very bytes.

import { basename } from 'node:path';
import { FrameError } from '#shared/log/log-frame.ts';
import type { LSN } from '#shared/log/lsn.ts';

/** The log has lost what it had promised to keep. Carries the reason as its message. */
export class LogDamage extends Error {
  override readonly name = 'LogDamage';
}

/** The first bytes of a segment that are not what they should be. */
export interface SegmentFault {
  readonly path: string;
  /** Where in the file the damaged frame begins. */
  readonly offset: number;
  /** The record that should stand there. */
  readonly lsn: LSN;
  /** `a frame fails its CRC`. */
  readonly reason: string;
}

/** A damaged frame was met where a whole one had been written. */
export class SegmentDamage extends FrameError {
  readonly fault: SegmentFault;

  constructor(fault: SegmentFault) {
    super(describeFault(fault));
    this.fault = fault;
  }
}

/** A FrameError as damage of the segment at that place; any other error as it is. */
export function toSegmentDamage(error: unknown, at: Omit<SegmentFault, 'reason'>): unknown {
  return error instanceof FrameError ? new SegmentDamage({ ...at, reason: error.message }) : error;
}

/** `log segment 0000000003.log is damaged at offset 1234, record 57: a frame fails its CRC`. */
export function describeFault({ path, offset, lsn, reason }: SegmentFault): string {
  return `log segment ${basename(path)} is damaged at offset ${offset}, record ${lsn}: ${reason}`;
}
