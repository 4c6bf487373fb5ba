// Runs one command and turns whatever fails into one line and an exit status.

import { run } from '@oclif/core';
import { fileURLToPath } from 'node:url';
import { failureOf } from './failure.ts';

/** The exit status of `twinleaf` with these arguments. */
export async function main(args: readonly string[]): Promise<number> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  try {
    await run(withHelpAsFlag(args), { root });
    return 0;
  } catch (error) {
    const { status, line } = failureOf(error);
    if (line !== '') process.stderr.write(`twinleaf: ${line}\n`);
    return status;
  }
}

/** `twinleaf help log dump` means `twinleaf log dump --help`; nothing at all is a call for help. */
function withHelpAsFlag(args: readonly string[]): string[] {
  const [first, ...rest] = args;
  return first === undefined || first === 'help' ? [...rest, '--help'] : [...args];
}
