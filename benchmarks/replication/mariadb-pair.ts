// MariaDB with an asynchronous replica by GTID, both durable at every commit.

import { spawnSync } from 'node:child_process';
import { scratchDirectory } from '#benchmarks/measure/scratch.ts';
import { startMariadb, type MariadbServer } from '#benchmarks/peers/mariadb.ts';
import { connectTo } from '#benchmarks/peers/database-server.ts';
import { databaseName } from '#benchmarks/driver/database-name.ts';
import { linesTable, type ReplicatedPair } from './replicated-pair.ts';
import { mysqlClient } from './twinleaf-pair.ts';
import { waitUntil } from './wait-until.ts';

export async function startMariadbPair(): Promise<ReplicatedPair> {
  const primary = await startMariadb({ binaryLog: true, serverId: 1 });
  const secondary = await startMariadb({ binaryLog: true, serverId: 2 });
  await execute(primary, [`CREATE DATABASE ${databaseName}`, `USE ${databaseName}`, linesTable()]);
  return {
    name: 'mariadb',
    primaryPids: () => primary.pids(),
    secondaryPids: () => secondary.pids(),
    connectPrimary: () => mysqlClient(primary),
    connectSecondary: () => mysqlClient(secondary),
    async follow() {
      await execute(secondary, [
        `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${primary.login.port},
           MASTER_USER='root', MASTER_PASSWORD='', MASTER_USE_GTID=slave_pos`,
        'START SLAVE',
      ]);
      const connection = await connectTo(secondary.login);
      await waitUntil('the database at the replica', async () => {
        const [rows] = await connection.query(`SHOW TABLES FROM ${databaseName}`);
        return (rows as unknown[]).length > 0;
      });
      await connection.end();
    },
    pause: () => execute(secondary, ['STOP SLAVE']),
    resume: () => execute(secondary, ['START SLAVE']),
    copies: {
      'mariadb-dump and load': async () => dumpAndLoad(primary, secondary),
      'mariadb-backup': async () => backup(primary, false),
      'mariadb-backup, prepared': async () => backup(primary, true),
    },
    async stop() {
      await secondary.stop();
      await primary.stop();
    },
  };
}

async function execute(server: MariadbServer, statements: readonly string[]): Promise<void> {
  const connection = await connectTo(server.login);
  for (const sql of statements) await connection.query(sql);
  await connection.end();
}

function seconds(work: () => void): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

function shell(command: string): void {
  const { status, stderr } = spawnSync('bash', ['-c', `set -eo pipefail; ${command}`]);
  if (status !== 0) throw new Error(`${command} failed: ${String(stderr).slice(-500)}`);
}

function dumpAndLoad(primary: MariadbServer, secondary: MariadbServer): number {
  const at = ({ login }: MariadbServer): string => `-h127.0.0.1 -P${login.port} -uroot`;
  // What the replica logs of its own would stand in the way of the primary's numbers.
  const load = `mariadb ${at(secondary)} --init-command='SET sql_log_bin = 0'`;
  shell(`${load} -e 'CREATE DATABASE loaded'`);
  const dump = `mariadb-dump ${at(primary)} --single-transaction ${databaseName}`;
  const taken = seconds(() => shell(`${dump} | ${load} loaded`));
  shell(`${load} -e 'DROP DATABASE loaded'`);
  return taken;
}

function backup(primary: MariadbServer, prepared: boolean): number {
  const target = scratchDirectory('backup');
  const login = `--host=127.0.0.1 --port=${primary.login.port} --user=root`;
  const where = `--datadir=${primary.dataDirectory} --target-dir=${target.path}/copy`;
  const command = `mariadb-backup --no-defaults`;
  const taken = seconds(() => {
    shell(`${command} --backup ${login} ${where} >${target.path}/log 2>&1`);
    if (!prepared) return;
    shell(`${command} --prepare --target-dir=${target.path}/copy >>${target.path}/log 2>&1`);
  });
  target.remove();
  return taken;
}
