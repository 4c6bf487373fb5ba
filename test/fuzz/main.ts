// `npm run fuzz`: a million mutated packets against the front door, or as many as told.
//
//   npm run fuzz -- --packets 20000 --seed 7

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fuzzFrontDoor } from './front-door-fuzzer.ts';

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
  },
});
const dataDir = mkdtempSync(join(tmpdir(), 'twinleaf-fuzz-'));
const started = performance.now();
let told = started;

const report = await fuzzFrontDoor({
  packets: Number(values.packets),
  seed: Number(values.seed),
  dataDir,
  onProgress(packets) {
    if (performance.now() - told < 10_000) return;
    told = performance.now();
    const rss = Math.round(process.memoryUsage().rss / 1e6);
    process.stdout.write(`${packets} packets, ${rss} MB\n`);
  },
});
rmSync(dataDir, { recursive: true, force: true });
const { faults, rssBytes, worstPingMs, ...counts } = report;
const seconds = (performance.now() - started) / 1000;
process.stdout.write(
  `${JSON.stringify(counts)} in ${seconds.toFixed(0)} s, ${Math.round(rssBytes / 1e6)} MB, ` +
    `worst ping ${Math.round(worstPingMs)} ms\n`,
);
for (const fault of faults.slice(0, 20)) process.stdout.write(`${fault.slice(0, 4000)}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
