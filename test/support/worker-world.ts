// A partition that has more rows than are read or changed on the event loop, and its workers.

import type { ExecutionContext } from 'ava';
import type { FailpointName } from '#leaf/partition/failpoint.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { WorkerPool } from '#leaf/worker/worker-pool.ts';
import { realClock } from '#shared/clock.ts';
import { quietLogger } from './quiet-logger.ts';
import { createTestPartition, fillOf, testDirectory, testEnvironment } from './test-partition.ts';

/** Its accounts: 1 to ROWS, each with its id as its balance. */
export const ROWS = 20_000;

export interface WorkerWorld {
  readonly pool: WorkerPool;
  readonly partition: Partition;
  readonly directory: string;
}

/** `size`: how many workers there may be. `failpoint` gets the pool, too. */
export async function workerWorld(
  t: ExecutionContext,
  options: {
    readonly size?: number;
    readonly failpoint?: (name: FailpointName, pool: WorkerPool) => void;
  } = {},
): Promise<WorkerWorld> {
  const { size = 2, failpoint = () => undefined } = options;
  const directory = testDirectory(t);
  const pool = new WorkerPool({ size, clock: realClock, logger: quietLogger().logger });
  const environment = testEnvironment({
    workers: pool,
    failpoint: (name) => failpoint(name, pool),
  });
  const partition = await createTestPartition(directory, { environment });
  t.teardown(async () => {
    await partition.close();
    await pool.close();
  });
  await partition.write(fillOf(ROWS));
  return { pool, partition, directory };
}

/** Answers how many transactions were begun in workers since. */
export function countBegun(pool: WorkerPool): () => number {
  const begin = pool.begin.bind(pool);
  let begun = 0;
  pool.begin = (...given) => {
    begun += 1;
    return begin(...given);
  };
  return () => begun;
}
