// Segments that nobody can read through any more: no part of the log, and soon no files.

import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './sync-files.ts';

/** The damaged segment that was met last, kept for who wants to look. */
const DAMAGED_NAME = 'damaged';

/** The damaged files of one log, and the older ones that are of no use without them. */
export class LeftBehind {
  #directory: string;
  /** Oldest first; the last one is the damaged one. */
  #paths: string[];

  constructor(directory: string, paths: readonly string[]) {
    this.#directory = directory;
    this.#paths = [...paths];
  }

  add(paths: readonly string[]): void {
    this.#paths.push(...paths);
  }

  /** Deletes them, once the SQLite file has all of it on disk; the damaged one is renamed. */
  async drop(): Promise<void> {
    const damaged = this.#paths.pop();
    if (damaged === undefined) return;
    // Oldest first, so that a start in between finds no other gap.
    for (const path of this.#paths.splice(0)) await rm(path, { force: true });
    await rename(damaged, join(this.#directory, DAMAGED_NAME));
    await syncDirectory(this.#directory);
  }
}
