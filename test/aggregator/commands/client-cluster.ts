// A small cluster in this process, and clients of it that say what they were answered.

import type { TestFn } from 'ava';
import mysql from 'mysql2/promise';
import {
  startEmbeddedCluster,
  type EmbeddedCluster,
  type EmbeddedClusterSettings,
} from '#cli/embedded-cluster.ts';
import { realClock } from '#shared/clock.ts';
import { createLogger } from '#shared/logger.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const rootPassword = 'secret';

/** One client. Its answers are as the text protocol prints them. */
export interface Client {
  /** Rows as arrays of texts. Rejects with the client's error. */
  rows(sql: string): Promise<(string | null)[][]>;
  /** The first column of all rows. */
  column(sql: string): Promise<(string | null)[]>;
  /** Number and SQLSTATE of the error, or 'ok' where there is none. */
  failure(sql: string): Promise<string>;
  close(): Promise<void>;
}

export interface ClientCluster {
  readonly port: number;
  connect(user?: string, password?: string, database?: string): Promise<Client>;
  /** Stops the cluster and starts it again on its directory. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What a test wants of its cluster besides the usual. */
export type ClusterWishes = Partial<EmbeddedClusterSettings>;

async function start(dataDir: string, wishes: ClusterWishes): Promise<EmbeddedCluster> {
  const cluster = await startEmbeddedCluster({
    dataDir,
    host: '127.0.0.1',
    advertiseHost: '127.0.0.1',
    port: 0,
    leafPort: 0,
    leaves: 1,
    partitionsPerLeaf: 2,
    rootPassword,
    clock: realClock,
    logger: createLogger('error', {}, () => undefined),
    version: 'test',
    ...wishes,
  });
  await cluster.recovered;
  return cluster;
}

function toClient(connection: mysql.Connection): Client {
  const rows = async (sql: string) => {
    const [answer] = await connection.query({
      sql,
      rowsAsArray: true,
      typeCast: (field) => field.string('utf8'),
    });
    return Array.isArray(answer) ? (answer as (string | null)[][]) : [];
  };
  return {
    rows,
    column: async (sql) => (await rows(sql)).map((row) => row[0] ?? null),
    failure: async (sql) => {
      try {
        await connection.query(sql);
        return 'ok';
      } catch (error) {
        const { errno, sqlState } = error as { errno: number; sqlState: string };
        return `${errno} ${sqlState}`;
      }
    },
    close: async () => await connection.end(),
  };
}

/** Starts the cluster with two partitions on one leaf. */
export async function openClientCluster(wishes: ClusterWishes = {}): Promise<ClientCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'twinleaf-clients-'));
  let cluster = await start(dataDir, wishes);
  return {
    get port() {
      return cluster.port;
    },
    async connect(user = 'root', password = rootPassword, database) {
      const { port } = cluster;
      const options = { host: '127.0.0.1', port, user, password, dateStrings: true };
      const named = database === undefined ? {} : { database };
      return toClient(await mysql.createConnection({ ...options, ...named }));
    },
    async restart() {
      await cluster.stop();
      cluster = await start(dataDir, wishes);
    },
    async stop() {
      await cluster.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A cluster for all the tests of a file, with the statements run in it as root. */
export function clusterOfFile(
  test: TestFn,
  setUp: readonly string[],
  wishes: ClusterWishes = {},
): () => ClientCluster {
  let cluster: ClientCluster | null = null;
  test.before(async () => {
    cluster = await openClientCluster(wishes);
    const root = await cluster.connect();
    for (const sql of setUp) await root.rows(sql);
    await root.close();
  });
  test.after.always(async () => {
    await cluster?.stop();
  });
  return () => {
    if (cluster === null) throw new Error('the cluster has not started');
    return cluster;
  };
}
