// One file for all logs of a leaf to be synced in: who waits together, waits for one fdatasync.
//
// Each log writes its segment as ever, but does not sync it: it notes the same bytes here, and one
// sync of the journal makes the bytes of all logs durable. After a crash the notes are written into
// the segments again (replay-journal.ts), before anybody opens them.
//
//     <directory>/<0|1>.journal     two files that take turns; batches (journal-batch.ts)
//
// Invariant: bytes of a segment that are not on disk there are in a batch of one of the two files.
// So a file is written anew only when the segments noted in it are synced themselves. It keeps its
// length then: a sync that changes no file size is the cheapest there is.

import { closeSync, fdatasync, fdatasyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { encodeBatch, type JournalNote } from './journal-batch.ts';
import { replayJournal } from './replay-journal.ts';
import { syncDirectory } from './segment.ts';
import { syncFileNow, syncFiles } from './sync-files.ts';
import { writeWhole } from './write-whole.ts';

const datasync = promisify(fdatasync);

/** A file that has reached this is followed by the other one, unless another size is given. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;
/** A file is lengthened by so much at a time. */
const STEP_BYTES = 1024 * 1024;

export interface SyncJournalOptions {
  /** Where its files are. */
  readonly directory: string;
  /** The segments stand below this directory. */
  readonly root: string;
  readonly fileBytesMax?: number;
}

interface JournalFile {
  readonly path: string;
  /** -1 until it is needed. */
  descriptor: number;
  lengthBytes: number;
  /** The segments that its batches speak of, relative to the root. */
  noted: Set<string>;
  /** The sync of those segments, once another file has followed; null when there is none. */
  cleaning: Promise<void> | null;
}

export class SyncJournal {
  #directory: string;
  #root: string;
  #fileBytesMax: number;
  #files: readonly [JournalFile, JournalFile];
  #current: 0 | 1 = 0;
  #offset = 0;
  #epoch: number;
  #pending: JournalNote[] = [];
  /** The segments that are noted now, by their whole paths; each is forgotten in the end. */
  #relatives = new Map<string, string>();
  /** The batch that is being written and synced. */
  #running: Promise<void> | null = null;
  /** The batch after that one, which still takes notes. */
  #next: Promise<void> | null = null;
  #failed = false;

  private constructor(
    { directory, root, fileBytesMax = FILE_BYTES_MAX }: SyncJournalOptions,
    epoch: number,
  ) {
    this.#directory = directory;
    this.#root = root;
    this.#fileBytesMax = fileBytesMax;
    this.#epoch = epoch;
    const file = (number: number): JournalFile => ({
      path: join(directory, `${number}.journal`),
      descriptor: -1,
      lengthBytes: 0,
      noted: new Set(),
      cleaning: null,
    });
    this.#files = [file(0), file(1)];
  }

  /**
   * Writes into the segments what a crash has left in the journal only, and begins
   * an empty one. Nobody has the segments open yet. Throws what the file system throws.
   */
  static open(options: SyncJournalOptions): SyncJournal {
    const { directory, root } = options;
    mkdirSync(directory, { recursive: true });
    const epoch = replayJournal(directory, root);
    return new SyncJournal(options, epoch + 1);
  }

  /** True when it is of no use any more: who needs a sync syncs the own file. */
  get failed(): boolean {
    return this.#failed;
  }

  /** `noting`: the next batch takes notes, and none is being synced. */
  get phase(): 'idle' | 'noting' | 'syncing' {
    if (this.#running !== null) return 'syncing';
    return this.#next === null ? 'idle' : 'noting';
  }

  /** The sync of a batch that is under way; null when none is. */
  get syncing(): Promise<void> | null {
    return this.#running;
  }

  /** Takes note of bytes that were written to the segment at `path`. The bytes never change. */
  note(path: string, bytes: Uint8Array, position: number): void {
    if (this.#failed) return;
    this.#pending.push({ path: this.#relative(path), bytes, position });
  }

  /** Resolves when everything noted so far is on disk; rejects when the journal has failed. */
  sync(): Promise<void> {
    if (this.#next === null && this.#pending.length === 0)
      return this.#running ?? Promise.resolve();
    return (this.#next ??= this.#writeNext());
  }

  /**
   * Makes what was noted of the segment at `path` count no more, durably. The segment itself is
   * synced, or gone. Throws what the file system throws.
   */
  forget(path: string): void {
    const segment = this.#relative(path);
    this.#relatives.delete(path);
    this.#pending = this.#pending.filter((note) => note.path !== segment);
    if (!this.#files.some(({ noted }) => noted.has(segment))) return;
    if (this.#failed) {
      this.#remove();
      return;
    }
    this.#write([{ path: segment, bytes: null, position: 0 }]);
    fdatasyncSync(this.#file.descriptor);
    for (const { noted } of this.#files) noted.delete(segment);
  }

  /** Syncs the segments themselves and removes the journal's files. */
  async close(): Promise<void> {
    try {
      if (!this.#failed) await this.sync();
    } finally {
      this.#failed = true;
      this.#remove();
    }
  }

  #relative(path: string): string {
    let name = this.#relatives.get(path);
    if (name === undefined) {
      name = relative(this.#root, path);
      this.#relatives.set(path, name);
    }
    return name;
  }

  get #file(): JournalFile {
    return this.#files[this.#current];
  }

  async #writeNext(): Promise<void> {
    try {
      // Those whose requests came in the same turn of the loop are in the same batch.
      if (this.#running === null) await nextTurn();
      else await settled(this.#running);
      if (this.#offset >= this.#fileBytesMax) await this.#turn();
      // From here to the write nothing is awaited: what is forgotten meanwhile is not written.
      const batch = this.#pending;
      this.#pending = [];
      this.#next = null;
      this.#write(batch);
      this.#running = datasync(this.#file.descriptor);
      await this.#running;
    } catch (error) {
      this.#fail();
      throw error;
    } finally {
      this.#running = null;
    }
  }

  /** The segments are synced themselves from here on, so that nothing hangs on these files. */
  #fail(): void {
    this.#failed = true;
    this.#next = null;
    this.#pending = [];
    try {
      this.#remove();
    } catch {
      // The disk that refuses this refuses the segments' own syncs too, whose callers are told.
    }
  }

  #write(notes: readonly JournalNote[]): void {
    const file = this.#file;
    if (file.descriptor < 0) {
      file.descriptor = openSync(file.path, 'w+');
      syncDirectory(this.#directory);
    }
    const bytes = encodeBatch(this.#epoch, notes);
    const end = this.#offset + bytes.length;
    if (end > file.lengthBytes) {
      const length = Math.ceil(end / STEP_BYTES) * STEP_BYTES;
      writeWhole(file.descriptor, new Uint8Array(length - file.lengthBytes), file.lengthBytes);
      file.lengthBytes = length;
    }
    writeWhole(file.descriptor, bytes, this.#offset);
    this.#offset = end;
    for (const { path } of notes) file.noted.add(path);
  }

  /** Goes on in the other file; the segments of this one are synced meanwhile. */
  async #turn(): Promise<void> {
    const full = this.#file;
    const other = this.#current === 0 ? 1 : 0;
    const next = this.#files[other];
    await next.cleaning;
    next.cleaning = null;
    next.noted.clear();
    full.cleaning = syncFiles([...full.noted].map((path) => join(this.#root, path)));
    // Its failure is met when its turn comes.
    void settled(full.cleaning);
    this.#current = other;
    this.#offset = 0;
    this.#epoch += 1;
  }

  #remove(): void {
    for (const file of this.#files) {
      if (file.descriptor < 0) continue;
      for (const segment of file.noted) syncFileNow(join(this.#root, segment));
      file.noted.clear();
      rmSync(file.path, { force: true });
      closeSync(file.descriptor);
      file.descriptor = -1;
    }
    syncDirectory(this.#directory);
  }
}

async function settled(promise: Promise<void>): Promise<void> {
  await Promise.allSettled([promise]);
}
