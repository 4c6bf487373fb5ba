// npm run simulate: worlds by their seeds. The first that breaks a promise is named, with the
// command that repeats it.

import { parseArgs } from 'node:util';
import { runWorld } from './scenario.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '50' },
    from: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    log: { type: 'boolean', default: false },
  },
});

const first = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
const startedMs = performance.now();
const total = { worlds: 0, acknowledged: 0, refused: 0, unknown: 0, promoted: 0 };
let broken: unknown = null;
let current = first;

/** A promise that nobody waits for has failed: a fault of the product, or of the world. */
process.on('unhandledRejection', (error) => {
  if (error instanceof Error && error.name === 'SimulatedCrash') return;
  fail(error);
});

function fail(error: unknown): never {
  process.stdout.write(`${String(error instanceof Error ? (error.stack ?? error) : error)}\n`);
  if (error instanceof Error && error.cause !== undefined) {
    process.stdout.write(`because of ${String((error.cause as Error).stack ?? error.cause)}\n`);
  }
  process.stdout.write(`world ${current} is broken: npm run simulate -- --seed ${current}\n`);
  process.exit(1);
}

function isTimeLeft(): boolean {
  if (values.seconds === undefined) return true;
  return performance.now() - startedMs < Number(values.seconds) * 1000;
}

for (current = first; current < first + count && isTimeLeft(); current++) {
  try {
    const outcome = await runWorld({
      seed: current,
      say: (line) => {
        if (values.verbose || values.log) process.stdout.write(`${line}\n`);
      },
      logLevel: values.log ? 'debug' : 'error',
    });
    total.worlds += 1;
    total.acknowledged += outcome.acknowledged;
    total.refused += outcome.refused;
    total.unknown += outcome.unknown;
    total.promoted += outcome.promoted ? 1 : 0;
    if (values.verbose) process.stdout.write(`world ${current}: ${JSON.stringify(outcome)}\n`);
  } catch (error) {
    broken = error;
    break;
  }
}
if (broken !== null) fail(broken);
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
process.stdout.write(`${JSON.stringify(total)} in ${seconds} s\n`);
process.exit(0);
