// How far a log is on disk, and who waits for it to get there.
//
// Invariant: hardened <= tail.

import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { LSN, Position } from '#shared/log/lsn.ts';
import type { Durability } from '#shared/cluster/topology.ts';
import { Waiters } from './waiters.ts';

/** What is hardened. */
export interface Hardened {
  readonly directory: string;
  readonly isClosed: boolean;
  /** The newest record, on disk or not yet. */
  readonly tail: Position;
  /** Why nobody can tell any more what the disk has, as the client's error; null: all is well. */
  readonly failure: DatabaseError | null;
}

export class Hardening {
  readonly #log: Hardened;
  readonly #durability: Durability;
  /** Makes what is written durable, off the event loop. */
  readonly #sync: () => Promise<void>;
  readonly #waiters = new Waiters();
  #position: Position;
  #syncing: Promise<void> | null = null;

  constructor(log: Hardened, durability: Durability, sync: () => Promise<void>) {
    this.#log = log;
    this.#durability = durability;
    this.#sync = sync;
    this.#position = log.tail;
  }

  /** The newest record that is on disk. */
  get position(): Position {
    return this.#position;
  }

  /** Everything up to here is on disk, and nothing behind it is a record. */
  set(position: Position): void {
    this.#position = position;
    this.#waiters.wakeAll();
  }

  /** Something has come to the log: who waits makes it durable where nobody else does. */
  grown(): void {
    if (this.#durability === 'async') this.#waiters.wakeAll();
  }

  /** Who waits is to look at the log again. */
  wakeAll(): void {
    this.#waiters.wakeAll();
  }

  /** On disk up to the present tail, whatever the durability. Who comes meanwhile waits on. */
  async harden(): Promise<void> {
    const target = this.#log.tail.lsn;
    while (this.#position.lsn < target) {
      const { failure } = this.#log;
      if (failure !== null) throw failure;
      this.#syncing ??= this.#datasync();
      await this.#syncing;
    }
  }

  /** Resolves when a record after `lsn` is on disk or the signal fires; rejects when it closes. */
  async waitAfter(lsn: LSN, signal: AbortSignal): Promise<void> {
    while (this.#position.lsn <= lsn && !signal.aborted) {
      const { isClosed, directory, tail } = this.#log;
      if (isClosed) {
        const state = 'its log is closed';
        throw databaseError('partitionNotOnline', { partition: directory, state });
      }
      // With durability `async` nobody else makes the record durable soon.
      const asked = this.#durability === 'async' && tail.lsn > lsn;
      await (asked ? this.harden() : this.#waiters.wait(signal));
    }
  }

  async #datasync(): Promise<void> {
    const reached = this.#log.tail;
    try {
      await this.#sync();
      const ours = reached.lsn <= this.#log.tail.lsn;
      if (ours && reached.lsn > this.#position.lsn) this.#position = reached;
    } finally {
      this.#syncing = null;
      this.#waiters.wakeAll();
    }
  }
}
