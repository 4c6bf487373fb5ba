// Who follows this log, and how far each has confirmed it: durable, so that nothing it needs goes.

import { existsSync, readFileSync } from 'node:fs';
import { decode, encode } from '#shared/codec.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { replaceFile } from './durable-file.ts';

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
  /** The last save that was asked for. */
  #saving: Promise<void> = Promise.resolve();

  /**
   * Reads the file at `path`, where there is one. From one that is damaged nobody is known: who
   * follows registers when it comes again, and gets a snapshot if its records are gone by then.
   */
  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    for (const follower of readFollowers(path)) this.#followers.set(follower.id, follower);
  }

  /**
   * From the call on the log keeps what comes after `confirmed` for it; durable when it resolves.
   * False when there are too many followers already.
   */
  async register(id: string, confirmed: LSN): Promise<boolean> {
    if (!this.#followers.has(id) && this.#followers.size >= FOLLOWERS_MAX) return false;
    this.#followers.set(id, { id, confirmed, letGo: '' });
    this.#saved = false;
    await this.save();
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
  async remove(id: string): Promise<void> {
    if (this.#followers.delete(id)) this.#saved = false;
    await this.save();
  }

  find(id: string): Follower | null {
    return this.#followers.get(id) ?? null;
  }

  list(): Follower[] {
    return [...this.#followers.values()];
  }

  /** Writes what has changed, durably, off the event loop. */
  async save(): Promise<void> {
    this.#saving = this.#saveAfter(this.#saving);
    await this.#saving;
  }

  async #saveAfter(before: Promise<void>): Promise<void> {
    await Promise.allSettled([before]);
    if (this.#saved) return;
    this.#saved = true;
    try {
      const rows = this.list().map(({ id, confirmed, letGo }) => [id, confirmed, letGo]);
      await replaceFile(this.#path, encode(rows));
    } catch (error) {
      this.#saved = false;
      throw error;
    }
  }
}

function readFollowers(path: string): Follower[] {
  try {
    const rows = decode(readFileSync(path)) as [string, bigint, string][];
    return rows.map(([id, confirmed, letGo]) => ({ id, confirmed, letGo })).filter(isFollower);
  } catch {
    return [];
  }
}

function isFollower({ id, confirmed, letGo }: Follower): boolean {
  return typeof id === 'string' && typeof confirmed === 'bigint' && typeof letGo === 'string';
}
