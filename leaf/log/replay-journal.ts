// After a crash: what only the sync journal has on disk is written into the segments again.

import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readBatches, type JournalBatch, type JournalNote } from './journal-batch.ts';
import { syncDirectory } from './segment.ts';
import { isMissing } from './sync-files.ts';
import { writeWhole } from './write-whole.ts';

const JOURNAL_NAME = /^[01]\.journal$/;

/**
 * Writes the notes of the journal in `directory` into the segments below `root`, durably, and
 * removes the journal's files. Doing it twice is doing it once. Answers the newest epoch it met.
 */
export function replayJournal(directory: string, root: string): number {
  const names = readdirSync(directory).filter((name) => JOURNAL_NAME.test(name));
  const files = names.map((name) => [...readBatches(readFileSync(join(directory, name)))]);
  const batches = files.sort((a, b) => epochOf(a) - epochOf(b)).flat();
  for (const [path, notes] of notesBySegment(batches)) rewrite(join(root, path), notes);
  for (const name of names) rmSync(join(directory, name));
  if (names.length > 0) syncDirectory(directory);
  return epochOf(batches.slice(-1));
}

function epochOf(batches: readonly JournalBatch[]): number {
  return batches[0]?.epoch ?? 0;
}

/** The notes that still count, in their order. */
function notesBySegment(batches: readonly JournalBatch[]): Map<string, JournalNote[]> {
  const segments = new Map<string, JournalNote[]>();
  for (const note of batches.flatMap(({ notes }) => notes)) {
    const known = segments.get(note.path);
    if (note.bytes === null) segments.delete(note.path);
    else if (known === undefined) segments.set(note.path, [note]);
    else known.push(note);
  }
  return segments;
}

/** A segment that is gone was dropped: its notes are of no use. */
function rewrite(path: string, notes: readonly JournalNote[]): void {
  try {
    const descriptor = openSync(path, 'r+');
    try {
      for (const { bytes, position } of notes) {
        if (bytes !== null) writeWhole(descriptor, bytes, position);
      }
      fdatasyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
