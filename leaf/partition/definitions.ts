// Steps of the schema, in order among the rows: serial with all writes, one record each.
//
// One that has many rows to copy runs in a worker's transaction, with the same order of steps:
//
//     the lock · BEGIN · the step → record appended → fdatasync → COMMIT → answers

import { must } from '#shared/assert.ts';
import { databaseError } from '#shared/error.ts';
import type { DefinitionChange } from '#shared/log/log-record.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { quoteIdentifier } from '#shared/sqlite-file.ts';
import { patientClaim } from '#shared/lock-claim.ts';
import type { WorkerTransaction } from '#leaf/worker/worker-transaction.ts';
import type { PartitionCore } from './partition-core.ts';
import { appendRecord, makeVisible, makeVisibleElsewhere } from './write-transaction.ts';
import { toClientError } from './write-steps.ts';

/** How long a definition waits for the write lock, in milliseconds. */
const DEFINITION_LOCK_WAIT_MS = 60_000;
/** Rows of a table that are copied on the event loop: some milliseconds. */
const ROWS_MAX = 5_000;
/** The same in a file so large that its rows may be long, in rows and pages of 4 KiB. */
const LONG_ROWS_MAX = 100;
const LARGE_FILE_PAGES = 16 * 1024;

/** Characters of statements that carry rows with them: some thousand rows. */
const TEXT_MAX = 256 * 1024;
/** To alter one of more tables than these, SQLite parses them all: 0.1 ms each. */
const TABLES_MAX = 500;

/** Carries out a step that the partition does not have yet; one it has is no error. */
export async function define(core: PartitionCore, change: DefinitionChange): Promise<void> {
  const { file, lock, environment, key } = core;
  if (file.meta.catalogVersion >= change.version) return;
  const claim = patientClaim(environment.hybridClock.next());
  await lock.acquire(claim, DEFINITION_LOCK_WAIT_MS);
  let lsn: LSN | null = null;
  try {
    if (file.meta.catalogVersion < change.version) {
      lsn = await (isLongDefinition(core, change)
        ? defineElsewhere(core, change)
        : defineLocked(core, change));
    }
  } finally {
    lock.release(claim);
  }
  if (lsn !== null) await environment.waitForFollowers(key, lsn);
}

/** Would the step hold up the event loop? As the writer's connection sees the tables now. */
export function isLongDefinition(core: PartitionCore, change: DefinitionChange): boolean {
  const { environment, file } = core;
  if (environment.workers === null || change.sqlite.length === 0) return false;
  if (change.sqlite.reduce((length, sql) => length + sql.length, 0) > TEXT_MAX) return true;
  const named = [...change.put.map(({ name }) => name), ...change.drop];
  const touched = named.filter((name) => file.hasTable(name));
  if (touched.length === 0) return false;
  if (file.tables.size > TABLES_MAX) return true;
  const pages = Number(file.connection.get('PRAGMA main.page_count')?.[0]);
  const rowsMax = pages > LARGE_FILE_PAGES ? LONG_ROWS_MAX : ROWS_MAX;
  return touched.some((name) => hasMoreRows(core, name, rowsMax));
}

/** Runs the step in a worker's transaction, which is open then. */
export async function beginDefinition(
  core: PartitionCore,
  change: DefinitionChange,
  signal?: AbortSignal,
): Promise<WorkerTransaction> {
  const workers = must(core.environment.workers, 'without workers no definition is long');
  // Foreign keys are off: to rebuild a table is not to delete its rows.
  const how = { foreignKeys: false, captures: false };
  const worker = await workers.begin(core.workerFile(), how, signal);
  const end = (): void => void worker.rollback();
  signal?.addEventListener('abort', end, { once: true });
  try {
    await worker.orRollback(() => worker.define(change));
  } finally {
    signal?.removeEventListener('abort', end);
  }
  return worker;
}

/** Ends a definition of that version that is not logged yet; another is left alone. */
export function interruptDefinition(core: PartitionCore, version: number): void {
  if (core.defining?.version === version) core.defining.end();
}

/** As beginDefinition; throws queryInterrupted where it is ended meanwhile. */
async function beginInterruptible(
  core: PartitionCore,
  change: DefinitionChange,
): Promise<WorkerTransaction> {
  const ended = new AbortController();
  core.defining = { version: change.version, end: () => ended.abort() };
  try {
    const worker = await beginDefinition(core, change, ended.signal);
    if (!ended.signal.aborted) return worker;
    await worker.rollback();
    throw databaseError('queryInterrupted', {});
  } catch (error) {
    throw ended.signal.aborted ? databaseError('queryInterrupted', {}, error) : error;
  } finally {
    core.defining = null;
  }
}

async function defineLocked(core: PartitionCore, change: DefinitionChange): Promise<LSN> {
  const { file } = core;
  file.begin(false);
  try {
    file.define(change);
  } catch (error) {
    file.rollback();
    throw toClientError(error, file, { sql: must(change.sqlite[0] ?? ''), values: [], row: 1 });
  }
  core.environment.failpoint('after-define');
  const record = await appendRecord(core, { kind: 'definition', change });
  await makeVisible(core, record);
  return record.position.lsn;
}

async function defineElsewhere(core: PartitionCore, change: DefinitionChange): Promise<LSN> {
  const worker = await beginInterruptible(core, change);
  core.environment.failpoint('after-define');
  const payload = { kind: 'definition', change } as const;
  const record = await worker.orRollback(async () => appendRecord(core, payload));
  await makeVisibleElsewhere(core, { ...record, change }, worker);
  return record.position.lsn;
}

function hasMoreRows({ file }: PartitionCore, name: string, rows: number): boolean {
  // A reference table stands in another file, and of a definition for all some are left out here.
  const { connection } = file;
  const sql = "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = ?";
  if (connection.get(sql, [name]) === null) return false;
  const some = `SELECT 1 FROM main.${quoteIdentifier(name)} LIMIT ${rows + 1}`;
  return Number(connection.get(`SELECT count(*) FROM (${some})`)?.[0]) > rows;
}
