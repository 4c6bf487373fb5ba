// Opens the metadata store that the settings name, and brings what the other kind holds there.

import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import { readPrivateFile, writePrivateFile } from '#shared/private-file.ts';
import { MasterLease } from './master-lease.ts';
import type { MetadataStore } from './metadata-store.ts';
import { NatsMetadataStore, type NatsServers } from './nats-metadata-store.ts';
import { SqliteMetadataStore } from './sqlite-metadata-store.ts';

/** Where the metadata is kept. */
export interface MetadataPlace {
  /** The master aggregator's directory. */
  readonly dataDir: string;
  readonly clusterId: string;
  /** Null: a file in the directory. */
  readonly nats: NatsServers | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OpenMetadata {
  readonly store: MetadataStore;
  /** Null where the store is a file of this directory, which lets in one process. */
  readonly lease: MasterLease | null;
}

const fileName = 'metadata.sqlite';
/** Says that the metadata is elsewhere: an empty file beside it would be an empty cluster. */
const markerName = 'metadata-place';
const markerText = 'nats\n';
/** Who this directory's master is, for the lease. */
const holderName = 'lease-holder';

/** The bucket of a cluster. */
function bucketOf(clusterId: string): string {
  return `twinleaf-${clusterId}`;
}

/** The store, with the right to be the one master that uses it. See openStore and takeLease. */
export async function openMetadata(place: MetadataPlace): Promise<OpenMetadata> {
  const { nats } = place;
  const lease = nats === null ? null : await takeLease(place, nats);
  try {
    return { store: await openStore(place), lease };
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

/**
 * The store. At the first start with NATS, what the file holds is put there, and the file is set
 * aside. Throws metadataUnavailable, also where the metadata was put into NATS and NATS is not
 * what was asked for.
 */
async function openStore(place: MetadataPlace): Promise<MetadataStore> {
  const { dataDir, clusterId, nats } = place;
  const file = join(dataDir, fileName);
  const marker = join(dataDir, markerName);
  const isElsewhere = readPrivateFile(marker) === markerText;
  if (nats === null) {
    if (!isElsewhere) return SqliteMetadataStore.open(file);
    const reason = 'it was moved there: start with the same --metadata-nats';
    throw databaseError('metadataUnavailable', { place: 'NATS', reason });
  }
  const store = await NatsMetadataStore.open({ ...nats, bucket: bucketOf(clusterId) });
  if (isElsewhere) return store;
  try {
    if (existsSync(file)) await copyAll(file, store);
    writePrivateFile(marker, markerText);
    if (existsSync(file)) renameSync(file, `${file}.moved`);
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

/** The right to be the one master of the cluster, kept in a bucket of its own beside the store. */
async function takeLease(
  { dataDir, clusterId, clock, logger }: MetadataPlace,
  nats: NatsServers,
): Promise<MasterLease> {
  const path = join(dataDir, holderName);
  const known = readPrivateFile(path)?.trim();
  const holder = known ?? Buffer.from(clock.randomBytes(8)).toString('hex');
  if (known === undefined) writePrivateFile(path, `${holder}\n`);
  const store = await NatsMetadataStore.open({ ...nats, bucket: `${bucketOf(clusterId)}-lease` });
  try {
    return await MasterLease.acquire({ store, holder, clock, logger });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** May be done again after a crash: nobody uses the new store before it is complete. */
async function copyAll(file: string, to: MetadataStore): Promise<void> {
  const from = SqliteMetadataStore.open(file);
  try {
    for (const { key, value } of await from.list('')) await to.put(key, value);
  } finally {
    await from.close();
  }
}
