// Two thousand clients that wait, five hundred that work, and one too many.

import test from 'ava';
import { command, errorNumber, RawClient } from '#test/aggregator/front-door/raw-client.ts';
import { startProcessCluster, type ProcessCluster } from '#test/support/process-cluster.ts';

const IDLE = 2000;
const ACTIVE = 500;
const STATEMENTS = 10;
/** Logins under way at once: as many as the door's queue takes without a client trying again. */
const AT_ONCE = 50;
/** What a connection that has logged in may hold; docs/sizing.md says 8 kB, and 37 kB at work. */
const BYTES_EACH_MAX = 128 * 1024;

async function enter({ port, rootPassword }: ProcessCluster): Promise<RawClient> {
  const client = new RawClient(port);
  await client.enter({ password: rootPassword });
  return client;
}

async function enterAll(server: ProcessCluster, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < count) {
    const together = Math.min(AT_ONCE, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: together }, () => enter(server)))));
  }
  return clients;
}

/** Reads the answer to a SELECT of one value: its text. */
async function valueOf(client: RawClient, sql: string): Promise<string> {
  client.send(command(0x03, sql));
  const packets = [];
  // Columns, definition, EOF, row, EOF.
  for (let i = 0; i < 5; i += 1) packets.push(await client.next());
  return packets[3]?.subarray(1).toString() ?? '';
}

async function work(client: RawClient, number: number): Promise<number> {
  let sum = 0;
  for (let i = 0; i < STATEMENTS; i += 1) {
    const key = (number * STATEMENTS + i) % 100;
    sum += Number(await valueOf(client, `SELECT v - id FROM w.t WHERE id = ${key}`));
  }
  return sum;
}

test('connections: 2,000 idle and 500 active ones; one too many is told 1040', async (t) => {
  const server = await startProcessCluster(t, { leaves: 1 });
  await server.query('CREATE DATABASE w PARTITIONS 4');
  await server.query('CREATE TABLE w.t (id INT PRIMARY KEY, v INT)');
  const rows = Array.from({ length: 100 }, (_, id) => `(${id}, ${id + 1})`);
  await server.query(`INSERT INTO w.t VALUES ${rows.join(', ')}`);
  await server.query(`SET GLOBAL max_connections = ${IDLE + ACTIVE}`);
  const memory = async (): Promise<number> => {
    const [row] = await server.query("SHOW STATUS LIKE 'Twinleaf_memory_rss_bytes'");
    return Number(row?.['Value']);
  };
  const before = await memory();
  const idle = await enterAll(server, IDLE);
  t.true((await memory()) - before < IDLE * BYTES_EACH_MAX);
  const active = await enterAll(server, ACTIVE - 1);
  const sums = await Promise.all(active.map(work));
  t.true(sums.every((sum) => sum === STATEMENTS));
  t.true((await memory()) - before < (IDLE + ACTIVE) * BYTES_EACH_MAX);
  active.push(await enter(server));
  // One more is let in for who may end others.
  const last = await enter(server);
  const refused = new RawClient(server.port);
  const greeting = await refused.next();
  t.is(errorNumber(greeting), 1040);
  await refused.close();
  t.is(await valueOf(last, 'SELECT 7'), '7');
  t.is(await valueOf(idle[IDLE - 1] ?? last, 'SELECT 8'), '8');
  await Promise.all([...idle, ...active, last].map((client) => client.close()));
});
