// How fast a secondary gets its first copy of a database that is there already.

import type { Benchmark } from '#benchmarks/benchmark.ts';
import { formatTable } from '#benchmarks/measure/table.ts';
import { verifyBothSides, waitForRows } from './both-sides.ts';
import { OrderWriter } from './order-writer.ts';
import { withPairs } from './pairs.ts';
import { ROW_BYTES, type ReplicatedPair } from './replicated-pair.ts';

const LINES = 100;
/** Rows for each second of measuring that is asked for. */
const ROWS_PER_SECOND = 30_000;
const BYTES_PER_MB = 1e6;

export const replicaCopy: Benchmark = {
  name: 'replica-copy',
  summary: 'MB/s of the first copy of a database at its secondary',
  run: (args, print) =>
    withPairs(args, async (pairs) => {
      const orders = Math.round((args.seconds * ROWS_PER_SECOND) / LINES);
      const bytes = orders * LINES * ROW_BYTES;
      const rows: string[][] = [];
      for (const pair of pairs) {
        const writer = await OrderWriter.open(pair, LINES);
        await writer.writeMany(orders);
        await writer.close();
        for (const [name, seconds] of await copies(pair, orders * LINES)) {
          rows.push([name, (bytes / BYTES_PER_MB / seconds).toFixed(1), seconds.toFixed(2)]);
        }
        await verifyBothSides(pair, orders * LINES);
      }
      for (const line of formatTable(['copy', 'MB/s', 'seconds'], rows)) print(line);
      const size = (bytes / BYTES_PER_MB).toFixed(0);
      print(`${orders * LINES} rows, ${size} MB of values. Verified: both sides hold the same.`);
      return rows;
    }),
};

async function copies(pair: ReplicatedPair, rows: number): Promise<[string, number][]> {
  const taken: [string, number][] = [];
  for (const [name, copy] of Object.entries(pair.copies)) taken.push([name, await copy()]);
  const started = performance.now();
  await pair.follow();
  await waitForRows(pair, rows);
  taken.push([`${pair.name}, by itself`, (performance.now() - started) / 1000]);
  return taken;
}
