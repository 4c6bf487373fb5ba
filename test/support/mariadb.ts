// A private MariaDB server: the second opinion on what MySQL answers.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { errnoOf } from './errno-of.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { makeMariadbDirectory } from '#benchmarks/peers/mariadb-directory.ts';
import { until } from './wait.ts';

export interface MariadbOracle {
  readonly port: number;
  readonly socketPath: string;
  /** Rows of the text protocol as texts, bytes as Latin-1; null for NULL. */
  query(sql: string): Promise<(string | null)[][]>;
  /** The errno with which the statement fails; 0 when it does not. */
  errno(sql: string): Promise<number>;
  stop(): Promise<void>;
}

/** True when this machine has the server and the program that makes its data directory. */
export function hasMariadbServer(): boolean {
  const programs = ['mariadbd', 'mariadb-install-db'];
  return programs.every((program) => spawnSync('which', [program]).status === 0);
}

/** Starts a server of its own; null where MariaDB is not installed. */
export async function startMariadb(): Promise<MariadbOracle | null> {
  if (!hasMariadbServer()) return null;
  const directory = mkdtempSync(join(tmpdir(), 'twinleaf-mariadb-'));
  const made = makeMariadbDirectory(directory);
  const [port = 0] = await freePorts(1);
  const socketPath = join(directory, 'socket');
  const child = spawn(
    'mariadbd',
    [
      ...made,
      `--socket=${socketPath}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--innodb-buffer-pool-size=16M',
      '--innodb-log-file-size=4M',
      '--character-set-server=utf8mb4',
      '--collation-server=utf8mb4_general_ci',
      '--default-time-zone=+00:00',
    ],
    { stdio: 'ignore' },
  );
  const connection = await until('MariaDB to answer', () => connect(socketPath));
  await connection.query('CREATE DATABASE oracle');
  await connection.query('USE oracle');
  await connection.query(`SET sql_mode = CONCAT(@@sql_mode, ',TIME_ROUND_FRACTIONAL')`);
  return oracle({ child, connection, port, socketPath, directory });
}

function connect(socketPath: string): Promise<Connection> {
  return createConnection({
    socketPath,
    user: 'root',
    charset: 'utf8mb4',
    rowsAsArray: true,
    multipleStatements: true,
    typeCast: (field) => {
      const bytes = field.buffer();
      if (bytes === null) return null;
      return ['BIT', 'BLOB'].includes(field.type) || isBinary(field)
        ? bytes.toString('latin1')
        : bytes.toString('utf8');
    },
  });
}

function isBinary(field: { readonly type: string; characterSet?: number }): boolean {
  return ['STRING', 'VAR_STRING'].includes(field.type) && field.characterSet === 63;
}

function oracle(parts: {
  readonly child: ChildProcess;
  readonly connection: Connection;
  readonly port: number;
  readonly socketPath: string;
  readonly directory: string;
}): MariadbOracle {
  const { child, connection, directory } = parts;
  return {
    port: parts.port,
    socketPath: parts.socketPath,
    async query(sql) {
      const [rows] = await connection.query({ sql, rowsAsArray: true });
      return rows as unknown as (string | null)[][];
    },
    errno: (sql) => errnoOf(connection.query(sql)),
    async stop() {
      await connection.end();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
