// Verifies a partition on disk, at rest or at work: its log, its SQLite file, and that they agree.

import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { segmentNames } from '#leaf/log/open-segments.ts';
import { UnreadableLog } from '#leaf/log/read-log.ts';
import { verifyLog, type LogReport } from '#leaf/log/verify-log.ts';
import { samePosition } from '#shared/log/log-frame.ts';
import { openWithFunctions } from '#shared/open-with-functions.ts';
import { checkFile } from './check-file.ts';
import { newestVerdict } from './late-sync.ts';
import { partitionPaths } from './partition-directory.ts';
import { compareWithLog } from './rebuild.ts';
import { readMeta, type PartitionMeta } from './state-file.ts';

export interface VerifyOptions {
  /** Of the SQLite file's check. */
  readonly depth: 'quick' | 'full';
  /** Where a file may be made for comparing the rows with the log; null: do not compare. */
  readonly scratch: string | null;
}

export interface PartitionReport {
  readonly directory: string;
  /** Null where the file could not be read. */
  readonly meta: PartitionMeta | null;
  /** Null where the log could not be read. */
  readonly log: LogReport | null;
  /** What is worth saying, and no fault. */
  readonly notes: readonly string[];
  /** A sentence about the first fault; '' when all is well. */
  readonly fault: string;
}

/** The directories of partitions at `path`: itself, or those of a leaf, or of several. */
export function findPartitions(path: string): string[] {
  if (isPartition(path)) return [path];
  const below = (directory: string): string[] =>
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/\.(?:new|dropped)$/.test(entry.name))
      .map(({ name }) => join(directory, name))
      .sort();
  const leaves = existsSync(join(path, 'partitions')) ? [path] : below(path);
  return leaves
    .map((leaf) => join(leaf, 'partitions'))
    .filter((partitions) => existsSync(partitions))
    .flatMap(below);
}

function isPartition(path: string): boolean {
  if (existsSync(join(path, 'data.sqlite'))) return true;
  return existsSync(join(path, 'log')) && segmentNames(join(path, 'log')).length > 0;
}

/** Verifies one partition. The leaf may be running. */
export async function verifyPartition(
  directory: string,
  options: VerifyOptions,
): Promise<PartitionReport> {
  const paths = partitionPaths(directory);
  const notes: string[] = [];
  const report = { directory, meta: null, log: null, notes };
  if (existsSync(paths.ready)) {
    const note = 'a snapshot is ready to take its place at the next start: verify it after that';
    return { ...report, notes: [note], fault: '' };
  }
  // The file first: a leaf at work takes its log further meanwhile, and never back.
  const file = checkFile(paths.file, options.depth);
  if (file !== '') return { ...report, fault: sentence(directory, file) };
  const meta = metaOf(paths.file);
  let log: LogReport;
  try {
    const strict = meta.role === 'primary' && meta.durability === 'sync';
    log = verifyLog(paths.log, { lookFor: meta.applied.lsn, strict });
  } catch (error) {
    if (!(error instanceof UnreadableLog) && !isMissing(error)) throw error;
    return { ...report, meta, fault: sentence(directory, messageOf(error)) };
  }
  notes.push(...log.notes);
  const found = { directory, meta, log, notes };
  if (log.fault === '' && lacksVerdict(paths.file, meta, log)) {
    notes.push(`its log lacks record ${meta.applied.lsn}, a verdict: the next start writes it`);
    return { ...found, fault: '' };
  }
  const fault = log.fault === '' ? disagreement(meta, log, notes) : log.fault;
  if (fault !== '') return { ...found, fault: sentence(directory, fault) };
  if (options.scratch === null) return { ...found, fault: '' };
  if (log.firstLsn > 1n) {
    notes.push(`its rows are not compared: its log begins at record ${log.firstLsn}`);
    return { ...found, fault: '' };
  }
  const { scratch } = options;
  const difference = await compareWithLog({ file: paths.file, log: paths.log, meta, scratch });
  return { ...found, fault: difference === '' ? '' : sentence(directory, difference) };
}

function metaOf(path: string): PartitionMeta {
  const file = openWithFunctions(path, { readOnly: true });
  try {
    return readMeta(file);
  } finally {
    file.close();
  }
}

/** Has a power cut taken the newest verdict, which the file has (late-sync.ts)? */
function lacksVerdict(path: string, meta: PartitionMeta, { tail }: LogReport): boolean {
  if (meta.durability !== 'sync' || tail.lsn + 1n !== meta.applied.lsn) return false;
  const connection = openWithFunctions(path, { readOnly: true });
  try {
    return newestVerdict({ connection, meta }, tail) !== null;
  } finally {
    connection.close();
  }
}

/** Why the file does not lie on the log's chain; '' when it does. */
function disagreement(
  { applied, durability, role }: PartitionMeta,
  log: LogReport,
  notes: string[],
): string {
  if (applied.lsn === 0n && log.at === null && log.firstLsn === 1n) return '';
  if (log.at !== null) {
    if (applied.lsn === 0n || samePosition(log.at, applied)) return '';
    return `its file and its log disagree about record ${applied.lsn}`;
  }
  if (applied.lsn < log.firstLsn) {
    return `its log begins after record ${applied.lsn}, where its file stands`;
  }
  if (durability === 'sync' && role !== 'secondary') {
    return `its log ends at record ${log.tail.lsn}, but its file holds record ${applied.lsn}`;
  }
  notes.push(`its log was cut at record ${log.tail.lsn}; the file holds record ${applied.lsn}`);
  return '';
}

function sentence(directory: string, fault: string): string {
  return `partition ${basename(directory)}: ${fault}`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
