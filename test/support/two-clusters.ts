// Embedded clusters for tests: started in this process, asked through the mysql2 client.

import type { ExecutionContext } from 'ava';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import type { ReplicationFailpointName } from '#aggregator/replication/failpoint.ts';
import { startEmbeddedCluster, type EmbeddedCluster } from '#cli/embedded-cluster.ts';
import { must } from '#shared/assert.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { quietLogger } from './quiet-logger.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface ClusterOptions {
  /** Its data directory; a temporary one unless given. */
  readonly directory?: string;
  readonly leaves?: number;
  readonly version?: string;
  /** The host that leaves are told to others by. */
  readonly advertiseHost?: string;
  /** PEM files for TLS with clients. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** The machine's own, unless given. */
  readonly clock?: Clock;
  /** Called at each step of a promotion and a failback. */
  readonly replicationFailpoint?: (name: ReplicationFailpointName) => void;
}

/** One cluster with root's connection; `restart` stops and starts it on its directory. */
export class TestClusterProcess {
  readonly #directory: string;
  readonly #options: ClusterOptions;
  /** Leaves at the next start. */
  leaves: number;
  #cluster: EmbeddedCluster | null = null;
  #connection: Connection | null = null;
  #ports: { port: number; leafPort: number } = { port: 0, leafPort: 0 };

  private constructor(directory: string, options: ClusterOptions) {
    this.leaves = options.leaves ?? 2;
    this.#directory = directory;
    this.#options = options;
  }

  static async start(t: ExecutionContext, options: ClusterOptions = {}) {
    const cluster = new TestClusterProcess(options.directory ?? temporaryDirectory(t), options);
    t.teardown(() => cluster.stop());
    await cluster.start();
    return cluster;
  }

  get directory(): string {
    return this.#directory;
  }

  /** Where its leaves listen, on 127.0.0.1. */
  get leafPorts(): readonly number[] {
    return this.#cluster?.leafPorts ?? [];
  }

  get port(): number {
    return this.#ports.port;
  }

  async start(): Promise<void> {
    const { version = '0.1.0', advertiseHost = '127.0.0.1' } = this.#options;
    const { leaves } = this;
    const { replicationFailpoint = () => undefined, tls, clock = realClock } = this.#options;
    // It is listened on again after a stop: in between no connection may be given it.
    if (this.#ports.port === 0) this.#ports = { port: must((await freePorts(1))[0]), leafPort: 0 };
    const { logger } = quietLogger();
    const cluster = await startEmbeddedCluster({
      dataDir: this.#directory,
      host: '127.0.0.1',
      advertiseHost,
      ...this.#ports,
      leaves,
      partitionsPerLeaf: 2,
      rootPassword: 'secret',
      replicationFailpoint,
      tls: tls === undefined ? null : { ...tls, ca: null },
      clock,
      logger,
      version,
    });
    this.#cluster = cluster;
    await cluster.recovered;
    this.#ports = { port: cluster.port, leafPort: 0 };
    this.#connection = await this.connect('root', 'secret');
  }

  async stop(): Promise<void> {
    const [cluster, connection] = [this.#cluster, this.#connection];
    this.#cluster = null;
    this.#connection = null;
    connection?.destroy();
    await cluster?.stop();
  }

  async connect(user: string, password: string): Promise<Connection> {
    const login = { host: '127.0.0.1', port: this.port, user, password };
    return createConnection({ ...login, connectTimeout: 60_000 });
  }

  /** As root. */
  async query(sql: string): Promise<RowDataPacket[]> {
    if (this.#connection === null) throw new Error('the cluster is stopped');
    const [rows] = await this.#connection.query<RowDataPacket[]>(sql);
    return rows;
  }

  /** The first column of each row. */
  async list(sql: string): Promise<unknown[]> {
    return (await this.query(sql)).map((row) => Object.values(row)[0]);
  }
}
