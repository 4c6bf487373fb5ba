// The demo: two clusters of real processes on this machine, and one database that follows another.
//
// `npm run demo` goes on until Ctrl-C; `npm run demo -- --once` ends by itself, with status 0 when
// both sides were equal.

import { Demo } from './demo.ts';

const once = process.argv.slice(2).includes('--once');
const unknown = process.argv.slice(2).find((argument) => argument !== '--once');
if (unknown !== undefined) {
  process.stderr.write(`demo: unknown argument '${unknown}'; there is --once\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await new Demo(once).run();
}
