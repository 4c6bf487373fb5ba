// A place in a partition's log, and the proof of the history that leads to it.

/** Log sequence number: +1 for each record of a partition, from 1. 0 is before the first. */
export type LSN = bigint;

/**
 * Names the life of one primary: every promotion begins a new term, one higher.
 * (term, LSN, log hash) says where a copy is and that its history is the same.
 */
export interface Position {
  readonly term: number;
  readonly lsn: LSN;
  /** The running hash of the log up to and with this LSN: 8 bytes. */
  readonly logHash: Uint8Array;
}
