// The newest segment's file: written at its end, synced off the event loop, replaced by the next.

import { closeSync, fdatasync, ftruncate, ftruncateSync, write } from 'node:fs';
import { promisify } from 'node:util';
import type { SyncJournal } from './sync-journal.ts';
import { writeWhole } from './write-whole.ts';

const datasync = promisify(fdatasync);
const truncateAt = promisify(ftruncate);
const writeAt = promisify(write);

/** More bytes than these are not written twice: the file itself is synced. */
const JOURNAL_BYTES_MAX = 64 * 1024;

/** One open descriptor, and those of older files that syncs under way still use. */
export class TailFile {
  #descriptor: number;
  #path: string;
  /** Where its bytes become durable together with those of other logs; null: each by itself. */
  #journal: SyncJournal | null;
  /** Something was written that the journal does not have. */
  #journalLacks = false;
  #replaced: number[] = [];
  /** How many syncs are under way. */
  #syncing = 0;
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
    await this.syncFile();
  }

  /** The same for the file itself, whatever the journal has. */
  async syncFile(): Promise<void> {
    this.#syncing += 1;
    try {
      await datasync(this.#descriptor);
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#syncing -= 1;
      if (this.#syncing === 0) {
        for (const descriptor of this.#replaced.splice(0)) closeSync(descriptor);
      }
    }
  }

  /** Cuts what stands behind `sizeBytes`, durably. Nobody writes meanwhile. */
  async truncate(sizeBytes: number): Promise<void> {
    await this.syncFile();
    await this.#journal?.forget(this.#path);
    await truncateAt(this.#descriptor, sizeBytes);
    await this.syncFile();
  }

  /** Goes on with another file; this one is on disk, or gone. Nobody writes meanwhile. */
  async replace(descriptor: number, path: string): Promise<void> {
    await this.#journal?.forget(this.#path);
    if (this.#syncing > 0) this.#replaced.push(this.#descriptor);
    else closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#path = path;
    this.#journalLacks = false;
  }

  /** Nothing hangs on the journal any more, and the descriptor is closed. */
  async close(): Promise<void> {
    try {
      if (this.#journal === null || this.#failure !== null) return;
      await this.syncFile();
      await this.#journal.forget(this.#path);
    } finally {
      this.abandon();
    }
  }

  /** Closes the descriptor, and nothing else. */
  abandon(): void {
    closeSync(this.#descriptor);
  }
}
