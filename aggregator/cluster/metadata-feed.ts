// The metadata store as child aggregators follow it: all of it, then each change, in order.

import type { MetadataChange, MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import { databaseError } from '#shared/error.ts';
import type { MetadataItem } from '#shared/wire/message.ts';
import { WaitingQueue } from './waiting-queue.ts';

/** Changes that wait for one aggregator; beyond them it starts again from the beginning. */
const waitingChangesMax = 10_000;

/** Lives as long as its store. */
export class MetadataFeed {
  readonly #store: MetadataStore;
  readonly #listeners = new Set<(change: MetadataChange) => void>();
  #revision = 0;

  private constructor(store: MetadataStore) {
    this.#store = store;
  }

  static async open(store: MetadataStore): Promise<MetadataFeed> {
    const feed = new MetadataFeed(store);
    (await store.watch('')).subscribe((change) => feed.#tell(change));
    for (const { revision } of await store.list('')) feed.#pass(revision);
    return feed;
  }

  /** The newest revision that followers have been told of, or will be. */
  get revision(): number {
    return this.#revision;
  }

  /** For ever, until `signal` fires. Throws where the follower is too slow. */
  async *follow(signal: AbortSignal): AsyncGenerator<MetadataItem> {
    const waiting = new WaitingQueue<MetadataChange>();
    const listen = (change: MetadataChange): void => waiting.push(change);
    this.#listeners.add(listen);
    try {
      for (const { key, value, revision } of await this.#store.list('')) {
        yield { kind: 'put', key, value, revision };
      }
      yield { kind: 'complete' };
      for await (const change of waiting.take(signal)) {
        if (waiting.length >= waitingChangesMax) throw databaseError('queryInterrupted', {});
        yield toItem(change);
      }
    } finally {
      this.#listeners.delete(listen);
    }
  }

  #tell(change: MetadataChange): void {
    this.#pass(change.kind === 'put' ? change.entry.revision : change.revision);
    for (const listen of this.#listeners) listen(change);
  }

  #pass(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }
}

function toItem(change: MetadataChange): MetadataItem {
  return change.kind === 'put' ? { kind: 'put', ...change.entry } : change;
}
