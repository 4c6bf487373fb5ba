// The SQLite workers of a leaf: started when there is work, at most so many, ended when idle.
//
// A worker has many statements open and is at one of them at a time, so a client that reads slowly
// holds no worker. One whose statement is given up in the middle of a long step is ended and
// replaced; the others' statements that have shown no row yet begin again elsewhere.
//
// A transaction has its worker to itself: its COMMIT, which everybody who writes to the partition
// waits for, would otherwise stand behind whatever somebody else reads there. Only where there are
// more transactions than workers do they share.

import type { Clock, Timer } from '#shared/clock.ts';
import type { Logger } from '#shared/logger.ts';
import { WorkerLostError } from '#shared/worker/worker-process.ts';
import type { RowBatch } from '#shared/wire/message.ts';
import { readInWorker, type ScanTask } from './worker-scan.ts';
import { startWorker, type LeafWorker } from './leaf-worker.ts';
import type { WorkerPlace } from './worker-place.ts';
import { WorkerTransaction } from './worker-transaction.ts';
import type { WorkerFile } from './worker-message.ts';

/** A worker with nothing to do is ended after so long, but for the last one, in milliseconds. */
const IDLE_MS_MAX = 60_000;
/** How long a statement that was given up may still take before its worker is ended. */
const GRACE_MS = 50;
/** How long an idle worker may take to close a file. */
const FORGET_MS_MAX = 1000;

export interface WorkerPoolOptions {
  /** Workers for reads at most, as many of which run at once; and as many for transactions. */
  readonly size: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface PlaceUse {
  readonly path: string;
  readonly what: 'read' | 'transaction';
}

export class WorkerPool {
  #options: WorkerPoolOptions;
  #workers = new Set<LeafWorker>();
  /** With the file that each uses, and what for. */
  #places = new Map<WorkerPlace, PlaceUse>();
  #idleTimer: Timer | null = null;
  #closed = false;
  #counter = 0;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Processes that run now. */
  get size(): number {
    return this.#workers.size;
  }

