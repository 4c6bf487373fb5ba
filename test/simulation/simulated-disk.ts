// The disk of a world: writes are real (in a directory of its own), syncs take simulated time, and
// a power cut takes back what was not synced.
//
// The modules simulated-*.ts stand in for node:fs and its kin in the product's files (register.ts)
// and tell this disk what happens. SQLite's files are written by SQLite itself: of them a power cut
// can take the WAL, which `synchronous = NORMAL` does not sync.

import {
  ftruncateSync,
  readSync,
  fstatSync,
  openSync,
  closeSync,
  writeSync,
  rmSync,
} from 'node:fs';
import type { SimulatedClock } from './simulated-clock.ts';

/** Thrown where a node that has crashed touches its disk, or comes to the place where it dies. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

/** What takes a write back. */
interface Undo {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
}

/** An open SQLite connection of a node. */
export interface OpenDatabase {
  readonly path: string;
  readonly isOpen: boolean;
  close(): void;
}

/** How the disk of one directory behaves now. */
export interface DiskCondition {
  /** The longest that a sync takes, in milliseconds. */
  syncMsMax: number;
  isFull: boolean;
}

const healthy: DiskCondition = { syncMsMax: 2, isFull: false };

export class SimulatedDisk {
  #clock: SimulatedClock | null = null;
  readonly #descriptors = new Map<number, string>();
  /** By path: what a power cut takes back, oldest first. */
  readonly #unsynced = new Map<string, Undo[]>();
  readonly #databases = new Set<OpenDatabase>();
  /** Directories of nodes that have crashed. */
  readonly #dead = new Set<string>();
  readonly #conditions = new Map<string, DiskCondition>();

