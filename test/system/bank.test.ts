// A bank: money moves between accounts of all partitions while every process of the cluster dies,
// at each step of a commit in two phases. No reader ever sees a transfer half, none is lost.
//
// TWINLEAF_BANK_ROUNDS=20 runs the list of places that often, each time a little later.

import test from 'ava';
import { must } from '#shared/assert.ts';
import { coordinatorFailpointNames } from '#aggregator/transaction/failpoint.ts';
import { Bank } from '#test/support/bank.ts';
import type { NodeProcess } from '#test/support/node-process.ts';
import { startProcessCluster } from '#test/support/process-cluster.ts';

const leafFailpoints = [
  'before-prepare',
  'after-append',
  'after-prepare',
  'after-decide-append',
  'after-decide',
  'before-commit',
  'after-commit',
];

/** The process dies when it comes to the place so often. */
const PASSES = 6;
/** How long a process may take to come to its place. */
const DEATH_MS_MAX = 60_000;

/** Starts the process over and over, each time to its death at the next place. */
async function dieAtEach(victim: NodeProcess, places: readonly string[], passes: number) {
  for (const place of places) {
    await victim.stop('SIGKILL');
    await victim.start({ TWINLEAF_FAILPOINT: `${place}:${passes}` });
    const late = AbortSignal.timeout(DEATH_MS_MAX);
    const tooLate = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(new Error(`it never came to ${place}`)));
    });
    await Promise.race([victim.ended(), tooLate]);
  }
  await victim.start();
}

test('transfers over all partitions keep their sum when any process dies anywhere', async (t) => {
  const rounds = Number(process.env['TWINLEAF_BANK_ROUNDS'] ?? 1);
  t.timeout(600_000 + 90_000 * rounds);
  const cluster = await startProcessCluster(t, { leaves: 2 });
  const bank = await Bank.open(t, cluster, { accounts: 64, partitions: 8 });
  bank.start({ tellers: 6, readers: 2 });
  for (let round = 0; round < rounds; round += 1) {
    const passes = PASSES + round * 7;
    await dieAtEach(cluster.aggregator, coordinatorFailpointNames, passes);
    await dieAtEach(must(cluster.leaves[round % 2]), leafFailpoints, passes);
    for (const victim of [cluster.aggregator, ...cluster.leaves]) await victim.stop('SIGKILL');
    for (const victim of [cluster.aggregator, ...cluster.leaves]) await victim.start();
    await bank.progress();
  }
  await bank.stop();
  await bank.check();
});
