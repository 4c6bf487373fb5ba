// One master aggregator at a time on a metadata store that several machines can reach.
//
// The lease is one entry, which its holder rewrites at an interval, expecting the revision that it
// wrote last. Who wants it waits until the revision stands still for longer than a holder that
// lives would let it. No clocks are compared. A holder that could not rewrite it in time, or finds
// another revision, has lost it and must stop.

import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { MetadataStore } from './metadata-store.ts';

const key = 'master';

/** Between two rewritings, in milliseconds. */
const BEAT_MS = 3_000;
/** Without a rewriting for so long the holder gives up, before another may take over. */
const HELD_MS = 15_000;
/** A revision that stands still for so long has no holder. */
const FREE_MS = 20_000;

export interface LeaseOptions {
  /** The lease's own store, which is closed with it. */
  readonly store: MetadataStore;
  /** Who asks: whoever has the same name takes over at once (its directory lets in only one). */
  readonly holder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class MasterLease {
  readonly #options: LeaseOptions;
  readonly #lost = Promise.withResolvers<Error>();
  readonly #stopped = new AbortController();
  #revision: number;
  #beating: Promise<void> = Promise.resolve();

  private constructor(options: LeaseOptions, revision: number) {
    this.#options = options;
    this.#revision = revision;
  }

  /** Throws metadataUnavailable where another master aggregator holds it. */
  static async acquire(options: LeaseOptions): Promise<MasterLease> {
    const { store, holder, clock, logger } = options;
    let entry = await store.get(key);
    if (entry !== null && entry.value !== holder) {
      logger.info('waiting for the lease of another master aggregator to end', {});
      const { revision } = entry;
      await clock.sleep(FREE_MS);
      entry = await store.get(key);
      if (entry !== null && entry.revision !== revision) throw held();
    }
    const revision = await store.put(key, holder, entry?.revision ?? 0);
    if (revision === null) throw held();
    const lease = new MasterLease(options, revision);
    lease.#beating = lease.#beat();
    return lease;
  }

  /** Resolves, with the reason, when another may be master. */
  get lost(): Promise<Error> {
    return this.#lost.promise;
  }

  /** Lets the next one in at once. */
  async release(): Promise<void> {
    const { store, logger } = this.#options;
    this.#stopped.abort();
    await this.#beating;
    try {
      await store.delete(key, this.#revision);
      await store.close();
    } catch (error) {
      logger.warn('the lease of the master aggregator was left to end by itself', {}, error);
    }
  }

  async #beat(): Promise<void> {
    const { store, holder, clock, logger } = this.#options;
    const { signal } = this.#stopped;
    let beatAt = clock.monotonicMs();
    while (!signal.aborted) {
      try {
        await clock.sleep(BEAT_MS, signal);
        const asked = clock.monotonicMs();
        const revision = await store.put(key, holder, this.#revision);
        if (revision === null) {
          this.#lost.resolve(held());
          return;
        }
        this.#revision = revision;
        beatAt = asked;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn('the lease of the master aggregator could not be renewed', {}, error);
      }
      if (clock.monotonicMs() - beatAt > HELD_MS) {
        const reason = 'the lease could not be renewed in time';
        this.#lost.resolve(databaseError('metadataUnavailable', { place: 'NATS', reason }));
        return;
      }
    }
  }
}

function held(): Error {
  const reason = 'another master aggregator of this cluster is running';
  return databaseError('metadataUnavailable', { place: 'NATS', reason });
}
