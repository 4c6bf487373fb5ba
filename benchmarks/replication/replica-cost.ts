// What a secondary costs: each side's CPU a write, while it follows and while it is paused.

import { realClock } from '#shared/clock.ts';
import type { Benchmark } from '#benchmarks/benchmark.ts';
import { cpuSeconds } from '#benchmarks/measure/process-cost.ts';
import { median, spread, SPREAD_MAX } from '#benchmarks/measure/statistics.ts';
import { formatTable } from '#benchmarks/measure/table.ts';
import { verifyBothSides, waitForRows } from './both-sides.ts';
import { OrderWriter } from './order-writer.ts';
import { withPairs } from './pairs.ts';
import type { ReplicatedPair } from './replicated-pair.ts';

const ROUNDS = 5;
const LINES = 4;
const RATE = 500;
/** Nothing is asked of either side for so long before the clock starts, and before it is read. */
const SETTLE_MS = 500;

/** CPU in microseconds a transaction. */
interface Cost {
  readonly alone: number;
  readonly followed: number;
  readonly secondary: number;
}

export const replicaCost: Benchmark = {
  name: 'replica-cost',
  summary: 'CPU a write at the primary with and without its follower, and at the secondary',
  run: (args, print) =>
    withPairs(args, async (pairs) => {
      const found = new Map<ReplicatedPair, { writer: OrderWriter; costs: Cost[] }>();
      for (const pair of pairs) {
        await pair.follow();
        const writer = await OrderWriter.open(pair, LINES);
        await writer.writeAtRate(RATE, args.seconds / 2);
        found.set(pair, { writer, costs: [] });
      }
      for (let round = 0; round < ROUNDS; round++) {
        for (const [pair, { writer, costs }] of found) {
          costs.push(await measure(pair, writer, args.seconds / ROUNDS));
        }
      }
      const rows: string[][] = [];
      for (const [pair, { writer, costs }] of found) {
        await waitForRows(pair, writer.written * LINES);
        await verifyBothSides(pair, writer.written * LINES);
        await writer.close();
        rows.push(rowOf(pair, costs));
      }
      const header = ['pair', 'alone µs', 'followed µs', 'ratio', 'secondary µs', 'a row there'];
      for (const line of formatTable(header, rows)) print(line);
      print(`CPU a transaction of ${LINES} rows at ${RATE}/s; alone: the secondary is paused.`);
      print('Verified: both sides hold the same rows. ?: the rounds lie too far apart.');
      return rows;
    }),
};

function rowOf(pair: ReplicatedPair, costs: readonly Cost[]): string[] {
  const ratios = costs.map(({ alone, followed }) => followed / alone);
  const secondary = median(costs.map((cost) => cost.secondary));
  return [
    pair.name,
    median(costs.map(({ alone }) => alone)).toFixed(0),
    median(costs.map(({ followed }) => followed)).toFixed(0),
    `${median(ratios).toFixed(2)}${spread(ratios) > SPREAD_MAX ? ' ?' : ''}`,
    secondary.toFixed(0),
    (secondary / LINES).toFixed(1),
  ];
}

async function measure(pair: ReplicatedPair, writer: OrderWriter, seconds: number): Promise<Cost> {
  await pair.pause();
  const [alone] = await costOf(pair, writer, seconds);
  await pair.resume();
  await waitForRows(pair, writer.written * LINES);
  const [followed, secondary] = await costOf(pair, writer, seconds);
  return { alone, followed, secondary };
}

/** CPU a transaction in microseconds: of the primary, of the secondary. */
async function costOf(
  pair: ReplicatedPair,
  writer: OrderWriter,
  seconds: number,
): Promise<[number, number]> {
  // What the waiting for rows has asked of a secondary is no part of what following costs it.
  await realClock.sleep(SETTLE_MS);
  const sides = (): number[] => [pair.primaryPids(), pair.secondaryPids()].map(cpuSeconds);
  const before = sides();
  const written = writer.written;
  await writer.writeAtRate(RATE, seconds);
  await realClock.sleep(SETTLE_MS);
  const count = writer.written - written;
  const [primary = 0, secondary = 0] = sides().map(
    (after, side) => ((after - (before[side] ?? 0)) * 1e6) / count,
  );
  return [primary, secondary];
}
