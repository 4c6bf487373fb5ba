// The newest segment's file: written at its end, synced off the event loop, replaced by the next.

import { closeSync, fdatasync, fdatasyncSync, ftruncateSync } from 'node:fs';
import { promisify } from 'node:util';
import { writeWhole } from './write-whole.ts';

const datasync = promisify(fdatasync);

/** One open descriptor, and those of older files that a sync under way still uses. */
export class TailFile {
  #descriptor: number;
  #replaced: number[] = [];
  #syncing = false;
  #failure: unknown = null;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
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
      this.#cutBack(position);
      throw error;
    }
  }

  /** fdatasync, one at a time. When it fails, what the disk has is unknown from here on. */
  async sync(): Promise<void> {
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
    ftruncateSync(this.#descriptor, sizeBytes);
    this.syncNow();
  }

  /** Goes on with another file. */
  replace(descriptor: number): void {
    if (this.#syncing) this.#replaced.push(this.#descriptor);
    else closeSync(this.#descriptor);
    this.#descriptor = descriptor;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #cutBack(sizeBytes: number): void {
    try {
      ftruncateSync(this.#descriptor, sizeBytes);
    } catch (error) {
      this.#failure = error;
    }
  }
}
