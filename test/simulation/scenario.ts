// The life of a world: load and faults, then calm and a reckoning. For some there is a second life:
// the sites part, the secondary is promoted, both are written to, and the old primary returns.

import { DatabaseError } from '#shared/error.ts';
import { checkReckoning, hasSettled } from './checkers/reckoning.ts';
import { calm, strike } from './faults.ts';
import { databaseName, type SimulatedCluster } from './simulated-cluster.ts';
import { Workload } from './workload.ts';
import { World, type WorldOptions } from './world.ts';

/** How long everything may take to come to rest once nothing is wrong, in milliseconds. */
const settleMsMax = 120_000;

export interface Outcome {
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  readonly promoted: boolean;
  /** Simulated. */
  readonly ms: number;
}

/** Throws Violation, or what has gone wrong otherwise. */
export async function runWorld(options: WorldOptions): Promise<Outcome> {
  const world = new World(options);
  try {
    return await live(world);
  } finally {
    world.close();
  }
}

async function live(world: World): Promise<Outcome> {
  const { chance } = world.clock;
  const { primary, secondary } = world;
  for (const leaf of world.leaves) await world.until('a start', leaf.start());
  for (const cluster of world.clusters) {
    await world.until('an aggregator', cluster.startAggregator());
  }
  const workload = new Workload(world, 1 + chance.below(3));
  await world.until('a database', primary.createDatabase(workload.partitionCount));
  await world.until('the accounts', workload.fund(primary));
  const login = { host: primary.id, port: 1, user: 'u', password: 'p', database: databaseName };
  await world.until('REPLICATE', secondary.aggregator.replication.replicate(databaseName, login));
  await suffer(world, workload, { clusters: [primary], rounds: 10 + chance.below(30) });
  await settle(world, primary);
  checkReckoning(world, workload, primary);
  const promoted = chance.oneIn(2);
  if (promoted) await changeSides(world, workload);
  const count = (answer: string) =>
    workload.changes.filter((change) => change.answer === answer).length;
  return {
    acknowledged: count('acknowledged'),
    refused: count('refused'),
    unknown: count('unknown'),
    promoted,
    ms: world.clock.monotonicMs(),
  };
}

/** Rounds of load, with a fault now and then. */
async function suffer(
  world: World,
  workload: Workload,
  { clusters, rounds }: { readonly clusters: readonly SimulatedCluster[]; readonly rounds: number },
): Promise<void> {
  const { chance } = world.clock;
  for (let round = 0; round < rounds; round++) {
    for (let client = chance.below(6); client > 0; client--) {
      void workload.run(chance.pick(clusters));
    }
    if (chance.oneIn(3)) strike(world);
    await world.pass(chance.below(chance.oneIn(4) ? 1500 : 100));
  }
}

/** Until every node is up, nothing is in doubt, and both sites hold the same. */
async function settle(world: World, primary: SimulatedCluster): Promise<void> {
  calm(world);
  const deadline = world.clock.monotonicMs() + settleMsMax;
  let asked = -Infinity;
  while (!hasSettled(world, primary)) {
    const now = world.clock.monotonicMs();
    if (now > deadline) throw new Error(`nothing comes to rest:\n${describe(world)}`);
    if (now - asked > 10_000) {
      asked = now;
      await tellToGoOn(world, primary);
    }
    await world.pass(200);
  }
}

/** A link that has stopped for good, because what came was damaged, goes on when it is told to. */
async function tellToGoOn(world: World, primary: SimulatedCluster): Promise<void> {
  const other = world.clusters.find((cluster) => cluster !== primary);
  if (other?.isAlive !== true || other.database?.role !== 'secondary') return;
  await attempt(world, 'CONTINUE', async () => other.aggregator.replication.continue(databaseName));
}

/** STOP REPLICATING at the secondary while the sites are apart, and the way back. */
async function changeSides(world: World, workload: Workload): Promise<void> {
  const { chance } = world.clock;
  const { primary, secondary } = world;
  world.say('the sites part for good');
  const sides = [primary, secondary];
  await suffer(world, workload, { clusters: [primary], rounds: chance.below(10) });
  world.network.partSites();
  await untilDone(world, 'STOP REPLICATING', async () => {
    if (secondary.database?.role === 'primary') return;
    await stopReplicating(world, secondary);
  });
  for (let round = 5 + chance.below(10); round > 0; round--) {
    world.network.isApart = true;
    await suffer(world, workload, { clusters: sides, rounds: 1 });
  }
  calm(world);
  world.say('the sites are joined again');
  const login = { host: secondary.id, port: 1, user: 'u', password: 'p', database: databaseName };
  await untilDone(world, 'FORCE DIFFERENTIAL', async () => {
    const { replication } = primary.aggregator;
    if (primary.database?.role === 'secondary' && primary.database.state !== 'transition') return;
    await replication.failBack(databaseName, login);
  });
  await suffer(world, workload, { clusters: [secondary], rounds: chance.below(15) });
  await settle(world, secondary);
  checkReckoning(world, workload, secondary);
}

/** A copy that is not whole yet needs its primary for a while longer. */
async function stopReplicating(world: World, secondary: SimulatedCluster): Promise<void> {
  try {
    await secondary.aggregator.replication.stopReplicating(databaseName, { force: false });
  } catch (error) {
    if (error instanceof DatabaseError && error.errno === 1767) world.network.isApart = false;
    throw error;
  }
}

/** Tries until it succeeds; what refuses it for now passes. */
async function untilDone(world: World, what: string, work: () => Promise<void>): Promise<void> {
  const deadline = world.clock.monotonicMs() + settleMsMax;
  let refusal: unknown = null;
  while (world.clock.monotonicMs() < deadline) {
    refusal = await attempt(world, what, work);
    if (refusal === null) return;
    await world.pass(500);
  }
  throw new Error(`${what} is never done`, { cause: refusal });
}

/** Null, or what has refused it. An aggregator that dies meanwhile never answers. */
async function attempt(world: World, what: string, work: () => Promise<void>): Promise<unknown> {
  try {
    const late = (async () => {
      await world.clock.sleep(30_000);
      throw new Error(`${what} is not answered`);
    })();
    await world.until(what, Promise.race([work(), late]));
    return null;
  } catch (error) {
    world.say(`${what}: ${String(error)}`);
    if (error instanceof DatabaseError || !(error instanceof Error)) return error;
    if (error.name === 'Violation' || error.name === 'AssertionError') throw error;
    return error;
  }
}

function describe(world: World): string {
  const lines: string[] = [];
  for (const leaf of world.leaves) {
    if (!leaf.isAlive) lines.push(`${leaf.name} is down`);
    for (const { name, role, log, replay, failure } of leaf.partitions) {
      const where = failure === null ? `${replay.lsn} of ${log.tail.lsn}` : failure.message;
      lines.push(`${leaf.name}/${name} ${role} at ${where}`);
    }
  }
  return lines.join('\n');
}
