// No database at all: a process of Node that answers each query with the same row. No server of
// Node's can cost less.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { scratchDirectory } from '#benchmarks/measure/scratch.ts';
import type { DatabaseServer } from './database-server.ts';
import { ServerProcess } from './server-process.ts';

const program = fileURLToPath(new URL('constant-server.ts', import.meta.url));

export async function startSockets(): Promise<DatabaseServer> {
  const directory = scratchDirectory('sockets');
  const [port = 0] = await freePorts(1);
  const process_ = await ServerProcess.start({
    name: 'sockets',
    program: process.execPath,
    args: [program, String(port)],
    logPath: join(directory.path, 'log'),
    readyPrefix: 'ready',
  });
  return {
    name: 'sockets',
    dialect: 'mariadb',
    login: { host: '127.0.0.1', port, user: 'root', password: '' },
    pids: () => [process_.pid],
    async stop() {
      await process_.stop();
      directory.remove();
    },
  };
}
