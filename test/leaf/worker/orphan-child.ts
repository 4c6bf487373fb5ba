// The process that a test kills: a worker of it is at a statement without an end.

import { join } from 'node:path';
import { must } from '#shared/assert.ts';
import { realClock } from '#shared/clock.ts';
import { createLogger } from '#shared/logger.ts';
import { WorkerPool } from '#leaf/worker/worker-pool.ts';
import { createTestPartition, rowsOf, testEnvironment } from '#test/support/test-partition.ts';

const ENDLESS = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i > 0)
  SELECT count(*) FROM n`;

const pool = new WorkerPool({
  size: 1,
  clock: realClock,
  logger: createLogger('error', {}, () => undefined),
});
const directory = join(must(process.argv[2]), 'shop_0');
const environment = testEnvironment({ workers: pool });
const partition = await createTestPartition(directory, { environment });
void rowsOf(partition, ENDLESS);
while (pool.busy === 0) await realClock.sleep(5);
// By now the worker has had the time to start.
await realClock.sleep(3000);
process.stdout.write(`${must(pool.processIds()[0])}\n`);
