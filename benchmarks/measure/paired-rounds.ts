// Several servers under one workload: in turns, round by round, so that noise meets them alike.

import { realClock } from '#shared/clock.ts';
import type { Driver, DriverRound } from '#benchmarks/driver/driver.ts';
import type { DatabaseServer } from '#benchmarks/peers/database-server.ts';
import { cpuSeconds } from './process-cost.ts';
import { LatencyHistogram, median, SPREAD_MAX, spread } from './statistics.ts';

/** What a server still does for a round when the clients have their answers belongs to it. */
const SETTLE_MS = 200;

export interface Subject {
  readonly server: DatabaseServer;
  readonly driver: Driver;
}

/** One server in one round. */
export interface Round {
  readonly operations: number;
  readonly sum: number;
  readonly perSecond: number;
  /** CPU of all server processes, in microseconds an operation. */
  readonly cpuMicroseconds: number;
  readonly driverMicroseconds: number;
  readonly driverBusiest: number;
  readonly retries: number;
  readonly latencies: LatencyHistogram;
}

/** One server over all rounds; the ratios are to the first server in the same rounds. */
export interface Figures {
  readonly server: string;
  readonly operations: number;
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50Microseconds: number;
  readonly p99Microseconds: number;
  readonly driverMicroseconds: number;
  readonly driverBusiest: number;
  readonly retries: number;
  readonly cpuRatio: number;
  readonly cpuRatioSpread: number;
  readonly speedRatio: number;
  /** The paired ratios of CPU lie too far apart to conclude from. */
  readonly noisy: boolean;
}

/** Runs all subjects once, one after another; odd rounds in the other order. */
export async function runRound(
  subjects: readonly Subject[],
  seconds: number,
  number: number,
): Promise<Round[]> {
  const rounds = new Map<Subject, Round>();
  for (const subject of number % 2 === 0 ? subjects : subjects.toReversed()) {
    rounds.set(subject, await runOne(subject, seconds));
  }
  return subjects.flatMap((subject) => rounds.get(subject) ?? []);
}

async function runOne({ server, driver }: Subject, seconds: number): Promise<Round> {
  const before = cpuSeconds(server.pids());
  const ran: DriverRound = await driver.run(seconds);
  await realClock.sleep(SETTLE_MS);
  const used = cpuSeconds(server.pids()) - before;
  return {
    operations: ran.operations,
    sum: ran.sum,
    perSecond: ran.operations / ran.seconds,
    cpuMicroseconds: (used * 1e6) / ran.operations,
    driverMicroseconds: (ran.cpuSeconds * 1e6) / ran.operations,
    driverBusiest: ran.busiest,
    retries: ran.retries,
    latencies: ran.latencies,
  };
}

/** Medians over the rounds; `rounds[i]` holds the servers' rounds in the order of `names`. */
export function summarize(names: readonly string[], rounds: readonly Round[][]): Figures[] {
  return names.map((server, at) => {
    const own = rounds.flatMap((round) => round[at] ?? []);
    const pairs = rounds.flatMap((round) => {
      const [first, mine] = [round[0], round[at]];
      return first === undefined || mine === undefined ? [] : [{ first, mine }];
    });
    const ratios = pairs.map(({ first, mine }) => mine.cpuMicroseconds / first.cpuMicroseconds);
    const speeds = pairs.map(({ first, mine }) => mine.perSecond / first.perSecond);
    const latencies = new LatencyHistogram();
    for (const round of own) latencies.merge(round.latencies.buckets());
    return {
      server,
      operations: own.reduce((sum, round) => sum + round.operations, 0),
      perSecond: median(own.map((round) => round.perSecond)),
      cpuMicroseconds: median(own.map((round) => round.cpuMicroseconds)),
      p50Microseconds: latencies.percentile(0.5),
      p99Microseconds: latencies.percentile(0.99),
      driverMicroseconds: median(own.map((round) => round.driverMicroseconds)),
      driverBusiest: median(own.map((round) => round.driverBusiest)),
      retries: own.reduce((sum, round) => sum + round.retries, 0),
      cpuRatio: median(ratios),
      cpuRatioSpread: spread(ratios),
      speedRatio: median(speeds),
      noisy: spread(ratios) > SPREAD_MAX,
    };
  });
}
