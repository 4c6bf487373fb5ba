// The pairs that the benchmarks of replication compare, by name.

import type { BenchArguments } from '#benchmarks/arguments.ts';
import { startMariadbPair } from './mariadb-pair.ts';
import { startPostgresqlPair } from './postgresql-pair.ts';
import type { ReplicatedPair } from './replicated-pair.ts';
import { startTwinleafPair } from './twinleaf-pair.ts';

const starts: Readonly<Record<string, (profile: string | null) => Promise<ReplicatedPair>>> = {
  mariadb: () => startMariadbPair(),
  postgresql: () => startPostgresqlPair(),
  twinleaf: startTwinleafPair,
};

/** Starts the pairs that are asked for (all unless said), hands them over, and stops them. */
export async function withPairs<T>(
  args: BenchArguments,
  work: (pairs: readonly ReplicatedPair[]) => Promise<T>,
): Promise<T> {
  const names = args.servers ?? Object.keys(starts);
  const pairs: ReplicatedPair[] = [];
  try {
    for (const name of names) {
      const start = starts[name];
      if (start === undefined) throw new Error(`there is no pair ${name}`);
      pairs.push(await start(args.profile));
    }
    return await work(pairs);
  } finally {
    await Promise.all(pairs.map((pair) => pair.stop()));
  }
}
