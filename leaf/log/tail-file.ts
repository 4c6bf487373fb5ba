// The newest segment's file: written at its end, synced off the event loop, replaced by the next.

import { closeSync, fdatasync, fdatasyncSync, ftruncateSync, write } from 'node:fs';
import { promisify } from 'node:util';
import type { SyncJournal } from './sync-journal.ts';
import { writeWhole } from './write-whole.ts';

const datasync = promisify(fdatasync);
const writeAt = promisify(write);

/** More bytes than these are not written twice: the file itself is synced. */
const JOURNAL_BYTES_MAX = 64 * 1024;

/** One open descriptor, and those of older files that a sync under way still uses. */
export class TailFile {
  #descriptor: number;
  #path: string;
  /** Where its bytes become durable together with those of other logs; null: each by itself. */
  #journal: SyncJournal | null;
  /** Something was written that the journal does not have. */
  #journalLacks = false;
  #replaced: number[] = [];
  #syncing = false;
  #failure: unknown = null;

  constructor(descriptor: number, path: string, journal: SyncJournal | null) {
    this.#descriptor = descriptor;
    this.#path = path;
    this.#journal = journal;
  }

  /** Why nobody can tell any more what the disk has; null while all is well. */
  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Writes all the bytes at `position`, or nothing: what was written of them is cut off again.
   * Throws what the file system throws.
   */
  write(bytes: Uint8Array, position: number): void {
    try {
      writeWhole(this.#descriptor, bytes, position);
    } catch (error) {
      this.cutBack(position);
      throw error;
    }
    if (bytes.length > JOURNAL_BYTES_MAX) this.#journalLacks = true;
    else this.#journal?.note(this.#path, bytes, position);
  }

  /** As `write`, on another thread; what was written before it failed stays there. */
  async writeLater(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const length = bytes.length - done;
      const at = position + done;
      const { bytesWritten } = await writeAt(this.#descriptor, bytes, done, length, at);
      done += bytesWritten;
    }
    // Not before: a sync that began meanwhile need not have all of it.
    this.#journalLacks = true;
  }

  /** Cuts off what was written behind `sizeBytes`, which is no part of the log. */
  cutBack(sizeBytes: number): void {
    try {
      ftruncateSync(this.#descriptor, sizeBytes);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Durable, one at a time. When it fails, what the disk has is unknown from here on. */
  async sync(): Promise<void> {
    const journal = this.#journal;
    if (journal !== null && !journal.failed && !this.#journalLacks) {
      try {
        return await journal.sync();
      } catch {
        // Nothing is lost with the journal: the bytes stand in the file too.
      }
    }
    this.#journalLacks = false;
    this.#syncing = true;
    try {
      await datasync(this.#descriptor);
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#syncing = false;
      for (const descriptor of this.#replaced.splice(0)) closeSync(descriptor);
    }
  }

  /** fdatasync, now. */
  syncNow(): void {
    try {
      fdatasyncSync(this.#descriptor);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Cuts what stands behind `sizeBytes`, durably. */
  truncate(sizeBytes: number): void {
    this.syncNow();
    this.#journal?.forget(this.#path);
    ftruncateSync(this.#descriptor, sizeBytes);
    this.syncNow();
  }

  /** Goes on with another file; this one is on disk, or gone. */
  replace(descriptor: number, path: string): void {
    this.#journal?.forget(this.#path);
    if (this.#syncing) this.#replaced.push(this.#descriptor);
    else closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#path = path;
    this.#journalLacks = false;
  }

  close(): void {
    if (this.#journal !== null && this.#failure === null) {
      this.syncNow();
      this.#journal.forget(this.#path);
    }
    closeSync(this.#descriptor);
  }
}
