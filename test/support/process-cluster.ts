// A cluster of real processes on loopback: one aggregator, several leaves, each killable.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import mysql from 'mysql2/promise';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import type { LeafNetwork } from './leaf-network.ts';
import { NodeProcess } from './node-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './wait.ts';

const launcher = fileURLToPath(new URL('../../cli/twinleaf.js', import.meta.url));
const rootPassword = 'leaf-and-twig';

export interface ProcessCluster {
  readonly port: number;
  readonly rootPassword: string;
  /** The aggregator's. */
  readonly dataDir: string;
  /** With which further nodes join. */
  readonly token: string;
  readonly aggregator: NodeProcess;
  readonly leaves: readonly NodeProcess[];
  /** A connection as root to the aggregator (or who listens there), closed with the test. */
  connect(database?: string, port?: number): Promise<mysql.Connection>;
  /** A connection as root that the caller closes. */
  open(database?: string, port?: number): Promise<mysql.Connection>;
  /** The rows that root is answered, by a connection of the statement's own. */
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/** What `twinleaf …` prints, without the line's end. */
export async function runTwinleaf(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, ...args]);
  return stdout.trim();
}

/** Where a leaf is: its own address in the network and the one at which it joins its cluster. */
interface LeafPlace {
  readonly host: string;
  readonly joinHost: string;
}

function leafArguments(
  root: string,
  options: { port: number; join: number; token: string; index: number; place: LeafPlace | null },
): string[] {
  const { place, token } = options;
  const dataDir = join(root, `leaf-${options.index}`);
  const to = `${place?.joinHost ?? '127.0.0.1'}:${options.join}`;
  const port = String(options.port);
  const known = place === null ? [] : ['--advertise', `${place.host}:${port}`];
  return ['leaf', '--data-dir', dataDir, '--port', port, ...known, '--join', to, '--token', token];
}

/** The cluster's addresses in a network that the test holds in its hands. */
interface ClusterNetwork {
  readonly network: LeafNetwork;
  /** At which leaves reach the aggregator. */
  readonly joinHost: string;
  /** A leaf each. */
  readonly hosts: readonly string[];
}

/** Starts an aggregator and its leaves; all are ended with the test. */
export async function startProcessCluster(
  t: ExecutionContext<unknown>,
  options: {
    leaves: number;
    aggregatorArgs?: readonly string[];
    within?: ClusterNetwork;
  },
): Promise<ProcessCluster> {
  const { within } = options;
  const root = temporaryDirectory(t);
  const [port = 0, ...leafPorts] = await freePorts(1 + options.leaves);
  const dataDir = join(root, 'aggregator');
  const place = ['--data-dir', dataDir, '--port', String(port), ...(options.aggregatorArgs ?? [])];
  const aggregator = new NodeProcess(['aggregator', ...place, '--root-password', rootPassword]);
  t.teardown(() => aggregator.stop('SIGKILL'));
  await aggregator.start();
  const token = await runTwinleaf(['token', '--data-dir', dataDir]);
  await within?.network.open(within.joinHost, port);
  const leaves: NodeProcess[] = [];
  for (const [index, leafPort] of leafPorts.entries()) {
    const host = within?.hosts[index];
    const place = within && host !== undefined ? { host, joinHost: within.joinHost } : null;
    if (place !== null) await within?.network.open(place.host, leafPort);
    const args = leafArguments(root, { port: leafPort, join: port, token, index, place });
    const leaf = new NodeProcess(
      args,
      place === null ? {} : within?.network.environmentOf(place.host),
    );
    t.teardown(() => leaf.stop('SIGKILL'));
    await leaf.start();
    leaves.push(leaf);
  }
  async function open(database?: string, to = port): Promise<mysql.Connection> {
    const login = { host: '127.0.0.1', port: to, user: 'root', password: rootPassword };
    const connection = await mysql.createConnection({
      ...login,
      ...(database === undefined ? {} : { database }),
      supportBigNumbers: true,
      bigNumberStrings: true,
      dateStrings: true,
      multipleStatements: true,
    });
    connection.on('error', () => undefined);
    return connection;
  }
  async function connect(database?: string, to = port): Promise<mysql.Connection> {
    const connection = await open(database, to);
    t.teardown(() => connection.destroy());
    return connection;
  }
  async function query(sql: string): Promise<Record<string, unknown>[]> {
    const connection = await open();
    try {
      return (await connection.query(sql))[0] as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  }
  await until('every leaf to be online', async () => {
    const rows = await query('SHOW LEAVES');
    return rows.filter((row) => row['State'] === 'online').length === options.leaves;
  });
  return { port, rootPassword, token, dataDir, aggregator, leaves, connect, open, query };
}
