// Makes the file anew that a log leads to, and says whether the partition's file is the same.

import { rmSync } from 'node:fs';
import { listSegments, readSegments } from '#leaf/log/read-log.ts';
import { must } from '#shared/assert.ts';
import type { Position } from '#shared/log/lsn.ts';
import { checksum, type Checksum } from './checksum.ts';
import { ReaderPool } from './reader-pool.ts';
import { ReferenceFile } from './reference-file.ts';
import { Replay } from './replay.ts';
import { createStateFile, StateFile, type PartitionMeta } from './state-file.ts';
import { Verdicts } from './verdicts.ts';

/** Records replayed in one SQLite transaction. */
const RECORDS_PER_COMMIT = 1000;

/**
 * Replays a log that still begins with its first record, up to where the file stands, into a new
 * file at `scratch` (which is deleted again). Answers the first table that differs, or ''.
 */
export async function compareWithLog(options: {
  readonly file: string;
  readonly log: string;
  readonly meta: PartitionMeta;
  readonly scratch: string;
}): Promise<string> {
  const { file, log, meta, scratch } = options;
  removeFile(scratch);
  try {
    createStateFile(scratch, meta);
    replayInto(scratch, log, meta.applied);
    const [ours, logged] = [await digest(file), await digest(scratch)];
    return firstDifference(ours, logged);
  } finally {
    removeFile(scratch);
  }
}

function replayInto(scratch: string, log: string, until: Position): void {
  const file = new StateFile(scratch, new ReferenceFile(null));
  try {
    const replay = new Replay({ name: 'rebuilt', file, verdicts: new Verdicts(file) });
    let count = 0;
    for (const { record } of readSegments(listSegments(log))) {
      if (record.lsn > until.lsn) break;
      if (!file.inTransaction) file.begin(false);
      replay.apply(record);
      count += 1;
      if (count % RECORDS_PER_COMMIT === 0) commit(file, replay);
    }
    if (file.inTransaction) commit(file, replay);
  } finally {
    file.close();
  }
}

function commit(file: StateFile, replay: Replay): void {
  replay.finish();
  file.commit();
}

async function digest(path: string): Promise<Checksum> {
  const readers = new ReaderPool(path, new ReferenceFile(null));
  try {
    return await checksum(readers);
  } finally {
    readers.close();
  }
}

function firstDifference(ours: Checksum, logged: Checksum): string {
  if (ours.position.lsn !== logged.position.lsn) {
    return `the file stands at record ${ours.position.lsn}, not at ${logged.position.lsn}`;
  }
  const names = new Set([...ours.tables, ...logged.tables].map(({ name }) => name));
  for (const name of names) {
    const mine = ours.tables.find((table) => table.name === name);
    const other = logged.tables.find((table) => table.name === name);
    if (mine === undefined) return `table ${name} is missing in the file`;
    if (other === undefined) return `table ${name} is in the file and not in the log`;
    if (mine.digest === other.digest) continue;
    const rows = `${mine.rows} rows, and ${must(other).rows} by the log`;
    return `table ${name} differs from what the log leads to (${rows})`;
  }
  return '';
}

function removeFile(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}
