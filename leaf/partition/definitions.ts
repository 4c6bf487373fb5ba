// Steps of the schema, in order among the rows: serial with all writes, one record each.

import { must } from '#shared/assert.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { PartitionCore } from './partition-core.ts';
import { appendRecord, makeVisible } from './write-transaction.ts';
import { toClientError } from './write-steps.ts';

/** How long a definition waits for the write lock, in milliseconds. */
const DEFINITION_LOCK_WAIT_MS = 60_000;

/** Carries out a step that the partition does not have yet; one it has is no error. */
export async function define(core: PartitionCore, change: DefinitionChange): Promise<void> {
  const { file, lock, environment, key } = core;
  if (file.meta.catalogVersion >= change.version) return;
  const startedAt = environment.hybridClock.next();
  const claim = { startedAt, wounds: false, wound: () => undefined };
  await lock.acquire(claim, DEFINITION_LOCK_WAIT_MS);
  let lsn: bigint | null = null;
  try {
    if (file.meta.catalogVersion < change.version) lsn = await defineLocked(core, change);
  } finally {
    lock.release(claim);
  }
  if (lsn !== null) await environment.waitForFollowers(key, lsn);
}

async function defineLocked(core: PartitionCore, change: DefinitionChange): Promise<bigint> {
  const { file } = core;
  // Foreign keys are off: to rebuild a table is not to delete its rows.
  file.begin(false);
  try {
    file.define(change);
  } catch (error) {
    file.rollback();
    throw toClientError(error, file, { sql: must(change.sqlite[0] ?? ''), values: [], row: 1 });
  }
  core.environment.failpoint('after-define');
  const record = appendRecord(core, { kind: 'definition', change });
  await makeVisible(core, record);
  return record.position.lsn;
}
