// `twinleaf log dump`: the records of a partition's log, one line each.

import { Args, Command, Flags } from '@oclif/core';
import { CommandError, UsageError } from '#cli/failure.ts';
import { describeRecord, recordToText } from '#leaf/log/describe-record.ts';
import { describeFault } from '#leaf/log/log-damage.ts';
import { findLog, listSegments, readSegments, UnreadableLog } from '#leaf/log/read-log.ts';

export class LogDumpCommand extends Command {
  static override summary = "Print the records of a partition's log.";
  static override description =
    'Reads a partition directory (`<leaf>/partitions/shop_0`) or one segment file of its ' +
    'log, and changes nothing: the leaf may be running. A line a record: term, LSN, time, ' +
    'origin, kind, transaction, participants, rows inserted (+), updated (~) and deleted (-) ' +
    'by table, bytes.';
  static override examples = [
    '<%= config.bin %> log dump ./leaf-1/partitions/shop_0 --from 1000 --to 1010 --rows',
  ];
  static override args = {
    path: Args.string({ description: 'partition directory or segment file', required: true }),
  };
  static override flags = {
    from: Flags.string({ description: 'first LSN to print', helpValue: 'LSN' }),
    to: Flags.string({ description: 'last LSN to print', helpValue: 'LSN' }),
    json: Flags.boolean({ description: 'print a JSON object a record' }),
    rows: Flags.boolean({ description: 'print the rows with their values too' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(LogDumpCommand);
    const from = flags.from === undefined ? 0n : toLsn('--from', flags.from);
    const to = flags.to === undefined ? null : toLsn('--to', flags.to);
    try {
      await dump(args.path, { from, to, json: flags.json, rows: flags.rows });
    } catch (error) {
      if (error instanceof UnreadableLog) throw new CommandError(error.message);
      throw error;
    }
  }
}

interface DumpOptions {
  readonly from: bigint;
  readonly to: bigint | null;
  readonly json: boolean;
  readonly rows: boolean;
}

async function dump(path: string, { from, to, json, rows }: DumpOptions): Promise<void> {
  const reading = readSegments(listSegments(findLog(path)), from);
  for (;;) {
    const step = reading.next();
    if (step.done === true) {
      const { fault, atTail } = step.value;
      if (fault !== null && !atTail) throw new CommandError(describeFault(fault));
      if (fault !== null) process.stderr.write(`twinleaf: ${describeFault(fault)}\n`);
      return;
    }
    const { record, sizeBytes } = step.value;
    if (record.lsn < from) continue;
    if (to !== null && record.lsn > to) return;
    const described = describeRecord(record, sizeBytes, rows);
    await print(json ? JSON.stringify(described) : recordToText(described));
  }
}

/** Waits for a reader that is slower than the log. */
async function print(line: string): Promise<void> {
  if (process.stdout.write(`${line}\n`)) return;
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}

function toLsn(flag: string, text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new UsageError(`${flag} must be an LSN, a whole number, not '${text}'`);
}