  /** Those that are at a statement now. */
  get busy(): number {
    return [...this.#workers].filter((worker) => worker.load > 0).length;
  }

  processIds(): number[] {
    return [...this.#workers].flatMap(({ processId }) => processId ?? []);
  }

  /** A name for what is in a file from now on, unique in this pool. */
  nextGeneration(): string {
    this.#counter += 1;
    return `${this.#counter}`;
  }

  /** A statement's rows, read by a worker. Rejects with a DatabaseError. */
  read(task: ScanTask, signal?: AbortSignal): AsyncGenerator<RowBatch, void, undefined> {
    return readInWorker(this, task, signal);
  }

  /**
   * A transaction that writes, in a worker; `captures` where its changes will be asked for. The
   * caller holds the partition's write lock. `signal` ends the wait for a worker.
   */
  async begin(
    file: WorkerFile,
    how: { readonly foreignKeys: boolean; readonly captures: boolean },
    signal?: AbortSignal,
  ): Promise<WorkerTransaction> {
    const place = this.enter(file.path, 'transaction');
    const transaction = new WorkerTransaction(place);
    const end = (): void => void transaction.rollback();
    signal?.addEventListener('abort', end, { once: true });
    try {
      await transaction.begin(file, how);
    } catch (error) {
      place.leave();
      throw error;
    } finally {
      signal?.removeEventListener('abort', end);
    }
    return transaction;
  }

  /** A place for something new, to be left in the end. */
  enter(path: string, what: PlaceUse['what']): WorkerPlace {
    const worker = what === 'transaction' ? this.#pickAlone() : this.#pick();
    const owner = {};
    worker.owners.add(owner);
    const place: WorkerPlace = {
      owner,
      worker,
      ask: async (request) => {
        if (!this.#places.has(place)) throw new WorkerLostError(false);
        return worker.ask(owner, request);
      },
      interrupt: (isWanted) => this.#endSoon(worker, owner, isWanted),
      leave: () => this.#leave(place),
    };
    this.#places.set(place, { path, what });
    return place;
  }

  /** Nothing more is wanted: a worker that is still at its work is ended. */
  #leave(place: WorkerPlace): void {
    if (!this.#places.delete(place)) return;
    const { worker, owner } = place;
    worker.owners.delete(owner);
    worker.takeBack(owner);
    if (worker.isRunning(owner)) this.#endSoon(worker, owner);
    else this.#watchIdle();
  }

  /** Ends what reads the file and closes the connections to it. */
  async forget(path: string): Promise<void> {
    for (const [place, use] of [...this.#places]) {
      if (use.path !== path) continue;
      if (place.worker.isRunning(place.owner)) void place.worker.kill();
      place.leave();
    }
    await Promise.all([...this.#workers].map((worker) => this.#forgetIn(worker, path)));
  }

  /** Ends all workers. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#idleTimer?.cancel();
    await Promise.all([...this.#workers].map((worker) => worker.kill()));
  }

  /** Workers that may be given something, and those of them that transactions have. */
  #usable(): { readonly usable: readonly LeafWorker[]; readonly taken: ReadonlySet<LeafWorker> } {
    const usable = [...this.#workers].filter((worker) => !worker.isEnding);
    const held = [...this.#places].filter(([, { what }]) => what === 'transaction');
    const has = new Set(held.map(([{ worker }]) => worker));
    return { usable, taken: new Set(usable.filter((worker) => has.has(worker))) };
  }

  /**
   * For a read, the least loaded of those that no transaction has; a further one when all of them
   * have work and there may be more.
   */
  #pick(): LeafWorker {
    const { usable, taken } = this.#usable();
    const free = usable.filter((worker) => !taken.has(worker));
    const best = leastLoaded(free);
    if (best !== null && (best.load === 0 || free.length >= this.#options.size)) return best;
    return this.#start();
  }

  /** For a transaction, one that nobody uses; that of another where there are too many. */
  #pickAlone(): LeafWorker {
    const { usable, taken } = this.#usable();
    const unused = usable.find((worker) => worker.load === 0 && worker.owners.size === 0);
    if (unused !== undefined) return unused;
    const shared = taken.size >= this.#options.size ? leastLoaded(taken) : null;
    return shared ?? this.#start();
  }

  #start(): LeafWorker {
    const { logger } = this.#options;
    const worker: LeafWorker = startWorker((how) => {
      this.#workers.delete(worker);
      if (!this.#closed) logger.info('A SQLite worker has ended.', { how });
    });
    this.#workers.add(worker);
    return worker;
  }

  #endSoon(worker: LeafWorker, owner: object, isWanted = (): boolean => true): void {
    this.#options.clock.after(GRACE_MS, () => {
      if (isWanted() && worker.isRunning(owner)) void worker.kill();
    });
  }

  async #forgetIn(worker: LeafWorker, path: string): Promise<void> {
    const timer = this.#options.clock.after(FORGET_MS_MAX, () => void worker.kill());
    try {
      await worker.ask({}, { kind: 'forget', path });
    } catch {
      // It has ended, and its connections with it.
    } finally {
      timer.cancel();
    }
  }

  #watchIdle(): void {
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#options.clock.after(IDLE_MS_MAX, () => {
      const [, ...others] = [...this.#workers].filter((worker) => worker.owners.size === 0);
      for (const worker of others) void worker.kill();
    });
  }
}

function leastLoaded(workers: Iterable<LeafWorker>): LeafWorker | null {
  let best: LeafWorker | null = null;
  for (const worker of workers) {
    if (best === null || weight(worker) < weight(best)) best = worker;
  }
  return best;
}

/** A worker that is at something weighs more than any number of open statements. */
function weight(worker: LeafWorker): number {
  return worker.load * 1_000_000 + worker.owners.size;
}
