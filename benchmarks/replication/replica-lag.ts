// How long after its commit at the primary a transaction is seen at the secondary.

import type { Benchmark } from '#benchmarks/benchmark.ts';
import { quantile } from '#benchmarks/measure/statistics.ts';
import { formatTable } from '#benchmarks/measure/table.ts';
import { verifyBothSides, waitForRows } from './both-sides.ts';
import { OrderWriter } from './order-writer.ts';
import { withPairs } from './pairs.ts';
import type { PairClient, ReplicatedPair } from './replicated-pair.ts';

const RATES = [100, 500, 2000];
const LINES = 4;
const WARM_UP_SECONDS = 2;

interface Lag {
  readonly pair: string;
  readonly rate: number;
  readonly reached: number;
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export const replicaLag: Benchmark = {
  name: 'replica-lag',
  summary: 'commit at the primary to visible at the secondary, at 100, 500 and 2000 writes/s',
  run: (args, print) =>
    withPairs(args, async (pairs) => {
      const writers = new Map<ReplicatedPair, OrderWriter>();
      for (const pair of pairs) {
        await pair.follow();
        const writer = await OrderWriter.open(pair, LINES);
        writers.set(pair, writer);
        await writer.writeAtRate(RATES[0] ?? 1, WARM_UP_SECONDS);
      }
      const lags: Lag[] = [];
      for (const rate of RATES) {
        for (const [pair, writer] of writers) {
          lags.push(await measure(pair, writer, { rate, seconds: args.seconds }));
        }
      }
      for (const [pair, writer] of writers) {
        await waitForRows(pair, writer.written * LINES);
        await verifyBothSides(pair, writer.written * LINES);
        await writer.close();
      }
      const rows = lags.map((lag) => [
        lag.pair,
        String(lag.rate),
        lag.reached.toFixed(0),
        lag.p50Ms.toFixed(2),
        lag.p99Ms.toFixed(2),
        String(lag.samples),
      ]);
      const header = ['pair', 'asked tx/s', 'reached', 'p50 ms', 'p99 ms', 'samples'];
      for (const line of formatTable(header, rows)) print(line);
      print(`${LINES} rows a transaction. Verified: both sides hold the same rows.`);
      return lags;
    }),
};

async function measure(
  pair: ReplicatedPair,
  writer: OrderWriter,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<Lag> {
  const reader = await pair.connectSecondary();
  const lags: number[] = [];
  let over = false;
  let newest: { readonly orderId: number; readonly committedMs: number } | null = null;
  const probing = (async () => {
    while (!over) {
      const probe = newest;
      newest = null;
      if (probe === null) await new Promise(setImmediate);
      else lags.push(await untilSeen(reader, probe));
    }
  })();
  const reached = await writer.writeAtRate(rate, seconds, (orderId) => {
    newest = { orderId, committedMs: performance.now() };
  });
  over = true;
  await probing;
  await reader.end();
  const [p50Ms, p99Ms] = [quantile(lags, 0.5), quantile(lags, 0.99)];
  return { pair: pair.name, rate, reached, samples: lags.length, p50Ms, p99Ms };
}

/** Milliseconds from the acknowledgement to the first answer that has the whole order. */
async function untilSeen(
  reader: PairClient,
  { orderId, committedMs }: { readonly orderId: number; readonly committedMs: number },
): Promise<number> {
  for (;;) {
    const rows = await reader.query(`SELECT COUNT(*) FROM order_lines WHERE order_id = ${orderId}`);
    if (Number(rows[0]?.[0]) === LINES) return performance.now() - committedMs;
  }
}
