// The demo: two clusters of real processes on this machine, and one database that follows another.
//
// `npm run demo` goes on until Ctrl-C; `npm run demo -- --once` ends by itself, with status 0 when
// both sides were equal.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Demo } from './demo.ts';

/** Under the checkout, where it can be found; not in the version control. */
const defaultDirectory = fileURLToPath(new URL('../../.twinleaf/demo', import.meta.url));

/** The exit status. */
async function main(): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      options: { once: { type: 'boolean' }, directory: { type: 'string' } },
    }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`demo: ${reason}. There are --once and --directory DIR\n`);
    return 2;
  }
  const { once = false, directory = defaultDirectory } = values;
  return new Demo({ once, directory }).run();
}

process.exitCode = await main();
