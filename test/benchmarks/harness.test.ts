// The harness itself, for a moment: real servers, real drivers, and rows that are counted.

import test from 'ava';
import { parseArguments } from '#benchmarks/arguments.ts';
import { workloadBenchmark } from '#benchmarks/workload-benchmark.ts';
import { insertRow } from '#benchmarks/writes/insert-row.ts';

test('harness: a write workload runs, and the server holds what its clients did', async (t) => {
  const args = parseArguments([
    ...['insert-row', '--seconds', '0.5', '--clients', '2'],
    ...['--protocols', 'text', '--servers', 'twinleaf'],
  ]);
  const lines: string[] = [];
  await workloadBenchmark(insertRow).run(args, (line) => lines.push(line));
  t.true(lines.some((line) => line.startsWith('twinleaf ')));
  t.is(lines.at(-1), 'Verified: every server holds what its clients did.');
});
