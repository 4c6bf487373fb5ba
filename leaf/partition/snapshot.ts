// A copy of the partition as of one position, taken without holding up its writers.
//
// The copy is made from a connection that keeps its read snapshot open, so writers go on and the
// copy never begins again. It is kept for a while, so that a transfer that was cut can go on.

import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#shared/clock.ts';
import type { Position } from '#shared/log/lsn.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import { readMeta } from './state-file.ts';

/** A snapshot that nobody has asked for so long is deleted. */
const SNAPSHOT_KEPT_MS = 15 * 60 * 1000;

/** A copy of data.sqlite in the partition's directory, whole and closed. */
export interface Snapshot {
  /** Unique on this leaf. */
  readonly id: string;
  readonly path: string;
  /** What the copy holds: records up to and with this one. */
  readonly position: Position;
  readonly sizeBytes: number;
}

interface KeptSnapshot extends Snapshot {
  lastUsedMs: number;
}

/** The snapshots of one partition. */
export class Snapshots {
  #directory: string;
  #filePath: string;
  #clock: Clock;
  #kept: KeptSnapshot[] = [];
  /** Resolves when the last copy asked for is made. */
  #taking: Promise<void> | null = null;

  /** Deletes what an earlier process has left. */
  constructor(directory: string, filePath: string, clock: Clock) {
    this.#directory = directory;
    this.#filePath = filePath;
    this.#clock = clock;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
  }

  /**
   * A new snapshot. One after another: each holds whatever was committed when it was asked for,
   * so that a follower registered before then finds all the records after it.
   */
  async take(): Promise<Snapshot> {
    const before = this.#taking;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taking = promise;
    await before;
    try {
      await this.#dropOld();
      return await this.#copy();
    } finally {
      resolve();
    }
  }

  /** The one of that id, while it is kept. */
  find(id: string): Snapshot | null {
    const found = this.#kept.find((snapshot) => snapshot.id === id);
    return found === undefined ? null : this.#use(found);
  }

  /** Deletes all. */
  async close(): Promise<void> {
    this.#kept = [];
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #copy(): Promise<Snapshot> {
    const id = Buffer.from(this.#clock.randomBytes(9)).toString('base64url');
    const path = join(this.#directory, `${id}.sqlite`);
    const source = SqliteFile.open(this.#filePath, { readOnly: true });
    try {
      source.run('BEGIN');
      const position = readMeta(source).applied;
      await source.backup(path);
      const sizeBytes = statSync(path).size;
      const lastUsedMs = this.#clock.monotonicMs();
      const snapshot = { id, path, position, sizeBytes, lastUsedMs };
      this.#kept.push(snapshot);
      return snapshot;
    } finally {
      source.close();
    }
  }

  #use(snapshot: KeptSnapshot): Snapshot {
    snapshot.lastUsedMs = this.#clock.monotonicMs();
    return snapshot;
  }

  async #dropOld(): Promise<void> {
    const oldestMs = this.#clock.monotonicMs() - SNAPSHOT_KEPT_MS;
    this.#kept = this.#kept.filter(({ lastUsedMs }) => lastUsedMs > oldestMs);
    const names = new Set(this.#kept.map(({ id }) => `${id}.sqlite`));
    for (const name of readdirSync(this.#directory)) {
      if (!names.has(name)) await rm(join(this.#directory, name), { force: true });
    }
  }
}
