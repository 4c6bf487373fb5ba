// The cluster's durable truth: keys and values, with compare-and-set and watch.
//
// Two implementations: one SQLite file at the master aggregator (sqlite-metadata-store.ts), and
// the key-value store of NATS JetStream (nats-metadata-store.ts).

import { filter, type Observable } from 'rxjs';
import { databaseError } from '#shared/error.ts';

export interface MetadataEntry {
  /** Words of letters, digits, `_` and `-`, between slashes: `database/shop`. */
  readonly key: string;
  /** Plain data: what the codec takes. */
  readonly value: unknown;
  /** Rises with every change of the store; above 0. */
  readonly revision: number;
}

export type MetadataChange =
  | { readonly kind: 'put'; readonly entry: MetadataEntry }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number };

export interface MetadataStore {
  get(key: string): Promise<MetadataEntry | null>;
  /** Every entry whose key begins with the prefix, in the order of the keys. */
  list(prefix: string): Promise<readonly MetadataEntry[]>;
  /**
   * Writes durably and answers the new revision. With `expected` only if that is the entry's
   * revision (0: there is none); else nothing happens and the answer is null.
   */
  put(key: string, value: unknown, expected?: number): Promise<number | null>;
  /** Removes durably. With `expected`, false when that is not the revision. */
  delete(key: string, expected?: number): Promise<boolean>;
  /**
   * Changes under the prefix from the answer on, in order, whoever makes them. Who subscribes
   * later than at once misses some.
   */
  watch(prefix: string): Promise<Observable<MetadataChange>>;
  close(): Promise<void>;
}

/** Of all changes of a store those whose keys begin with the prefix. */
export function changesUnder(
  changes: Observable<MetadataChange>,
  prefix: string,
): Observable<MetadataChange> {
  return changes.pipe(
    filter((change) => (change.kind === 'put' ? change.entry.key : change.key).startsWith(prefix)),
  );
}

/** Attempts of one change against others before it gives up. */
const updateAttemptsMax = 100;

/**
 * Changes one entry whatever others do: `change` gets the value (or null) and gives the next one;
 * it may be called again. Answers what was written.
 */
export async function updateMetadata<T>(
  store: MetadataStore,
  key: string,
  change: (value: unknown) => T,
): Promise<T> {
  for (let attempt = 0; attempt < updateAttemptsMax; attempt++) {
    const entry = await store.get(key);
    const value = change(entry?.value ?? null);
    if ((await store.put(key, value, entry?.revision ?? 0)) !== null) return value;
  }
  throw databaseError('internal', { reason: `metadata entry '${key}' changes without an end` });
}
