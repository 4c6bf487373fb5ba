// Any process of either cluster is killed under load; nothing acknowledged is lost.

import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Connection } from 'mysql2/promise';
import { must } from '#shared/assert.ts';
import { firstDifference } from '#test/support/compare.ts';
import type { NodeProcess } from '#test/support/node-process.ts';
import { startProcessCluster, type ProcessCluster } from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

/** Writes single rows and rows over all partitions, and remembers what was acknowledged. */
class Writer {
  readonly #cluster: ProcessCluster;
  readonly acknowledged = new Set<number>();
  /** Sent, and neither acknowledged nor refused: they may be there or not. */
  readonly unknown = new Set<number>();
  #next = 1;
  #stopped = false;
  #done: Promise<void> | null = null;

  constructor(cluster: ProcessCluster) {
    this.#cluster = cluster;
  }

  start(): void {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    let connection: Connection | null = null;
    while (!this.#stopped) {
      const count = this.#next % 5 === 0 ? 8 : 1;
      const ids = Array.from({ length: count }, (_, index) => this.#next + index);
      this.#next += count;
      try {
        connection ??= await this.#cluster.open('shop');
        await this.#write(connection, ids);
        for (const id of ids) this.acknowledged.add(id);
      } catch {
        // Acknowledged means an OK and nothing else: what failed may have happened or not.
        for (const id of ids) this.unknown.add(id);
        connection?.destroy();
        connection = null;
        await delay(25);
      }
    }
    connection?.destroy();
  }

  async #write(connection: Connection, ids: readonly number[]): Promise<void> {
    const rows = ids.map((id) => `(${id}, 'row ${id}', ${ids[0]})`).join();
    await connection.query(`INSERT INTO ring (id, name, batch) VALUES ${rows}`);
  }
}

/** What was acknowledged is there; a statement's rows are there all or none. */
async function checkPrimary(t: ExecutionContext, connection: Connection, writer: Writer) {
  const [rows] = await connection.query('SELECT id, batch FROM shop.ring');
  const found = (rows as { id: string; batch: string }[]).map((row) => ({
    id: Number(row.id),
    batch: Number(row.batch),
  }));
  const ids = new Set(found.map((row) => row.id));
  const lost = [...writer.acknowledged].filter((id) => !ids.has(id));
  t.deepEqual(lost, [], 'acknowledged rows are there');
  const strangers = [...ids].filter(
    (id) => !writer.acknowledged.has(id) && !writer.unknown.has(id),
  );
  t.deepEqual(strangers, [], 'no row is there that nobody wrote');
  const sizes = new Map<number, number>();
  for (const { batch } of found) sizes.set(batch, (sizes.get(batch) ?? 0) + 1);
  const torn = [...sizes].filter(([, size]) => size !== 1 && size !== 8);
  t.deepEqual(torn, [], 'a statement over several partitions is there whole');
}

test('kill -9 of any process under load: nothing acknowledged is lost', async (t) => {
  t.timeout(600_000);
  const primary = await startProcessCluster(t, { leaves: 2 });
  const secondary = await startProcessCluster(t, { leaves: 2 });
  const root = await primary.connect();
  await root.query('CREATE DATABASE shop PARTITIONS 4');
  await root.query(
    'CREATE TABLE shop.ring (id BIGINT PRIMARY KEY, name VARCHAR(40) NOT NULL, batch BIGINT)',
  );
  const other = await secondary.connect();
  const from = `root:'${primary.rootPassword}'@127.0.0.1:${primary.port}`;
  await other.query(`REPLICATE DATABASE shop FROM ${from}`);

  const writer = new Writer(primary);
  writer.start();
  t.teardown(() => writer.stop());
  const victims: [string, NodeProcess][] = [
    ['primary leaf', must(primary.leaves[0])],
    ['secondary leaf', must(secondary.leaves[0])],
    ['primary aggregator', primary.aggregator],
    ['secondary aggregator', secondary.aggregator],
    ['other primary leaf', must(primary.leaves[1])],
    ['other secondary leaf', must(secondary.leaves[1])],
  ];
  for (const [name, victim] of victims) {
    const before = writer.acknowledged.size;
    await until(`writes before the ${name} dies`, () => writer.acknowledged.size > before + 100);
    await victim.stop('SIGKILL');
    await victim.start();
    const after = writer.acknowledged.size;
    await until(`writes after the ${name} is back`, () => writer.acknowledged.size > after + 100);
  }
  await writer.stop();

  const there = await primary.connect();
  await checkPrimary(t, there, writer);
  const here = await secondary.connect();
  await until('the secondary to be equal', async () => {
    const difference = await firstDifference(
      { connection: there, database: 'shop' },
      { connection: here, database: 'shop' },
    );
    if (difference !== null) throw new Error(difference);
    return true;
  });
  t.pass();
});
