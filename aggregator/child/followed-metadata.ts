// The metadata store as a child aggregator has it: a copy of the master's that follows every
// change. While the master is away it answers with what it has; nothing can be written then.

import { Subject, type Observable } from 'rxjs';
import {
  changesUnder,
  type MetadataChange,
  type MetadataEntry,
  type MetadataStore,
} from '#aggregator/metadata/metadata-store.ts';
import { databaseError } from '#shared/error.ts';
import type { MasterService, MetadataItem } from '#shared/wire/message.ts';

/** A statement that was forwarded waits so long, in milliseconds, for what it has changed. */
const catchUpMsMax = 10_000;

interface RevisionWaiter {
  readonly revision: number;
  readonly resolve: () => void;
}

/** Invariant: between two `follow`s it is a state that the master's store has had. */
export class FollowedMetadata implements MetadataStore {
  readonly #entries = new Map<string, MetadataEntry>();
  readonly #changes = new Subject<MetadataChange>();
  readonly #complete = Promise.withResolvers<void>();
  readonly #waiters = new Set<RevisionWaiter>();
  #master: MasterService | null = null;
  #revision = 0;

  /** Resolves when the whole store has come for the first time. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** The master aggregator. Throws masterUnreachable while it is away. */
  get master(): MasterService {
    if (this.#master === null) throw databaseError('masterUnreachable', {});
    return this.#master;
  }

  /** Follows the master's store for as long as the connection lives; ends by its error. */
  async follow(master: MasterService, signal: AbortSignal): Promise<void> {
    let missing: Set<string> | null = new Set(this.#entries.keys());
    this.#master = master;
    try {
      for await (const item of master.stream('metadata', {}, signal)) {
        if (item.kind === 'complete') {
          for (const key of missing ?? []) this.#forget(key, this.#revision);
          missing = null;
          this.#complete.resolve();
        } else {
          missing?.delete(item.key);
          this.#take(item);
        }
      }
    } finally {
      this.#master = null;
    }
    throw databaseError('masterUnreachable', {});
  }

  /** Resolves when the copy has come so far, or after a while without that. */
  async reached(revision: number, sleep: (ms: number) => Promise<void>): Promise<void> {
    if (this.#revision >= revision) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { revision, resolve };
    this.#waiters.add(waiter);
    await Promise.race([promise, sleep(catchUpMsMax)]);
    this.#waiters.delete(waiter);
  }

  /** The master's own entry: who changes it must not go by a copy. */
  async get(key: string): Promise<MetadataEntry | null> {
    const { entry } = await this.master.call('metadataGet', { key });
    return entry === null ? null : { key, ...entry };
  }

  async list(prefix: string): Promise<readonly MetadataEntry[]> {
    return [...this.#entries.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  async put(key: string, value: unknown, expected?: number): Promise<number | null> {
    const request = { key, value, expected: expected ?? null };
    return (await this.master.call('metadataPut', request)).revision;
  }

  async delete(): Promise<boolean> {
    throw databaseError('notMasterAggregator', {});
  }

  async watch(prefix: string): Promise<Observable<MetadataChange>> {
    return changesUnder(this.#changes, prefix);
  }

  async close(): Promise<void> {
    this.#changes.complete();
  }

  #take(item: Exclude<MetadataItem, { kind: 'complete' }>): void {
    if (item.kind === 'delete') return this.#forget(item.key, item.revision);
    const { key, value, revision } = item;
    if (this.#entries.get(key)?.revision === revision) return;
    const entry = { key, value, revision };
    this.#entries.set(key, entry);
    this.#changes.next({ kind: 'put', entry });
    this.#pass(revision);
  }

  #forget(key: string, revision: number): void {
    if (this.#entries.delete(key)) this.#changes.next({ kind: 'delete', key, revision });
    this.#pass(revision);
  }

  #pass(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    for (const waiter of this.#waiters) {
      if (waiter.revision <= this.#revision) waiter.resolve();
    }
  }
}
