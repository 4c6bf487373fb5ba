// One file for all logs of a process to be synced in: who waits together, waits for one fdatasync.
//
// Each log writes its segment as ever, but does not sync it: it notes the same bytes here, and one
// sync of the journal makes the bytes of all logs durable. After a crash the notes are written into
// the segments again (replay-journal.ts), before anybody opens them.
//
//     <directory>/<0|1>.journal       two files that take turns; batches (journal-batch.ts)
//     <directory>/<0|1>-<n>.journal   the same, where several leaves share them: each has a name
//                                     for them in its own directory, and is number n in the notes.
//                                     So whichever leaf is started alone finds what it needs
//
// Invariant: bytes of a segment that are not on disk there are in a batch of one of the two files.
// So a file is written anew only when the segments noted in it are synced themselves. It keeps its
// length then: a sync that changes no file size is the cheapest there is.

import { closeSync, fdatasync, linkSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { must } from '#shared/assert.ts';
import { encodeBatch, type JournalNote } from './journal-batch.ts';
import { journalName, notedPath, replayJournal } from './replay-journal.ts';
import { syncDirectory, syncDirectoryNow, syncFileNow, syncFiles } from './sync-files.ts';
import { writeWhole } from './write-whole.ts';

const datasync = promisify(fdatasync);

/** A file that has reached this is followed by the other one, unless another size is given. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;
/** A file is lengthened by so much at a time. */
const STEP_BYTES = 1024 * 1024;

/** What one leaf has of a journal. */
export interface JournalPlace {
  /** Where its files are. */
  readonly directory: string;
  /** The segments stand below this directory. */
  readonly root: string;
}

export interface SyncJournalOptions extends JournalPlace {
  readonly fileBytesMax?: number;
}

interface JournalFile {
  /** Its names, one a leaf. */
  readonly paths: readonly string[];
  /** -1 until it is needed. */
  descriptor: number;
  lengthBytes: number;
  /** The segments that its batches speak of. */
  noted: Set<string>;
  /** The sync of those segments, once another file has followed; null when there is none. */
  cleaning: Promise<void> | null;
}

export class SyncJournal {
  #places: readonly JournalPlace[];
  #fileBytesMax: number;
  #files: readonly [JournalFile, JournalFile];
  #current: 0 | 1 = 0;
  #offset = 0;
  #epoch: number;
  #pending: JournalNote[] = [];
  /** How the notes call the segments that are noted now; each is forgotten in the end. */
  #names = new Map<string, string>();
  /** The batch that is being written and synced. */
  #running: Promise<void> | null = null;
  /** The batch after that one, which still takes notes. */
  #next: Promise<void> | null = null;
  #failed = false;

  private constructor(places: readonly JournalPlace[], epoch: number, fileBytesMax: number) {
    this.#places = places;
    this.#fileBytesMax = fileBytesMax;
    this.#epoch = epoch;
    const file = (number: number): JournalFile => ({
      paths: places.map(({ directory }, leaf) => {
        return join(directory, journalName(number, places.length > 1 ? leaf : null));
      }),
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
  static open({ fileBytesMax = FILE_BYTES_MAX, ...place }: SyncJournalOptions): SyncJournal {
    return SyncJournal.openShared([place], fileBytesMax);
  }

  /** One for several leaves, whose directories can have links to one file. */
  static openShared(places: readonly JournalPlace[], fileBytesMax = FILE_BYTES_MAX): SyncJournal {
    let newest = 0;
    for (const { directory, root } of places) {
      mkdirSync(directory, { recursive: true });
      newest = Math.max(newest, replayJournal(directory, root));
    }
    return new SyncJournal(places, newest + 1, fileBytesMax);
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
    this.#pending.push({ path, bytes, position });
  }

  /** Resolves when everything noted so far is on disk; rejects when the journal has failed. */
  sync(): Promise<void> {
    if (this.#next === null && this.#pending.length === 0)
      return this.#running ?? Promise.resolve();
    return (this.#next ??= this.#writeNext());
  }

  /**
   * Makes what was noted of the segment at `path` count no more, durably. The segment itself is
   * synced, or gone, and nothing is noted of it meanwhile. Throws what the file system throws.
   */
  async forget(path: string): Promise<void> {
    this.#pending = this.#pending.filter((note) => note.path !== path);
    const isNoted = (): boolean => this.#files.some(({ noted }) => noted.has(path));
    if (isNoted() && !this.#failed) {
      this.#pending.push({ path, bytes: null, position: 0 });
      await settled(this.sync());
    }
    // When it has failed meanwhile its files go, unless the disk refuses even that.
    if (!this.#failed) for (const { noted } of this.#files) noted.delete(path);
    else if (isNoted()) this.#remove();
    this.#names.delete(path);
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

  /** How the notes call a segment. */
  #nameOf(path: string): string {
    let name = this.#names.get(path);
    if (name === undefined) {
      const leaf = this.#places.findIndex(({ root }) => path.startsWith(`${root}${sep}`));
      const { root } = must(this.#places[leaf], 'a segment stands below its leaf');
      name = notedPath(relative(root, path), this.#places.length > 1 ? leaf : null);
      this.#names.set(path, name);
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
      if (this.#file.descriptor < 0) await this.#create(this.#file);
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
    const named = notes.map((note) => ({ ...note, path: this.#nameOf(note.path) }));
    const bytes = encodeBatch(this.#epoch, named);
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

  /** Its names are on disk before anything that it holds counts. */
  async #create(file: JournalFile): Promise<void> {
    const [first = '', ...others] = file.paths;
    file.descriptor = openSync(first, 'w+');
    for (const other of others) linkSync(first, other);
    for (const { directory } of this.#places) await syncDirectory(directory);
  }

  /** Goes on in the other file; the segments of this one are synced meanwhile. */
  async #turn(): Promise<void> {
    const full = this.#file;
    const other = this.#current === 0 ? 1 : 0;
    const next = this.#files[other];
    await next.cleaning;
    next.cleaning = null;
    next.noted.clear();
    full.cleaning = syncFiles([...full.noted]);
    // Its failure is met when its turn comes.
    void settled(full.cleaning);
    this.#current = other;
    this.#offset = 0;
    this.#epoch += 1;
  }

  /** The newer file goes last: it says which notes of the older one are void. */
  #remove(): void {
    const other = this.#current === 0 ? 1 : 0;
    for (const { noted } of this.#files) for (const segment of noted) syncFileNow(segment);
    for (const file of [this.#files[other], this.#file]) {
      if (file.descriptor < 0) continue;
      for (const path of file.paths) rmSync(path, { force: true });
      for (const { directory } of this.#places) syncDirectoryNow(directory);
      file.noted.clear();
      closeSync(file.descriptor);
      file.descriptor = -1;
    }
  }
}

async function settled(promise: Promise<void>): Promise<void> {
  await Promise.allSettled([promise]);
}
