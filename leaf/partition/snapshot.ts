// A copy of the partition as of one position, taken without holding up its writers.
//
// The copy is made from a connection that keeps its read snapshot open, so writers go on and the
// copy never begins again. It is kept for a while, so that a transfer that was cut can go on.

import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#shared/clock.ts';
import type { Position } from '#shared/log/lsn.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import { readMeta } from './state-file.ts';

/** A snapshot that nobody has asked for so long is deleted. */
const SNAPSHOT_KEPT_MS = 15 * 60 * 1000;
/** A younger snapshot serves a new follower too. */
const SNAPSHOT_SHARED_MS = 60 * 1000;

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
  readonly takenMs: number;
  lastUsedMs: number;
}

/** The snapshots of one partition. */
export class Snapshots {
  #directory: string;
  #filePath: string;
  #clock: Clock;
  #kept: KeptSnapshot[] = [];
  #taking: Promise<Snapshot> | null = null;

  /** Deletes what an earlier process has left. */
  constructor(directory: string, filePath: string, clock: Clock) {
    this.#directory = directory;
    this.#filePath = filePath;
    this.#clock = clock;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
  }

  /** A snapshot from the last minute, or a new one. */
  async take(): Promise<Snapshot> {
    this.#dropOld();
    const now = this.#clock.monotonicMs();
    const young = this.#kept.findLast(({ takenMs }) => now - takenMs < SNAPSHOT_SHARED_MS);
    if (young !== undefined) return this.#use(young);
    this.#taking ??= this.#copy();
    return this.#taking;
  }

  /** The one of that id, while it is kept. */
  find(id: string): Snapshot | null {
    const found = this.#kept.find((snapshot) => snapshot.id === id);
    return found === undefined ? null : this.#use(found);
  }

  /** Deletes all. */
  close(): void {
    this.#kept = [];
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #copy(): Promise<Snapshot> {
    const id = Buffer.from(this.#clock.randomBytes(9)).toString('base64url');
    const path = join(this.#directory, `${id}.sqlite`);
    const source = SqliteFile.open(this.#filePath, { readOnly: true });
    try {
      source.run('BEGIN');
      const position = readMeta(source).applied;
      await source.backup(path);
      const takenMs = this.#clock.monotonicMs();
      const sizeBytes = statSync(path).size;
      const snapshot = { id, path, position, sizeBytes, takenMs, lastUsedMs: takenMs };
      this.#kept.push(snapshot);
      return snapshot;
    } finally {
      source.close();
      this.#taking = null;
    }
  }

  #use(snapshot: KeptSnapshot): Snapshot {
    snapshot.lastUsedMs = this.#clock.monotonicMs();
    return snapshot;
  }

  #dropOld(): void {
    const oldestMs = this.#clock.monotonicMs() - SNAPSHOT_KEPT_MS;
    this.#kept = this.#kept.filter(({ lastUsedMs }) => lastUsedMs > oldestMs);
    const names = new Set(this.#kept.map(({ id }) => `${id}.sqlite`));
    if (this.#taking !== null) return;
    for (const name of readdirSync(this.#directory)) {
      if (!names.has(name)) rmSync(join(this.#directory, name), { force: true });
    }
  }
}
