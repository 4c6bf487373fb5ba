// Benchmarks of reads: sysbench drives every server in turns, and the kernel counts their CPU.

import { realClock } from '#shared/clock.ts';
import type { BenchArguments } from '#benchmarks/arguments.ts';
import type { Benchmark, Print } from '#benchmarks/benchmark.ts';
import { cpuSeconds, descendants } from '#benchmarks/measure/process-cost.ts';
import { median, spread, SPREAD_MAX } from '#benchmarks/measure/statistics.ts';
import { formatTable } from '#benchmarks/measure/table.ts';
import { connectTo, type DatabaseServer } from '#benchmarks/peers/database-server.ts';
import { startServers } from '#benchmarks/peers/servers.ts';
import { prepareSysbench, runSysbench, sysbenchDatabase, type SysbenchRun } from './sysbench.ts';

const ROUNDS = 5;
const WARM_UP_SECONDS = 2;
/** What a server still does when the clients have their answers belongs to the round. */
const SETTLE_MS = 200;

export interface SysbenchBenchmark {
  readonly name: string;
  readonly summary: string;
  readonly script: string;
  /** What is counted: queries, or events where an event is more than its queries. */
  readonly unit: 'queries' | 'events';
  readonly options: readonly string[];
  /** More options for our own dialect. */
  readonly twinleafOptions?: readonly string[];
}

/** One server in one round. */
interface Sample {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly p95Ms: number;
}

interface Setting {
  readonly threads: number;
  readonly prepared: boolean;
}

export function sysbenchBenchmark(benchmark: SysbenchBenchmark): Benchmark {
  const { name, summary } = benchmark;
  return { name, summary, run: (args, print) => measureAll(benchmark, args, print) };
}

const defaultServers = ['mariadb', 'twinleaf', 'twinleaf-separate'];

async function measureAll(benchmark: SysbenchBenchmark, args: BenchArguments, print: Print) {
  const servers = await startServers(args.servers ?? defaultServers, args.profile);
  try {
    for (const server of servers) await fill(benchmark, server);
    const results = [];
    for (const protocol of ['text', 'prepared']) {
      if (args.protocols?.includes(protocol) === false) continue;
      for (const threads of args.clients) {
        const setting = { threads, prepared: protocol === 'prepared' };
        const figures = await measure(benchmark, servers, setting, args.seconds);
        printFigures(benchmark, setting, figures, print);
        results.push({ setting, figures });
      }
    }
    return results;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function runOf(
  benchmark: SysbenchBenchmark,
  { login, dialect }: DatabaseServer,
  { threads, prepared }: Setting,
): Omit<SysbenchRun, 'seconds'> {
  const more = dialect === 'twinleaf' ? (benchmark.twinleafOptions ?? []) : [];
  const options = [...benchmark.options, ...more];
  return { script: benchmark.script, options, login, threads, prepared };
}

async function fill(benchmark: SysbenchBenchmark, server: DatabaseServer): Promise<void> {
  const connection = await connectTo(server.login);
  await connection.query(`CREATE DATABASE ${sysbenchDatabase}`);
  await connection.end();
  await prepareSysbench(runOf(benchmark, server, { threads: 1, prepared: false }));
}

async function measure(
  benchmark: SysbenchBenchmark,
  servers: readonly DatabaseServer[],
  setting: Setting,
  seconds: number,
) {
  const samples = new Map<DatabaseServer, Sample[]>(servers.map((server) => [server, []]));
  const each = Math.max(1, Math.round(seconds / ROUNDS));
  for (let round = -1; round < ROUNDS; round++) {
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      const run = runOf(benchmark, server, setting);
      const sample = await sampleOf(benchmark, server, {
        ...run,
        seconds: round < 0 ? WARM_UP_SECONDS : each,
      });
      if (round >= 0) samples.get(server)?.push(sample);
    }
  }
  const [first] = servers;
  const reference = (first === undefined ? [] : samples.get(first)) ?? [];
  return servers.map((server) => figuresOf(server, samples.get(server) ?? [], reference));
}

/** Its processes, and what they have started: long reads run in processes of their own. */
function allPids(server: DatabaseServer): number[] {
  return [...new Set(server.pids().flatMap(descendants))];
}

async function sampleOf(
  benchmark: SysbenchBenchmark,
  server: DatabaseServer,
  run: SysbenchRun,
): Promise<Sample> {
  const before = cpuSeconds(allPids(server));
  const result = await runSysbench(run);
  await realClock.sleep(SETTLE_MS);
  const used = cpuSeconds(allPids(server)) - before;
  const count = benchmark.unit === 'events' ? result.events : result.queries;
  return {
    perSecond: count / result.seconds,
    cpuMicroseconds: (used * 1e6) / count,
    p95Ms: result.p95Ms,
  };
}

function figuresOf(server: DatabaseServer, own: readonly Sample[], reference: readonly Sample[]) {
  const ratios = own.map(
    ({ cpuMicroseconds }, i) => cpuMicroseconds / (reference[i]?.cpuMicroseconds ?? NaN),
  );
  const speeds = own.map(({ perSecond }, i) => perSecond / (reference[i]?.perSecond ?? NaN));
  return {
    server: server.name,
    perSecond: median(own.map(({ perSecond }) => perSecond)),
    cpuMicroseconds: median(own.map(({ cpuMicroseconds }) => cpuMicroseconds)),
    p95Ms: median(own.map(({ p95Ms }) => p95Ms)),
    cpuRatio: median(ratios),
    speedRatio: median(speeds),
    noisy: spread(ratios) > SPREAD_MAX,
  };
}

function printFigures(
  { name, unit }: SysbenchBenchmark,
  { threads, prepared }: Setting,
  figures: readonly ReturnType<typeof figuresOf>[],
  print: Print,
): void {
  print('');
  print(`${name}, ${prepared ? 'prepared' : 'text'}, ${threads} thread${threads === 1 ? '' : 's'}`);
  const header = ['server', `${unit}/s`, 'CPU µs each', 'p95 ms', 'CPU ratio', 'speed ratio'];
  const rows = figures.map((each) => [
    each.server,
    each.perSecond.toFixed(0),
    each.cpuMicroseconds.toFixed(1),
    each.p95Ms.toFixed(2),
    `${each.cpuRatio.toFixed(2)}${each.noisy ? ' ?' : ''}`,
    each.speedRatio.toFixed(2),
  ]);
  for (const line of formatTable(header, rows)) print(line);
}