  /** A new world begins. */
  use(clock: SimulatedClock): void {
    this.#clock = clock;
    this.#descriptors.clear();
    this.#unsynced.clear();
    this.#dead.clear();
    this.#conditions.clear();
    for (const database of this.#databases) if (database.isOpen) database.close();
    this.#databases.clear();
  }

  /** The condition of a node's directory, to be changed. */
  conditionOf(directory: string): DiskCondition {
    const known = this.#conditions.get(directory);
    if (known !== undefined) return known;
    const condition = { ...healthy };
    this.#conditions.set(directory, condition);
    return condition;
  }

  opened(descriptor: number, path: string): void {
    this.#descriptors.set(descriptor, path);
  }

  /** Of an open file. */
  pathOf(descriptor: number): string | undefined {
    return this.#descriptors.get(descriptor);
  }

  closed(descriptor: number): void {
    this.#descriptors.delete(descriptor);
  }

  /** Called before bytes are written. Throws SimulatedCrash, or ENOSPC where the disk is full. */
  writing(descriptor: number, position: number, length: number): void {
    const path = this.#descriptors.get(descriptor);
    if (path === undefined) return;
    this.check(path);
    if (this.#condition(path).isFull) throw diskFull(path);
    const sizeBytes = fstatSync(descriptor).size;
    const bytes = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - position)));
    if (bytes.length > 0) readBack(path, bytes, position);
    this.#note(path, { position, bytes, sizeBytes });
  }

  /** Called before a file is cut off. */
  truncating(descriptor: number, sizeBytes: number): void {
    const path = this.#descriptors.get(descriptor);
    if (path === undefined) return;
    this.check(path);
    const before = fstatSync(descriptor).size;
    const bytes = new Uint8Array(Math.max(0, before - sizeBytes));
    if (bytes.length > 0) readBack(path, bytes, sizeBytes);
    this.#note(path, { position: sizeBytes, bytes, sizeBytes: before });
  }

  synced(descriptor: number): void {
    const path = this.#descriptors.get(descriptor);
    if (path === undefined) return;
    this.check(path);
    this.#unsynced.delete(path);
  }

  /** What was written when it began is on disk when it resolves. Never, after a crash. */
  async syncLater(descriptor: number): Promise<void> {
    const path = this.#descriptors.get(descriptor);
    if (path === undefined) return;
    this.check(path);
    const undos = this.#unsynced.get(path) ?? [];
    const count = undos.length;
    await this.delay(path, this.#condition(path).syncMsMax);
    if (this.#unsynced.get(path) === undos) undos.splice(0, count);
  }

  renamed(from: string, to: string): void {
    this.check(from);
    for (const [path, undos] of [...this.#unsynced]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#unsynced.delete(path);
      this.#unsynced.set(to + path.slice(from.length), undos);
    }
    for (const [descriptor, path] of this.#descriptors) {
      if (path === from || path.startsWith(`${from}/`)) {
        this.#descriptors.set(descriptor, to + path.slice(from.length));
      }
    }
  }

  removed(path: string): void {
    this.check(path);
    for (const known of [...this.#unsynced.keys()]) {
      if (known === path || known.startsWith(`${path}/`)) this.#unsynced.delete(known);
    }
  }

  addDatabase(database: OpenDatabase): void {
    this.check(database.path);
    this.#databases.add(database);
  }

  removeDatabase(database: OpenDatabase): void {
    this.#databases.delete(database);
  }

  /** Throws SimulatedCrash where the node that it belongs to is dead. */
  check(path: string): void {
    if (this.#isDead(path)) throw new SimulatedCrash(`a dead node touches ${path}`);
  }

  /** Resolves in up to `msMax`; never, when the node dies meanwhile. */
  async delay(path: string, msMax = 1): Promise<void> {
    const clock = this.#clock;
    if (clock === null) return;
    await clock.sleep(clock.chance.unit() * msMax);
    if (this.#isDead(path)) await new Promise(() => undefined);
  }

  /** A turn of the event loop. */
  async turn(): Promise<void> {
    await this.#clock?.sleep(0);
  }

  /**
   * The node of this directory ends: nothing of it touches the disk again until `revive`. With
   * `powerCut` the disk keeps what was synced and, of the rest, as much as chance has it.
   */
  crash(directory: string, powerCut: boolean): void {
    this.#dead.add(directory);
    const databases = [...this.#databases].filter(({ path }) => isIn(path, directory));
    const files = new Set(databases.map(({ path }) => path));
    for (const database of databases) {
      this.#databases.delete(database);
      if (database.isOpen) database.close();
    }
    if (powerCut) this.#cutPower(directory, files);
    for (const path of [...this.#unsynced.keys()]) {
      if (isIn(path, directory)) this.#unsynced.delete(path);
    }
  }

  revive(directory: string): void {
    this.#dead.delete(directory);
  }

  /** SQLite checkpoints at the last close of a file; where it did not, the WAL may be lost. */
  #cutPower(directory: string, files: ReadonlySet<string>): void {
    const { chance } = this.#clock ?? {};
    if (chance === undefined) return;
    for (const [path, undos] of this.#unsynced) {
      if (!isIn(path, directory)) continue;
      const kept = chance.oneIn(3) ? chance.below(undos.length + 1) : 0;
      takeBack(path, undos.slice(kept));
    }
    for (const path of files) {
      if (chance.oneIn(2)) rmSync(`${path}-wal`, { force: true });
    }
  }

  #note(path: string, undo: Undo): void {
    const undos = this.#unsynced.get(path) ?? [];
    undos.push(undo);
    this.#unsynced.set(path, undos);
  }

  #condition(path: string): DiskCondition {
    for (const [directory, condition] of this.#conditions) {
      if (isIn(path, directory)) return condition;
    }
    return healthy;
  }

  #isDead(path: string): boolean {
    for (const directory of this.#dead) if (isIn(path, directory)) return true;
    return false;
  }
}

/** The one disk of the process: worlds use it one after another. */
export const disk = new SimulatedDisk();

function isIn(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

function diskFull(path: string): Error {
  const error = new Error(`ENOSPC: no space left on device, write '${path}'`);
  return Object.assign(error, { code: 'ENOSPC', errno: -28, syscall: 'write' });
}

function readBack(path: string, bytes: Uint8Array, position: number): void {
  const descriptor = openSync(path, 'r');
  readSync(descriptor, bytes, 0, bytes.length, position);
  closeSync(descriptor);
}

function takeBack(path: string, undos: readonly Undo[]): void {
  if (undos.length === 0) return;
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r+');
  } catch {
    return;
  }
  for (const { position, bytes, sizeBytes } of undos.toReversed()) {
    ftruncateSync(descriptor, sizeBytes);
    if (bytes.length > 0) writeSync(descriptor, bytes, 0, bytes.length, position);
  }
  closeSync(descriptor);
}
