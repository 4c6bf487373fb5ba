// A workload as a benchmark: the same clients at every server, with each number of clients.

import type { BenchArguments } from './arguments.ts';
import type { Benchmark, Print } from './benchmark.ts';
import { databaseName } from './driver/database-name.ts';
import { Driver } from './driver/driver.ts';
import type { Done, Protocol, Workload } from './driver/workload.ts';
import { runRound, summarize, type Figures, type Round } from './measure/paired-rounds.ts';
import { formatTable } from './measure/table.ts';
import { connectTo, type DatabaseServer } from './peers/database-server.ts';
import { startServers } from './peers/servers.ts';

const ROUNDS = 5;
/** Before the rounds of a setting, as a part of their time: caches fill and code is compiled. */
const WARM_UP = 0.3;

interface Setting {
  readonly clients: number;
  readonly protocol: Protocol;
}

interface Tally {
  readonly server: DatabaseServer;
  done: Done;
}

export function workloadBenchmark(workload: Workload): Benchmark {
  return {
    name: workload.name,
    summary: workload.summary,
    run: (args, print) => runWorkload(workload, args, print),
  };
}

const defaultServers = ['mariadb', 'twinleaf', 'twinleaf-separate'];

async function runWorkload(workload: Workload, args: BenchArguments, print: Print) {
  const servers = await startServers(args.servers ?? defaultServers, args.profile);
  try {
    const tallies: Tally[] = [];
    for (const server of servers) {
      await prepare(workload, server);
      tallies.push({ server, done: { operations: 0, sum: 0 } });
    }
    const results: { setting: Setting; figures: Figures[] }[] = [];
    for (const setting of settingsOf(workload, args)) {
      const figures = await measure(workload, setting, { tallies, seconds: args.seconds });
      printFigures(workload, setting, figures, print);
      results.push({ setting, figures });
    }
    print('Verified: every server holds what its clients did.');
    return results;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function prepare(workload: Workload, server: DatabaseServer): Promise<void> {
  const connection = await connectTo(server.login);
  await connection.query(`CREATE DATABASE ${databaseName}`);
  await connection.query(`USE ${databaseName}`);
  await workload.prepare(connection, server.dialect);
  await connection.end();
}

function settingsOf(workload: Workload, args: BenchArguments): Setting[] {
  const protocols = workload.protocols.filter((each) => args.protocols?.includes(each) ?? true);
  return protocols.flatMap((protocol) => args.clients.map((clients) => ({ clients, protocol })));
}

async function measure(
  workload: Workload,
  setting: Setting,
  { tallies, seconds }: { readonly tallies: readonly Tally[]; readonly seconds: number },
): Promise<Figures[]> {
  const drivers: Driver[] = [];
  try {
    for (const { server } of tallies) {
      const { login } = server;
      drivers.push(await Driver.open({ workload: workload.name, login, ...setting }));
    }
    const subjects = tallies.map(({ server }, at) => ({ server, driver: nth(drivers, at) }));
    const each = seconds / ROUNDS;
    const rounds: Round[][] = [];
    for (let number = -1; number < ROUNDS; number++) {
      const isWarmUp = number < 0;
      const round = await runRound(subjects, isWarmUp ? seconds * WARM_UP : each, number);
      round.forEach((one, at) => addTo(nth(tallies, at), one));
      if (!isWarmUp) rounds.push(round);
    }
    for (const tally of tallies) await verify(workload, tally);
    return summarize(
      tallies.map(({ server }) => server.name),
      rounds,
    );
  } finally {
    await Promise.all(drivers.map((driver) => driver.close()));
  }
}

function nth<T>(list: readonly T[], at: number): T {
  const item = list[at];
  if (item === undefined) throw new Error(`there is no ${at}`);
  return item;
}

function addTo(tally: Tally, { operations, sum }: Round): void {
  const { done } = tally;
  tally.done = { operations: done.operations + operations, sum: done.sum + sum };
}

async function verify(workload: Workload, { server, done }: Tally): Promise<void> {
  const connection = await connectTo(server.login, databaseName);
  await workload.verify(connection, done);
  await connection.end();
}

function printFigures(
  workload: Workload,
  { clients, protocol }: Setting,
  figures: readonly Figures[],
  print: Print,
): void {
  const { unit, rowsPerOperation } = workload;
  print('');
  print(`${workload.name}, ${protocol}, ${clients} client${clients === 1 ? '' : 's'}`);
  const withRows = rowsPerOperation > 1;
  const header = [
    'server',
    `${unit}/s`,
    ...(withRows ? ['rows/s'] : []),
    'CPU µs each',
    'p50 ms',
    'p99 ms',
    'CPU ratio',
    'speed ratio',
    'driver µs',
  ];
  const rows = figures.map((each) => [
    each.server,
    each.perSecond.toFixed(0),
    ...(withRows ? [(each.perSecond * rowsPerOperation).toFixed(0)] : []),
    each.cpuMicroseconds.toFixed(1),
    (each.p50Microseconds / 1000).toFixed(2),
    (each.p99Microseconds / 1000).toFixed(2),
    `${each.cpuRatio.toFixed(2)}${each.noisy ? ' ?' : ''}`,
    each.speedRatio.toFixed(2),
    each.driverMicroseconds.toFixed(0),
  ]);
  for (const line of formatTable(header, rows)) print(line);
  for (const line of remarks(figures)) print(line);
}

/** A driver process that uses this much of a core may have been the bottleneck. */
const DRIVER_BUSY = 0.9;

function remarks(figures: readonly Figures[]): string[] {
  return figures.flatMap(({ server, noisy, cpuRatioSpread, retries, driverBusiest }) => [
    ...(noisy
      ? [`? too noisy: ${server}'s ratios lie ${(cpuRatioSpread * 100).toFixed(0)} % apart`]
      : []),
    ...(retries > 0 ? [`${server}: ${retries} transactions were tried again`] : []),
    ...(driverBusiest > DRIVER_BUSY ? [`${server}: the driver was busy, its speed is more`] : []),
  ]);
}
