// Any leaf of either side is killed, hangs or is cut off, in each phase of a database that follows.
//
// A strike hits one leaf while four databases are each amid another phase: one halfway through its
// snapshot, one halfway through a record, one amid PAUSE, one amid STOP. What holds them there is
// the network, which lets only so many bytes through, and the secondary's leaf, which is stopped
// while PAUSE and STOP wait for its answer.

import { randomBytes } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import {
  caughtUp,
  refusalOf,
  sameRows,
  stateOf,
  type Asked,
  replicate,
} from '#test/support/follow.ts';
import { LeafNetwork } from '#test/support/leaf-network.ts';
import type { NodeProcess } from '#test/support/node-process.ts';
import { startProcessCluster, type ProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

/** How many bytes of a snapshot, or of a record, arrive before the strike. */
const bytesBeforeStrike = 40_000;
const rowsBefore = 100;

const kinds = ['killed', 'stopped', 'cut off'] as const;
const sides = ['primary', 'secondary'] as const;

interface Site extends Asked {
  readonly cluster: ProcessCluster;
  /** The leaf that is struck, and its address. */
  readonly leaf: NodeProcess;
  readonly host: string;
  readonly hosts: readonly string[];
}

interface World {
  readonly network: LeafNetwork;
  readonly primary: Site;
  readonly secondary: Site;
  /** FROM … of the statements at the secondary. */
  readonly from: string;
}

async function startSite(t: ExecutionContext, network: LeafNetwork, number: number) {
  const hosts = [`127.0.${number}.2`, `127.0.${number}.3`];
  const within = { network, joinHost: `127.0.${number}.1`, hosts };
  const cluster = await startProcessCluster(t, { leaves: hosts.length, within });
  return {
    cluster,
    query: cluster.query,
    leaf: must(cluster.leaves[0]),
    host: must(hosts[0]),
    hosts,
  };
}

async function startWorld(t: ExecutionContext): Promise<World> {
  const network = new LeafNetwork(t);
  const [primary, secondary] = [await startSite(t, network, 71), await startSite(t, network, 72)];
  const { port, rootPassword } = primary.cluster;
  return { network, primary, secondary, from: `FROM root:'${rootPassword}'@127.0.0.1:${port}` };
}

/** A statement of many rows of which nothing can be compressed away. */
function insert(database: string, first: number, count: number): string {
  const row = (id: number) => `(${id}, '${randomBytes(1000).toString('base64')}', ${first})`;
  const rows = Array.from({ length: count }, (_, index) => row(first + index));
  return `INSERT INTO ${database}.item VALUES ${rows.join()}`;
}

const rowsOf = (database: string) =>
  `SELECT id, md5(v) AS v, batch FROM ${database}.item ORDER BY id`;

async function makeDatabase(primary: Asked, name: string): Promise<void> {
  await primary.query(`CREATE DATABASE ${name} PARTITIONS 2`);
  await primary.query(`CREATE TABLE ${name}.item (id BIGINT PRIMARY KEY, v TEXT, batch INT)`);
  await primary.query(insert(name, 1, rowsBefore));
}

/** The names of the four databases of a strike. */
interface Names {
  readonly provisioning: string;
  readonly streaming: string;
  readonly pause: string;
  readonly promotion: string;
}

/** Brings each database amid its phase, up to what a stopped leaf of the secondary has to do. */
async function prepare({ network, primary, secondary, from }: World, names: Names): Promise<void> {
  const { provisioning, ...followed } = names;
  for (const name of Object.values(names)) await makeDatabase(primary, name);
  await primary.query(insert(provisioning, 1000, 300));
  // Without the log from its beginning, who comes anew needs a snapshot.
  await primary.query(`SNAPSHOT DATABASE ${provisioning}`);
  for (const name of Object.values(followed)) {
    await replicate(secondary, `REPLICATE DATABASE ${name} ${from}`);
  }
  for (const name of Object.values(followed)) await caughtUp(secondary, name);
  for (const host of secondary.hosts) network.hold(host, bytesBeforeStrike);
  for (const name of Object.values(followed)) {
    await primary.query(insert(name, 1000, 200));
    const [row] = await secondary.query(`SELECT count(*) AS n FROM ${name}.item`);
    if (Number(row?.['n']) !== rowsBefore) throw new Error('the record is there already');
  }
  await replicate(secondary, `REPLICATE DATABASE ${provisioning} ${from}`);
  await until('the snapshot to be on its way', async () => {
    const links = await secondary.query(
      'SELECT * FROM information_schema.MV_REPLICATION_STATUS WHERE ' +
        `DATABASE_NAME LIKE '${provisioning}\\_%'`,
    );
    const isHalf = links.some((link) => {
      const isBegun = Number(link['SNAPSHOT_DONE_MB']) < Number(link['SNAPSHOT_TOTAL_MB']);
      return isBegun && link['SECONDARY_STATE'] === 'provisioning';
    });
    if (!isHalf) throw new Error(JSON.stringify(links));
    return true;
  });
}

/** A statement that runs, and whether it has been answered. */
class Running {
  readonly sql: string;
  errno: number | null = null;
  readonly #done: Promise<void>;

  constructor(site: Asked, sql: string) {
    this.sql = sql;
    this.#done = this.#run(site);
  }

  async #run(site: Asked): Promise<void> {
    this.errno = await refusalOf(site, this.sql);
  }

  async ended(): Promise<number> {
    await this.#done;
    return must(this.errno);
  }
}

