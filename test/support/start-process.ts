// A whole cluster in one real process, which a failpoint may kill and a test starts again.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import mysql from 'mysql2/promise';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { NodeProcess } from './node-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './wait.ts';

export class StartedCluster {
  readonly port: number;
  /** Where its leaves listen, on 127.0.0.1. */
  readonly leafPorts: readonly number[];
  readonly #args: readonly string[];
  #process: NodeProcess;

  private constructor(ports: readonly number[], args: readonly string[]) {
    const [port = 0, ...leafPorts] = ports;
    this.port = port;
    this.leafPorts = leafPorts;
    this.#args = args;
    this.#process = new NodeProcess(args);
  }

  static async start(
    t: ExecutionContext,
    options: { readonly leaves: number; readonly advertiseHost?: string },
  ): Promise<StartedCluster> {
    const { leaves, advertiseHost = '127.0.0.1' } = options;
    const ports = await portsInARow(1 + leaves);
    const place = ['--data-dir', join(temporaryDirectory(t), 'data'), '--port', String(ports[0])];
    const size = ['--leaves', String(leaves), '--advertise-host', advertiseHost];
    const args = ['start', ...place, ...size, '--root-password', 'secret', '--log-level', 'error'];
    const cluster = new StartedCluster(ports, args);
    t.teardown(() => cluster.#process.stop('SIGKILL'));
    await cluster.#process.start();
    return cluster;
  }

  /** Ends the process, if it has not ended, and starts it to die at the failpoint ('': never). */
  async restart(failpoint: string): Promise<void> {
    await this.#process.stop('SIGKILL');
    this.#process = new NodeProcess(this.#args, { TWINLEAF_FAILPOINT: failpoint });
    await this.#process.start();
  }

  /** Resolves when the process has died by itself. */
  async died(): Promise<void> {
    await until('the process to die', () => !this.#process.isRunning, 20_000);
  }

  async stop(): Promise<void> {
    await this.#process.stop('SIGKILL');
  }

  /** As root, by a connection of its own. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    const login = { host: '127.0.0.1', port: this.port, user: 'root', password: 'secret' };
    const connection = await mysql.createConnection(login);
    connection.on('error', () => undefined);
    try {
      const [rows] = await connection.query(sql);
      return rows as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  }
}

/** An aggregator's port and its leaves', which follow it. */
async function portsInARow(count: number): Promise<number[]> {
  for (;;) {
    const [first = 0] = await freePorts(1);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (await areFree(ports)) return ports;
  }
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  const servers = ports.map((port) => createServer().listen(port, '127.0.0.1'));
  const results = await Promise.allSettled(servers.map((server) => once(server, 'listening')));
  for (const server of servers) server.close();
  return results.every(({ status }) => status === 'fulfilled');
}
