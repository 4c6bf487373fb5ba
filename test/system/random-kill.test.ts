// A node is killed at random moments under load, and at its named places by itself: what was
// acknowledged is there, what was refused is not, and each file is what its log leads to.

import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import mysql, { type Connection } from 'mysql2/promise';
import { findPartitions, verifyPartition } from '#leaf/partition/verify-partition.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { LoadClient, loadTable, type Login } from '#test/support/load-client.ts';
import { NodeProcess } from '#test/support/node-process.ts';
import { seededRandom, type RandomInteger } from '#test/support/seeded-random.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { until } from '#test/support/wait.ts';

const CLIENTS = 6;
/** How long the random kills go on, in milliseconds. */
const KILLS_MS = Number(process.env['RANDOM_KILL_SECONDS'] ?? 60) * 1000;

/** One cluster in one process, and the clients that load it. */
class LoadedNode {
  readonly #t: ExecutionContext;
  readonly #args: readonly string[];
  readonly dataDir: string;
  readonly login: Login;
  readonly clients: readonly LoadClient[];
  #node: NodeProcess | null = null;

  private constructor(
    t: ExecutionContext,
    at: { dataDir: string; ports: readonly number[]; random: RandomInteger },
  ) {
    const { dataDir, ports, random } = at;
    const [port = 0, leafPort = 0] = ports;
    this.#t = t;
    this.dataDir = dataDir;
    const listen = ['--port', String(port), '--leaf-port', String(leafPort)];
    const cluster = ['--leaves', '1', '--root-password', 'secret', '--log-level', 'warn'];
    this.#args = ['start', '--data-dir', dataDir, ...listen, ...cluster];
    this.login = { host: '127.0.0.1', port, user: 'root', password: 'secret' };
    this.clients = Array.from(
      { length: CLIENTS },
      (_, index) => new LoadClient(index + 1, this.login, seededRandom(random(2 ** 31))),
    );
  }

  static async start(t: ExecutionContext, random: RandomInteger): Promise<LoadedNode> {
    const dataDir = join(temporaryDirectory(t), 'data');
    const node = new LoadedNode(t, { dataDir, ports: await freePorts(3), random });
    t.teardown(() => node.#node?.stop('SIGKILL'));
    await node.run();
    const connection = await node.connect();
    await connection.query('CREATE DATABASE shop PARTITIONS 4');
    await connection.query(loadTable);
    connection.destroy();
    return node;
  }

  /** Starts the process; `failpoint` is where it ends by itself. */
  async run(failpoint = ''): Promise<NodeProcess> {
    const node = new NodeProcess(this.#args, { TWINLEAF_FAILPOINT: failpoint });
    this.#node = node;
    // A port of a process that was killed may be lent to somebody for a moment.
    await until('the node to start', () => node.start());
    return node;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#node?.stop(signal);
  }

  async connect(): Promise<Connection> {
    return until('a connection', () => mysql.createConnection(this.login));
  }

  /** Every client finds what must be there, once nothing is in doubt any more. */
  async check(): Promise<void> {
    const connection = await this.connect();
    // Needs the write lock of every partition, which what is in doubt holds until it is settled.
    await until('nothing to be in doubt', async () => {
      await connection.query('UPDATE shop.entry SET value = value WHERE value < 0');
      return true;
    });
    for (const client of this.clients) {
      this.#t.deepEqual(await client.check(connection), [], this.#node?.log.join('\n') ?? '');
    }
    connection.destroy();
  }

  /** The process is not running: verifies every partition on its disk. */
  async verify(rebuild: boolean): Promise<void> {
    const scratch = rebuild ? join(this.dataDir, '..', 'rebuilt.sqlite') : null;
    for (const directory of findPartitions(this.dataDir)) {
      const { fault } = await verifyPartition(directory, { depth: 'full', scratch });
      this.#t.is(fault, '');
    }
  }

  total(what: 'acknowledged' | 'refused' | 'unknown'): number {
    return this.clients.reduce((sum, client) => sum + client[what], 0);
  }
}

test.serial('random kills for a minute: acknowledged is there, refused is not', async (t) => {
  t.timeout(KILLS_MS + 180_000);
  const seed = Number(process.env['RANDOM_KILL_SEED'] ?? Date.now() % 2 ** 31);
  t.log(`seed ${seed}: RANDOM_KILL_SEED=${seed} draws the same again`);
  const random = seededRandom(seed);
  const node = await LoadedNode.start(t, random);
  const endMs = performance.now() + KILLS_MS;
  let kills = 0;
  while (performance.now() < endMs) {
    const loaded = node.clients.map((client) => client.run());
    await delay(100 + random(1500));
    await node.stop('SIGKILL');
    await Promise.all(loaded);
    kills += 1;
    if (kills % 5 === 0) await node.verify(false);
    await node.run();
    await node.check();
  }
  await node.stop('SIGTERM');
  await node.verify(true);
  const [done, refused, unknown] = [
    node.total('acknowledged'),
    node.total('refused'),
    node.total('unknown'),
  ];
  t.log(`${kills} kills; ${done} acknowledged, ${refused} refused, ${unknown} unknown`);
  t.true(kills > 1 && done > 50 && refused > 0 && unknown > 0);
});

/** Each after some work; every other place is tried with a partition alone. */
const places = ['amid-append:150', 'after-sync:150', 'after-prepare:20', 'after-decide:20'];

test.serial('a node that ends by itself at its named places keeps what it said', async (t) => {
  t.timeout(240_000);
  const node = await LoadedNode.start(t, seededRandom(7));
  await node.stop('SIGTERM');
  for (const place of places) {
    // The start that finds what the last end has left behind runs to the next one.
    const dying = await node.run(place);
    await node.check();
    await Promise.all(node.clients.map((client) => client.run()));
    await until(`the end at ${place}`, () => !dying.isRunning);
  }
  await node.run();
  await node.check();
  await node.stop('SIGTERM');
  await node.verify(true);
});
