// `twinleaf log verify`: is what a leaf has on disk what it promised to keep?

import { Args, Command, Flags } from '@oclif/core';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CommandError } from '#cli/failure.ts';
import type { PartitionReport } from '#leaf/partition/verify-partition.ts';
import { findPartitions, verifyPartition } from '#leaf/partition/verify-partition.ts';

export class LogVerifyCommand extends Command {
  static override summary = 'Verify the logs and SQLite files of partitions.';
  static override description =
    "Reads a partition directory, a leaf's data directory or that of `twinleaf start`, and " +
    'changes nothing: the leaf may be running. Checks every record (CRC, hash chain, LSN), the ' +
    'segments in their order, the SQLite file, and that the file lies on the chain of its log. ' +
    'Ends with status 1 when something is damaged, and says what and where.';
  static override examples = ['<%= config.bin %> log verify ./leaf-1'];
  static override args = {
    directory: Args.string({ description: 'data or partition directory', required: true }),
  };
  static override flags = {
    quick: Flags.boolean({
      description: "leave out the comparison of SQLite's indexes with their tables",
    }),
    rebuild: Flags.boolean({
      description:
        'replay each log that still begins with its first record into a new file, and compare ' +
        'the rows: stop the leaf for that',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LogVerifyCommand);
    const directories = partitionsAt(args.directory);
    const scratch = flags.rebuild ? await mkdtemp(join(tmpdir(), 'twinleaf-verify-')) : null;
    const depth = flags.quick ? 'quick' : 'full';
    const faults: string[] = [];
    try {
      for (const directory of directories) {
        const file = scratch === null ? null : join(scratch, 'data.sqlite');
        const report = await verifyPartition(directory, { depth, scratch: file });
        process.stdout.write(`${lineOf(report)}\n`);
        if (report.fault !== '') faults.push(report.fault);
      }
    } finally {
      if (scratch !== null) await rm(scratch, { recursive: true, force: true });
    }
    const [first] = faults;
    if (first === undefined) return;
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
    throw new CommandError(`${first}${more}`);
  }
}

function partitionsAt(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new CommandError(`there is no directory ${path}`);
  }
  const found = findPartitions(path);
  if (found.length === 0) throw new CommandError(`there is no partition in ${path}`);
  return found;
}

function lineOf({ directory, meta, log, notes, fault }: PartitionReport): string {
  const words = [basename(directory), fault === '' ? 'ok' : 'DAMAGED'];
  if (meta !== null) words.push(meta.role, `applied=${meta.applied.term}:${meta.applied.lsn}`);
  if (log !== null) {
    words.push(`log=${log.firstLsn}..${log.tail.lsn}`, `segments=${log.segments}`);
    words.push(`records=${log.records}`, `bytes=${log.sizeBytes}`);
  }
  const said = notes.map((note) => `; ${note}`).join('');
  return `${words.join(' ')}${said}`;
}