/** PAUSE and STOP, which wait for a leaf of the secondary that is stopped. */
async function beginStatements(secondary: Site, names: Names) {
  secondary.leaf.signal('SIGSTOP');
  const pause = new Running(secondary, `PAUSE REPLICATING ${names.pause}`);
  const stop = new Running(secondary, `STOP REPLICATING ${names.promotion}`);
  await until('both statements to run', async () => {
    const rows = await secondary.query('SHOW PROCESSLIST');
    return [pause, stop].every(({ sql }) => rows.some((row) => row['Info'] === sql));
  });
  return { pause, stop };
}

interface Strike {
  readonly kind: (typeof kinds)[number];
  readonly side: (typeof sides)[number];
}

/** Begins the fault; a leaf of the secondary that was stopped for the phases goes on, if it may. */
async function begin({ kind, side }: Strike, world: World): Promise<void> {
  const { leaf, host } = world[side];
  if (kind === 'killed') await leaf.stop('SIGKILL');
  if (kind === 'stopped') leaf.signal('SIGSTOP');
  if (kind === 'cut off') world.network.cut(host);
  if (side === 'primary' || kind === 'cut off') world.secondary.leaf.signal('SIGCONT');
}

async function end({ kind, side }: Strike, world: World): Promise<void> {
  const { leaf, host } = world[side];
  if (kind === 'killed') await leaf.start();
  if (kind === 'stopped') leaf.signal('SIGCONT');
  if (kind === 'cut off') world.network.heal(host);
}

/** Within a second: a leaf that is away leaves a read of all partitions refused, or waiting. */
async function isAway(site: Site, database: string): Promise<boolean> {
  const connection = await site.cluster.open();
  try {
    await connection.query('SET max_execution_time = 1000');
    await connection.query(`SELECT max(v) FROM ${database}.item`);
    return false;
  } catch {
    return true;
  } finally {
    connection.destroy();
  }
}

/** The promoted side has what had arrived, statements are there whole, and it takes writes. */
async function isPromoted(t: ExecutionContext, { primary, secondary }: World, name: string) {
  const there = new Map((await primary.query(rowsOf(name))).map((row) => [row['id'], row['v']]));
  const rows = await secondary.query(rowsOf(name));
  t.true(
    rows.every((row) => there.get(row['id']) === row['v']),
    'rows are those of the primary',
  );
  const sizes = Map.groupBy(rows, (row) => Number(row['batch']));
  t.is(sizes.get(1)?.length, rowsBefore, 'what had arrived is there');
  t.true([undefined, 200].includes(sizes.get(1000)?.length), 'a statement is there whole');
  await secondary.query(insert(name, 5000, 20));
  t.is((await secondary.query(rowsOf(name))).length, rows.length + 20);
}

async function untilPromoted(secondary: Site, { stop }: { stop: Running }, name: string) {
  // Refused because a leaf was away, it is run again; 1793: the database is a primary.
  if ((await stop.ended()) === 0) return;
  await until('the promotion', async () => {
    return [0, 1793].includes(await refusalOf(secondary, `STOP REPLICATING ${name}`));
  });
}

/** Everything is as if nothing had happened. */
async function goesOn(
  t: ExecutionContext,
  world: World,
  { names, pause, stop }: { names: Names; pause: Running; stop: Running },
): Promise<void> {
  const { primary, secondary } = world;
  await pause.ended();
  await until('it to be paused', async () => {
    return (await stateOf(secondary, names.pause)) === 'replication paused';
  });
  for (const name of [names.streaming, names.pause, names.provisioning]) {
    await until(`the primary to take writes of ${name}`, async () => {
      const errno = await refusalOf(primary, insert(name, 3000, 20));
      return errno === 0 || errno === 1062;
    });
  }
  await untilPromoted(secondary, { stop }, names.promotion);
  // Its leaf may have been silent for longer than its master takes for well, on a busy machine.
  await until('it to be online', async () => {
    return (await stateOf(secondary, names.promotion)) === 'online';
  });
  await isPromoted(t, world, names.promotion);
  await secondary.query(`CONTINUE REPLICATING ${names.pause}`);
  for (const name of [names.streaming, names.pause, names.provisioning]) {
    await caughtUp(secondary, name);
    await sameRows(primary, secondary, rowsOf(name));
  }
}

async function strikeOnce(t: ExecutionContext, world: World, strike: Strike & { turn: number }) {
  const { network, primary, secondary } = world;
  const { side, turn } = strike;
  const named = (phase: string) => `${phase}${turn}`;
  const names: Names = {
    provisioning: named('provisioning'),
    streaming: named('streaming'),
    pause: named('pause'),
    promotion: named('promotion'),
  };
  await prepare(world, names);
  const { pause, stop } = await beginStatements(secondary, names);
  t.deepEqual([pause.errno, stop.errno], [null, null], 'both statements are under way');
  await begin(strike, world);
  await until('the leaf to be away', () => isAway(world[side], names.streaming));
  await end(strike, world);
  for (const host of secondary.hosts) network.release(host);
  await goesOn(t, world, { names, pause, stop });
  for (const name of Object.values(names)) {
    await secondary.query(`DROP DATABASE ${name}`);
    await primary.query(`DROP DATABASE ${name}`);
  }
}

test('faults: a leaf of either side is killed, hangs or is cut off in any phase', async (t) => {
  t.timeout(300_000);
  const world = await startWorld(t);
  const strikes = kinds.flatMap((kind) => sides.map((side) => ({ kind, side })));
  for (const [turn, strike] of strikes.entries()) {
    await t.notThrowsAsync(strikeOnce(t, world, { ...strike, turn }), JSON.stringify(strike));
  }
});
