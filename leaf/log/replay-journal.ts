// After a crash: what only the sync journal has on disk is written into the segments again.

import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readBatches, type JournalBatch, type JournalNote } from './journal-batch.ts';
import { isMissing, syncDirectoryNow } from './sync-files.ts';
import { writeWhole } from './write-whole.ts';

const JOURNAL_NAME = /^[01](?:-(\d+))?\.journal$/;

/** The name of file 0 or 1 in the directory of leaf number `leaf` of several; null: of one. */
export function journalName(file: number, leaf: number | null): string {
  return leaf === null ? `${file}.journal` : `${file}-${leaf}.journal`;
}

/** How notes call a segment of that leaf. */
export function notedPath(path: string, leaf: number | null): string {
  return leaf === null ? path : `${leaf}/${path}`;
}

/**
 * Writes the notes of the journal in `directory` into the segments below `root`, durably, and
 * removes the journal's files: of those that leaves share each removes its own names. Doing it
 * twice is doing it once. Answers the newest epoch it met.
 */
export function replayJournal(directory: string, root: string): number {
  const files = readdirSync(directory)
    .filter((name) => JOURNAL_NAME.test(name))
    .map((name) => readOwn(directory, name))
    .sort((a, b) => a.epoch - b.epoch);
  const batches = files.flatMap(({ batches: own }) => own);
  for (const [path, notes] of notesBySegment(batches)) rewrite(join(root, path), notes);
  // The newer one says which notes of the older one are void, so it goes last.
  for (const { name } of files) {
    rmSync(join(directory, name));
    syncDirectoryNow(directory);
  }
  return files.at(-1)?.epoch ?? 0;
}

interface OwnBatches {
  readonly name: string;
  /** 0 where nothing is in the file. */
  readonly epoch: number;
  readonly batches: readonly JournalBatch[];
}

/** What a file says of the segments of this leaf. */
function readOwn(directory: string, name: string): OwnBatches {
  const [, leaf] = JOURNAL_NAME.exec(name) ?? [];
  const batches = [...readBatches(readFileSync(join(directory, name)))];
  const epoch = batches[0]?.epoch ?? 0;
  if (leaf === undefined) return { name, epoch, batches };
  const prefix = notedPath('', Number(leaf));
  const own = (note: JournalNote): JournalNote[] => {
    const { path } = note;
    return path.startsWith(prefix) ? [{ ...note, path: path.slice(prefix.length) }] : [];
  };
  return {
    name,
    epoch,
    batches: batches.map((one) => ({ ...one, notes: one.notes.flatMap(own) })),
  };
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
