// One of the demo's two clusters: an aggregator and its leaves, each a process on loopback.

import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import mysql, { type Connection } from 'mysql2/promise';
import { readClusterIdentity } from '#aggregator/cluster/cluster-identity.ts';
import { makeJoinToken } from '#aggregator/cluster/join-token.ts';
import { CommandError } from '#cli/failure.ts';
import { NodeChild } from './node-child.ts';

const host = '127.0.0.1';

/** Root's password in both clusters: the demo listens on loopback and its data is made up. */
export const demoPassword = 'twinleaf';

export interface DemoClusterOptions {
  readonly name: string;
  readonly directory: string;
  readonly leaves: number;
  /** Taken when it and those after it are free; else free ones are. */
  readonly preferredPort: number;
}

/** Stops what it has started, whatever happens. */
export class DemoCluster {
  readonly name: string;
  readonly port: number;
  readonly #nodes: NodeChild[] = [];
  readonly #connections: Connection[] = [];

  private constructor(name: string, port: number) {
    this.name = name;
    this.port = port;
  }

  static async start(options: DemoClusterOptions): Promise<DemoCluster> {
    const { name, directory, leaves, preferredPort } = options;
    mkdirSync(directory, { recursive: true });
    const [port = 0, ...leafPorts] = await choosePorts(preferredPort, leaves + 1);
    const cluster = new DemoCluster(name, port);
    try {
      const aggregatorDir = join(directory, 'aggregator');
      await cluster.#startNode('aggregator', directory, [
        ...['aggregator', '--data-dir', aggregatorDir, '--port', String(port)],
        ...['--root-password', demoPassword],
      ]);
      const identity = readClusterIdentity(aggregatorDir);
      if (identity === null) throw new CommandError(`no identity in ${aggregatorDir}`);
      const joining = ['--join', `${host}:${port}`, '--token', makeJoinToken(identity)];
      for (const [index, leafPort] of leafPorts.entries()) {
        const leaf = `leaf-${index + 1}`;
        const place = ['--data-dir', join(directory, leaf), '--port', String(leafPort)];
        await cluster.#startNode(leaf, directory, ['leaf', ...place, ...joining]);
      }
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** A connection as root; closed by `stop`. */
  async connect(database?: string): Promise<Connection> {
    const connection = await mysql.createConnection({
      host,
      port: this.port,
      user: 'root',
      password: demoPassword,
      ...(database === undefined ? {} : { database }),
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
    });
    // The error of a statement reaches its caller; one of an idle connection, the next statement.
    connection.on('error', () => undefined);
    this.#connections.push(connection);
    return connection;
  }

  /** The command with which a MySQL client connects. */
  get clientCommand(): string {
    return `mariadb -h${host} -P${this.port} -uroot -p${demoPassword} shop`;
  }

  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await Promise.all(this.#nodes.toReversed().map((node) => node.stop()));
  }

  async #startNode(node: string, directory: string, args: readonly string[]): Promise<void> {
    const label = `${this.name} ${node}`;
    this.#nodes.push(await NodeChild.start(label, args, join(directory, `${node}.log`)));
  }
}

/** `count` ports: from `preferred` on if all are free, else any free ones. */
async function choosePorts(preferred: number, count: number): Promise<readonly number[]> {
  const wanted = Array.from({ length: count }, (_, index) => preferred + index);
  try {
    return await probePorts(wanted);
  } catch {
    return probePorts(wanted.map(() => 0));
  }
}

/** Binds all, to see that they are free (0: to be given one), and lets them go. */
async function probePorts(ports: readonly number[]): Promise<readonly number[]> {
  const servers = ports.map((port) => createServer().listen(port, host));
  try {
    await Promise.all(servers.map((server) => once(server, 'listening')));
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    for (const server of servers) server.close();
  }
}
