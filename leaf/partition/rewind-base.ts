// A copy of the partition before a definition: how a secondary gets back to where it was.
//
// Rows are taken back by inverting them; what a definition did to a table cannot be inverted. So a
// copy of the file is kept from before it, until every partition of the database has carried the
// definition out and no promotion can want to go back behind it. From the copy the log is replayed
// forward, or rows are taken back, to wherever it is wanted.

import { existsSync, linkSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '#shared/assert.ts';
import type { LSN } from '#shared/log/lsn.ts';
import { SqliteFile } from '#shared/sqlite-file.ts';
import type { PartitionCore } from './partition-core.ts';
import { ReferenceFile } from './reference-file.ts';
import { replayLog } from './replay-log.ts';
import type { Snapshots } from './snapshot.ts';
import { readMeta, StateFile } from './state-file.ts';
import { Verdicts } from './verdicts.ts';
import { undoInTurns } from './undo-rows.ts';
import { hasDefinitionAfter, preparedInTurns } from './visible-changes.ts';

function basePath(core: PartitionCore): string {
  return join(dirname(core.file.path), 'base.sqlite');
}

function rewoundPath(core: PartitionCore): string {
  return `${basePath(core)}.rewound`;
}

function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

/** Keeps the partition as it is, unless an older copy is kept still. */
export async function keepBase(core: PartitionCore, snapshots: Snapshots): Promise<void> {
  const path = basePath(core);
  if (existsSync(path)) return;
  const { path: copy } = await snapshots.take();
  linkSync(copy, path);
}

/** Nobody will want to go back. */
export function dropBase(core: PartitionCore): void {
  removeDatabase(basePath(core));
  removeDatabase(rewoundPath(core));
}

/**
 * Builds the partition's file as it was at `lsn`; answers where it is. Null when no copy from
 * before is kept, or the log no longer leads from it to there.
 */
export async function buildFromBase(core: PartitionCore, lsn: LSN): Promise<string | null> {
  const { log, name, environment } = core;
  const base = basePath(core);
  if (!existsSync(base) || lsn > log.tail.lsn) return null;
  const copy = SqliteFile.open(base, { readOnly: true });
  const { applied } = readMeta(copy);
  copy.close();
  if (log.reader.contains(applied) !== 'same' || lsn + 1n < log.firstLsn) return null;
  if ((await preparedInTurns(log, lsn)) !== null) return null;
  const isBehind = lsn < applied.lsn;
  if (isBehind && (await hasDefinitionAfter(log, lsn, applied.lsn))) return null;
  const path = rewoundPath(core);
  // What a crash has left must not be taken for this one's WAL.
  removeDatabase(path);
  await copyFile(base, path);
  const file = new StateFile(path, new ReferenceFile(null));
  try {
    await environment.startWal(path);
    if (isBehind) {
      file.begin(false);
      const target = { connection: file.connection, partition: name, clock: environment.clock };
      await undoInTurns(file, { log, target, undone: { from: applied.lsn, to: lsn } });
      file.commit();
    } else {
      const verdicts = new Verdicts(file);
      await replayLog({ name, file, log, verdicts, clock: environment.clock, last: lsn });
    }
    // Else the event loop would wait for the whole copy to be on disk.
    await environment.checkpoint(path);
    assert(file.connection.emptyWal(), 'nobody else reads a file that is being made');
  } finally {
    file.close();
  }
  return path;
}
