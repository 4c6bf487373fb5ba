// What the cluster must remember of a database that follows another: kept in the metadata store.

import type { MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import { keyWord } from '#aggregator/metadata/store-key.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { uriText } from './status-columns.ts';

const prefix = 'link/';

/**
 * What is to be, whatever is: starting → replicating ⇄ paused, any → stopping → (no record), and
 * returning → replicating. `starting`, `stopping` and `returning` are seen after a crash, or while
 * a leaf is away: the first is undone, the others are finished.
 */
export type LinkIntent = 'starting' | 'returning' | 'replicating' | 'paused' | 'stopping';

/** Where a partition and the new primary's part. Null: a log no longer reaches back to it. */
export interface PartingPoint {
  readonly ordinal: number;
  readonly lsn: LSN | null;
}

export interface LinkRecord {
  /** The database here. */
  readonly database: string;
  readonly intent: LinkIntent;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** seal-password.ts. */
  readonly sealedPassword: Uint8Array;
  /** The database at the primary. */
  readonly remoteDatabase: string;
  /** The primary's cluster id. */
  readonly primaryClusterId: string;
  /** While it is `stopping`: even where the first copy has not been found whole. */
  readonly force?: boolean;
  /** While it is `returning`: where every partition goes back to. */
  readonly partings?: readonly PartingPoint[];
}

export async function readLinkRecord(
  store: MetadataStore,
  database: string,
): Promise<LinkRecord | null> {
  const entry = await store.get(`${prefix}${keyWord(database)}`);
  return entry === null ? null : (entry.value as LinkRecord);
}

export async function listLinkRecords(store: MetadataStore): Promise<LinkRecord[]> {
  return (await store.list(prefix)).map(({ value }) => value as LinkRecord);
}

export async function writeLinkRecord(store: MetadataStore, record: LinkRecord): Promise<void> {
  await store.put(`${prefix}${keyWord(record.database)}`, record);
}

export async function removeLinkRecord(store: MetadataStore, database: string): Promise<void> {
  await store.delete(`${prefix}${keyWord(database)}`);
}

/** `host:port/database` of the primary. */
export function primaryUri(record: LinkRecord): string {
  return uriText(record, record.remoteDatabase);
}
