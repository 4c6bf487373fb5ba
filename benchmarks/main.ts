// `npm run bench`: lists the benchmarks, or runs one and prints what it measured.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArguments, usage } from './arguments.ts';
import type { Benchmark } from './benchmark.ts';
import { profileLines } from './measure/cpu-profile.ts';
import { describeMachine, hasProgram, machineLine } from './measure/machine.ts';
import { reads } from './reads/reads.ts';
import { replicaCatchUp } from './replication/replica-catch-up.ts';
import { replicaCopy } from './replication/replica-copy.ts';
import { replicaCost } from './replication/replica-cost.ts';
import { replicaLag } from './replication/replica-lag.ts';
import { workloadBenchmark } from './workload-benchmark.ts';
import { workloads } from './workloads.ts';

function allBenchmarks(): Benchmark[] {
  const replication = [replicaLag, replicaCatchUp, replicaCopy, replicaCost];
  return [...workloads.map(workloadBenchmark), ...reads, ...replication];
}

function listBenchmarks(benchmarks: readonly Benchmark[]): string {
  const width = Math.max(...benchmarks.map(({ name }) => name.length));
  const lines = benchmarks.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [usage, '', 'Benchmarks:', ...lines].join('\n');
}

async function main(): Promise<void> {
  const benchmarks = allBenchmarks();
  const args = parseArguments(process.argv.slice(2));
  const benchmark = benchmarks.find(({ name }) => name === args.name);
  if (benchmark === undefined) {
    console.log(listBenchmarks(benchmarks));
    if (args.name !== null) throw new Error(`there is no benchmark ${args.name}`);
    return;
  }
  if (!hasProgram('mariadbd')) throw new Error('MariaDB is not installed (mariadb-server)');
  const machine = describeMachine();
  console.log(machineLine(machine));
  const results = await benchmark.run(args, (line) => console.log(line));
  if (args.profile !== null) {
    const root = fileURLToPath(new URL('..', import.meta.url)).slice(0, -1);
    for (const line of profileLines(args.profile, root)) console.log(line);
  }
  if (args.json === null) return;
  writeFileSync(args.json, JSON.stringify({ name: benchmark.name, machine, results }, null, 2));
}

// Whatever was started ends with this process: one listener a server and a directory, of which
// some runs have more than the ten that Node takes for a leak.
process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
