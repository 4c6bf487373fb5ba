// Who follows this log, and how far each has confirmed it: durable, so that nothing it needs goes.

import { closeSync, existsSync, fdatasyncSync, openSync, readFileSync, renameSync } from 'node:fs';
import { writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { decode, encode } from '#shared/codec.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { syncDirectory } from './segment.ts';

/** Followers that one log knows at a time. */
const FOLLOWERS_MAX = 256;

export interface Follower {
  /** `<cluster>/<name>`. */
  readonly id: string;
  /** Everything up to here it has applied durably. */
  readonly confirmed: LSN;
  /** Why it was let go; '' while the log keeps records for it. */
  readonly letGo: string;
}

/** The followers of one log, kept in a small file beside its segments. */
export class FollowerRegistry {
  #path: string;
  #followers = new Map<string, Follower>();
  #saved = true;

  /** Reads the file at `path`, where there is one. */
  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    const rows = decode(readFileSync(path)) as [string, bigint, string][];
    for (const [id, confirmed, letGo] of rows) this.#followers.set(id, { id, confirmed, letGo });
  }

  /**
   * From here on the log keeps what comes after `confirmed` for it. Durable when it returns.
   * False when there are too many followers already.
   */
  register(id: string, confirmed: LSN): boolean {
    if (!this.#followers.has(id) && this.#followers.size >= FOLLOWERS_MAX) return false;
    this.#followers.set(id, { id, confirmed, letGo: '' });
    this.#saved = false;
    this.save();
    return true;
  }

  /** It has everything up to `lsn`. Saved from time to time: an older LSN only keeps more. */
  confirm(id: string, lsn: LSN): void {
    const follower = this.#followers.get(id);
    if (follower === undefined || lsn <= follower.confirmed) return;
    this.#followers.set(id, { ...follower, confirmed: lsn });
    this.#saved = false;
  }

  /** Nothing is kept for it any more, and `reason` says why. */
  letGo(id: string, reason: string): void {
    const follower = this.#followers.get(id);
    if (follower === undefined || follower.letGo !== '') return;
    this.#followers.set(id, { ...follower, letGo: reason });
    this.#saved = false;
  }

  /** It follows no more. */
  remove(id: string): void {
    if (this.#followers.delete(id)) this.#saved = false;
    this.save();
  }

  find(id: string): Follower | null {
    return this.#followers.get(id) ?? null;
  }

  list(): Follower[] {
    return [...this.#followers.values()];
  }

  /** Writes the file when it has changed. */
  save(): void {
    if (this.#saved) return;
    const rows = this.list().map(({ id, confirmed, letGo }) => [id, confirmed, letGo]);
    const temporary = `${this.#path}.new`;
    const descriptor = openSync(temporary, 'w');
    try {
      writeSync(descriptor, encode(rows));
      fdatasyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, this.#path);
    syncDirectory(dirname(this.#path));
    this.#saved = true;
  }
}
