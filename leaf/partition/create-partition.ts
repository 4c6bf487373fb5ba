// Makes the files of a new partition: whole, or not there at all.

import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Durability } from '#shared/cluster/topology.ts';
import { logStart } from '#shared/log/log-frame.ts';
import { Log } from '#leaf/log/log.ts';
import { syncDirectory, syncFile } from '#leaf/log/sync-files.ts';
import { partitionPaths, writeIncarnation } from './partition-directory.ts';
import type { PartitionEnvironment, PartitionPlace, PartitionRole } from './partition-options.ts';
import { createStateFile } from './state-file.ts';

/** What a partition is when it is made. */
export interface PartitionIdentity {
  readonly role: PartitionRole;
  readonly durability: Durability;
  /** The cluster's id. */
  readonly origin: string;
  /** See plan-version.ts. Absent: 0. */
  readonly incarnation?: number;
}

/** The directory, the file and the log; a primary opens term 1. */
export async function createPartitionFiles(
  place: PartitionPlace,
  identity: PartitionIdentity,
  environment: PartitionEnvironment,
): Promise<void> {
  // Until it has its name, a directory that is being made is nothing.
  const making = `${place.directory}.new`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  const paths = partitionPaths(making);
  createStateFile(paths.file, identity);
  environment.failpoint('amid-create');
  if (identity.incarnation !== undefined) await writeIncarnation(paths, identity.incarnation);
  const start = { position: logStart, timestamp: 0n };
  const { segmentBytesMax, hybridClock } = environment;
  await syncFile(paths.file);
  const { durability } = identity;
  const log = await Log.create(paths.log, start, { durability, segmentBytesMax });
  if (identity.role === 'primary') {
    const draft = { term: 1, timestamp: hybridClock.next(), origin: identity.origin };
    log.append({ ...draft, payload: { kind: 'term' } });
  }
  await log.close();
  await syncDirectory(making);
  environment.failpoint('before-create-name');
  renameSync(making, place.directory);
  await syncDirectory(dirname(place.directory));
  environment.failpoint('after-create-name');
}
