// How fast a secondary takes in what it has missed, and what each row costs it.

import type { Benchmark } from '#benchmarks/benchmark.ts';
import { cpuSeconds } from '#benchmarks/measure/process-cost.ts';
import { median } from '#benchmarks/measure/statistics.ts';
import { formatTable } from '#benchmarks/measure/table.ts';
import { verifyBothSides, waitForOrders, waitForRows } from './both-sides.ts';
import { OrderWriter } from './order-writer.ts';
import { withPairs } from './pairs.ts';
import type { ReplicatedPair } from './replicated-pair.ts';

const ROUNDS = 3;
const LINES = 4;
/** Transactions that are missed in a round, for each second of measuring that is asked for. */
const ORDERS_PER_SECOND = 1000;

interface CatchUp {
  readonly rowsPerSecond: number;
  readonly cpuMicroseconds: number;
}

export const replicaCatchUp: Benchmark = {
  name: 'replica-catch-up',
  summary: 'rows/s and CPU a row of a secondary that takes in what it has missed',
  run: (args, print) =>
    withPairs(args, async (pairs) => {
      const orders = Math.round(args.seconds * ORDERS_PER_SECOND);
      const found = new Map<ReplicatedPair, { writer: OrderWriter; rounds: CatchUp[] }>();
      for (const pair of pairs) {
        await pair.follow();
        const writer = await OrderWriter.open(pair, LINES);
        await writer.writeMany(orders / 10);
        found.set(pair, { writer, rounds: [] });
      }
      for (let round = 0; round < ROUNDS; round++) {
        for (const [pair, { writer, rounds }] of found) {
          rounds.push(await catchUp(pair, writer, orders));
        }
      }
      const rows: string[][] = [];
      for (const [pair, { writer, rounds }] of found) {
        await verifyBothSides(pair, writer.written * LINES);
        await writer.close();
        const speed = median(rounds.map((round) => round.rowsPerSecond));
        const cpu = median(rounds.map((round) => round.cpuMicroseconds));
        rows.push([pair.name, speed.toFixed(0), cpu.toFixed(1)]);
      }
      const header = ['pair', 'rows/s', 'CPU µs a row at the secondary'];
      for (const line of formatTable(header, rows)) print(line);
      print(`${orders} transactions of ${LINES} rows missed. Verified: both sides hold the same.`);
      return rows;
    }),
};

async function catchUp(
  pair: ReplicatedPair,
  writer: OrderWriter,
  orders: number,
): Promise<CatchUp> {
  await waitForRows(pair, writer.written * LINES);
  await pair.pause();
  await writer.writeMany(orders);
  const before = cpuSeconds(pair.secondaryPids());
  const started = performance.now();
  await pair.resume();
  await waitForOrders(pair, writer.written, LINES);
  const seconds = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(pair.secondaryPids()) - before;
  const rows = orders * LINES;
  return { rowsPerSecond: rows / seconds, cpuMicroseconds: (cpu * 1e6) / rows };
}
