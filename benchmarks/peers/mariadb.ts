// MariaDB as its users run it: durable at every commit, in a data directory of its own.

import { join } from 'node:path';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { scratchDirectory } from '#benchmarks/measure/scratch.ts';
import { connectWhenReady, type DatabaseServer, type Login } from './database-server.ts';
import { makeMariadbDirectory } from './mariadb-directory.ts';
import { ServerProcess } from './server-process.ts';

export interface MariadbServer extends DatabaseServer {
  readonly dataDirectory: string;
}

export interface MariadbOptions {
  readonly name?: string;
  /** Writes a binary log in rows, synced at every commit: what a replica needs. */
  readonly binaryLog?: boolean;
  readonly serverId?: number;
  readonly settings?: readonly string[];
}

/** The settings of Debian's package that matter here, with the memory of a small server. */
const settings = [
  '--innodb-flush-log-at-trx-commit=1',
  '--innodb-buffer-pool-size=1G',
  '--innodb-log-file-size=256M',
  '--character-set-server=utf8mb4',
  '--collation-server=utf8mb4_general_ci',
  '--bind-address=127.0.0.1',
  '--max-connections=600',
];

export async function startMariadb(options: MariadbOptions = {}): Promise<MariadbServer> {
  const directory = scratchDirectory('mariadb');
  const dataDirectory = join(directory.path, 'data');
  const made = makeMariadbDirectory(directory.path);
  const [port = 0] = await freePorts(1);
  const process_ = await ServerProcess.start({
    name: 'mariadbd',
    program: 'mariadbd',
    args: [
      ...made,
      `--socket=${join(directory.path, 'socket')}`,
      `--port=${port}`,
      ...settings,
      ...binaryLogSettings(options),
      ...(options.settings ?? []),
    ],
    logPath: join(directory.path, 'log'),
  });
  const login: Login = { host: '127.0.0.1', port, user: 'root', password: '' };
  const connection = await connectWhenReady(login, () => process_.assertRunning());
  await connection.end();
  return {
    name: options.name ?? 'mariadb',
    dialect: 'mariadb',
    login,
    dataDirectory,
    pids: () => [process_.pid],
    async stop() {
      await process_.stop();
      directory.remove();
    },
  };
}

function binaryLogSettings({ binaryLog = false, serverId = 1 }: MariadbOptions): string[] {
  if (!binaryLog) return [];
  return [
    '--log-bin=binlog',
    '--binlog-format=ROW',
    '--sync-binlog=1',
    '--log-slave-updates=1',
    '--gtid-strict-mode=1',
    `--server-id=${serverId}`,
  ];
}
