// PostgreSQL 15 as its users run it: durable at every commit, ready for logical replication.

import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '#shared/clock.ts';
import { descendants } from '#benchmarks/measure/process-cost.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { scratchDirectory } from '#benchmarks/measure/scratch.ts';
import { PostgresqlClient } from './postgresql-client.ts';
import { ServerProcess } from './server-process.ts';

/** Where Debian keeps the programs of the server. */
const PROGRAMS = '/usr/lib/postgresql/15/bin';
const ANSWER_MS_MAX = 60_000;
const RETRY_MS = 50;

/** The server refuses to run as root. */
const USER = 'postgres';

export interface PostgresqlServer {
  readonly port: number;
  connect(database?: string): Promise<PostgresqlClient>;
  /** The server and all its children. */
  pids(): readonly number[];
  stop(): Promise<void>;
}

const settings = {
  listen_addresses: '127.0.0.1',
  wal_level: 'logical',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  max_connections: '100',
  unix_socket_directories: '',
};

export async function startPostgresql(): Promise<PostgresqlServer> {
  const directory = scratchDirectory('postgresql');
  const data = join(directory.path, 'data');
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    chmodSync(directory.path, 0o755);
    run('chown', [USER, directory.path]);
  }
  const [program, before] = asRoot
    ? ['setpriv', ['--reuid', USER, '--regid', USER, '--clear-groups']]
    : ['env', []];
  const init = ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale', 'C.UTF-8'];
  run(program, [...before, join(PROGRAMS, 'initdb'), ...init]);
  const [port = 0] = await freePorts(1);
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = await ServerProcess.start({
    name: 'postgres',
    program,
    args: [...before, join(PROGRAMS, 'postgres'), '-D', data, '-p', String(port), ...options],
    logPath: join(directory.path, 'log'),
  });
  const connect = (database = USER): Promise<PostgresqlClient> =>
    PostgresqlClient.connect(port, USER, database);
  await waitReady(connect, server);
  return {
    port,
    connect,
    pids: () => descendants(server.pid),
    async stop() {
      await server.stop('SIGINT');
      directory.remove();
    },
  };
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: '/' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${stderr}`);
}

async function waitReady(
  connect: () => Promise<PostgresqlClient>,
  server: ServerProcess,
): Promise<void> {
  const deadline = realClock.monotonicMs() + ANSWER_MS_MAX;
  for (;;) {
    server.assertRunning();
    try {
      (await connect()).end();
      return;
    } catch (error) {
      if (realClock.monotonicMs() > deadline) throw error;
      await realClock.sleep(RETRY_MS);
    }
  }
}
