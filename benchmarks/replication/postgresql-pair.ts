// PostgreSQL with a logical subscription, both durable at every commit.

import { startPostgresql, type PostgresqlServer } from '#benchmarks/peers/postgresql.ts';
import { linesTable, type PairClient, type ReplicatedPair } from './replicated-pair.ts';
import { waitUntil } from './wait-until.ts';

export async function startPostgresqlPair(): Promise<ReplicatedPair> {
  const primary = await startPostgresql();
  const secondary = await startPostgresql();
  await execute(primary, [linesTable(), 'CREATE PUBLICATION shop FOR TABLE order_lines']);
  await execute(secondary, [linesTable()]);
  const connection = `host=127.0.0.1 port=${primary.port} user=postgres dbname=postgres`;
  return {
    name: 'postgresql',
    primaryPids: () => primary.pids(),
    secondaryPids: () => secondary.pids(),
    connectPrimary: () => clientOf(primary),
    connectSecondary: () => clientOf(secondary),
    async follow() {
      const subscribe = `CREATE SUBSCRIPTION shop CONNECTION '${connection}' PUBLICATION shop`;
      await execute(secondary, [subscribe]);
      const client = await secondary.connect();
      await waitUntil('the table to be synced', async () => {
        const states = await client.query('SELECT srsubstate FROM pg_subscription_rel');
        return states.length === 1 && states[0]?.[0] === 'r';
      });
      client.end();
    },
    pause: () => execute(secondary, ['ALTER SUBSCRIPTION shop DISABLE']),
    resume: () => execute(secondary, ['ALTER SUBSCRIPTION shop ENABLE']),
    copies: {},
    async stop() {
      await secondary.stop();
      await primary.stop();
    },
  };
}

async function execute(server: PostgresqlServer, statements: readonly string[]): Promise<void> {
  const client = await server.connect();
  for (const sql of statements) await client.query(sql);
  client.end();
}

async function clientOf(server: PostgresqlServer): Promise<PairClient> {
  const client = await server.connect();
  return {
    query: (sql) => client.query(sql),
    end: async () => client.end(),
  };
}
