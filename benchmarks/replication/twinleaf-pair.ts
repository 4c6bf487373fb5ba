// Two Twinleaf clusters, each a process of its own, the second following the first.

import type { Connection } from 'mysql2/promise';
import { connectTo, type DatabaseServer } from '#benchmarks/peers/database-server.ts';
import { startEmbedded } from '#benchmarks/peers/twinleaf.ts';
import { databaseName } from '#benchmarks/driver/database-name.ts';
import { linesTable, type PairClient, type ReplicatedPair } from './replicated-pair.ts';
import { waitUntil } from './wait-until.ts';

export async function startTwinleafPair(profile: string | null): Promise<ReplicatedPair> {
  const primary = await startEmbedded({});
  const secondary = await startEmbedded({ profileDirectory: profile });
  await execute(primary, `CREATE DATABASE ${databaseName}`);
  await execute(primary, linesTable(', SHARD KEY (order_id)'), databaseName);
  return {
    name: 'twinleaf',
    primaryPids: () => primary.pids(),
    secondaryPids: () => secondary.pids(),
    connectPrimary: () => mysqlClient(primary),
    connectSecondary: () => mysqlClient(secondary),
    async follow() {
      const { user, password, host, port } = primary.login;
      const from = `${user}:'${password}'@${host}:${port}`;
      await execute(secondary, `REPLICATE DATABASE ${databaseName} FROM ${from}`);
      await waitReplicating(secondary);
    },
    pause: () => execute(secondary, `PAUSE REPLICATING ${databaseName}`),
    resume: () => execute(secondary, `CONTINUE REPLICATING ${databaseName}`),
    copies: {},
    async stop() {
      await secondary.stop();
      await primary.stop();
    },
  };
}

async function execute(server: DatabaseServer, sql: string, database?: string): Promise<void> {
  const connection = await connectTo(server.login, database);
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

async function waitReplicating(server: DatabaseServer): Promise<void> {
  const connection = await connectTo(server.login);
  try {
    await waitUntil('the secondary to be replicating', async () => {
      const [rows] = await connection.query('SHOW DATABASES EXTENDED');
      const row = (rows as Record<string, unknown>[]).find((each) =>
        Object.values(each).includes(databaseName),
      );
      return row?.['State'] === 'replicating';
    });
  } finally {
    await connection.end();
  }
}

/** A client of the MySQL protocol, for MariaDB too. */
export async function mysqlClient(server: DatabaseServer): Promise<PairClient> {
  const connection: Connection = await connectTo(server.login, databaseName);
  return {
    async query(sql) {
      const [rows] = await connection.query({ sql, rowsAsArray: true });
      if (!Array.isArray(rows)) return [];
      return (rows as unknown[][]).map((row) =>
        row.map((value) => (value === null ? null : String(value))),
      );
    },
    end: () => connection.end(),
  };
}
