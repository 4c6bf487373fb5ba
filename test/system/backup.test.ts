// Backups of real processes under load: what they hold is whole, and a crash leaves nothing half.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import {
  runTwinleaf,
  startProcessCluster,
  type ProcessCluster,
} from '#test/support/process-cluster.ts';
import { until } from '#test/support/wait.ts';

const accounts = 200;
const balance = 1000;

async function startBank(t: ExecutionContext): Promise<ProcessCluster> {
  const cluster = await startProcessCluster(t, { leaves: 3 });
  const root = await cluster.connect();
  await root.query('CREATE DATABASE bank PARTITIONS 6');
  await root.query('CREATE TABLE bank.account (id INT PRIMARY KEY, balance INT NOT NULL)');
  await root.query('CREATE TABLE bank.ballast (id INT PRIMARY KEY, text TEXT)');
  const rows = Array.from({ length: accounts }, (_, id) => `(${id}, ${balance})`).join();
  await root.query(`INSERT INTO bank.account VALUES ${rows}`);
  return cluster;
}

/** Moves money between accounts of any partitions until it is told to stop. */
class Transfers {
  readonly #cluster: ProcessCluster;
  readonly #running: Promise<void>[];
  #stopped = false;
  done = 0;

  constructor(cluster: ProcessCluster, clients: number) {
    this.#cluster = cluster;
    this.#running = Array.from({ length: clients }, (_, client) => this.#run(client));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #run(client: number): Promise<void> {
    let connection: Connection | null = null;
    for (let turn = client; !this.#stopped; turn += 7) {
      const [from, to] = [(turn * 31) % accounts, (turn * 17 + 5) % accounts];
      if (from === to) continue;
      try {
        connection ??= await this.#cluster.open('bank');
        await connection.query('BEGIN');
        await connection.query(`UPDATE account SET balance = balance - 1 WHERE id = ${from}`);
        await connection.query(`UPDATE account SET balance = balance + 1 WHERE id = ${to}`);
        await connection.query('COMMIT');
        this.done += 1;
      } catch {
        connection?.destroy();
        connection = null;
        await delay(20);
      }
    }
    connection?.destroy();
  }
}

async function one(connection: Connection, sql: string): Promise<unknown> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return Object.values(rows[0] ?? {})[0];
}

test('backup: transfers over all partitions keep their sum in every backup', async (t) => {
  const cluster = await startBank(t);
  const root = await cluster.connect();
  const transfers = new Transfers(cluster, 6);
  t.teardown(() => transfers.stop());
  await until('transfers run', () => transfers.done > 20);
  const login = ['--port', String(cluster.port), '--password', cluster.rootPassword];
  t.regex(await runTwinleaf(['backup', 'bank', 'a', ...login]), /^Partitions: 7 /);
  for (const name of ['b', 'c']) {
    await root.query(`BACKUP DATABASE bank TO '${name}'`);
    await root.query('SNAPSHOT DATABASE bank');
  }
  const before = transfers.done;
  for (const name of ['a', 'b', 'c']) {
    await root.query(`RESTORE DATABASE bank AS bank_${name} FROM '${name}'`);
    const sum = await one(root, `SELECT SUM(balance) FROM bank_${name}.account`);
    t.is(String(sum), String(accounts * balance), name);
    t.is(String(await one(root, `SELECT COUNT(*) FROM bank_${name}.account`)), String(accounts));
    await root.query(`UPDATE bank_${name}.account SET balance = 0`);
  }
  t.is(await runTwinleaf(['restore', 'bank', 'a', '--as', 'more', ...login]), 'Partitions: 7');
  await until('transfers went on', () => transfers.done > before);
  await transfers.stop();
  t.is(
    String(await one(root, 'SELECT SUM(balance) FROM bank.account')),
    String(accounts * balance),
  );
});

test('backup: KILL ends it, and a crash in the middle leaves nothing', async (t) => {
  const cluster = await startBank(t);
  const root = await cluster.connect();
  const text = 'x1y2z3'.repeat(3000);
  for (let part = 0; part < 20; part++) {
    const rows = Array.from({ length: 100 }, (_, i) => `(${part * 100 + i}, '${i}${text}')`);
    await root.query(`INSERT INTO bank.ballast VALUES ${rows.join()}`);
  }
  await root.query("BACKUP DATABASE bank TO 'good'");
  const directory = join(cluster.dataDir, 'backups');
  const runs = async (sql: string) => {
    const client = await cluster.open();
    const id = await one(client, 'SELECT CONNECTION_ID()');
    const run = async (): Promise<string> => {
      try {
        await client.query(sql);
        return 'ok';
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    };
    const ended = run();
    return { id, ended, close: () => client.destroy() };
  };
  const unfinished = () => existsSync(join(directory, '.bad.unfinished'));
  const restoring = async () => (await one(root, "SHOW DATABASES LIKE 'half'")) !== undefined;

  const killed = await runs("BACKUP DATABASE bank TO 'bad'");
  await until('the backup runs', unfinished);
  await root.query(`KILL QUERY ${String(killed.id)}`);
  t.regex(await killed.ended, /interrupted/);
  t.deepEqual(readdirSync(directory), ['good']);
  const stopped = await runs("RESTORE DATABASE bank AS half FROM 'good'");
  await until('the restore runs', restoring);
  await root.query(`KILL QUERY ${String(stopped.id)}`);
  t.regex(await stopped.ended, /interrupted/);
  t.false(await restoring());

  const crashed = await runs("BACKUP DATABASE bank TO 'bad'");
  await until('the backup runs', unfinished);
  await cluster.aggregator.stop('SIGKILL');
  await crashed.ended;
  await cluster.aggregator.start();
  const after = await cluster.connect();
  await until('the rest is removed', () => !unfinished());
  await until('no leaf keeps records for it', async () => {
    const [rows] = await after.query<RowDataPacket[]>('SHOW REPLICAS');
    return rows.every(({ Follower }) => !String(Follower).startsWith('backup/'));
  });

  const half = await runs("RESTORE DATABASE bank AS half FROM 'good'");
  const there = async () => (await one(after, "SHOW DATABASES LIKE 'half'")) !== undefined;
  await until('the restore runs', there);
  await cluster.aggregator.stop('SIGKILL');
  await half.ended;
  await cluster.aggregator.start();
  const last = await cluster.connect();
  await until('the half of it is removed', async () => {
    return (await one(last, "SHOW DATABASES LIKE 'half'")) === undefined;
  });
  await until('it can be restored', async () => {
    await last.query("RESTORE DATABASE bank AS half FROM 'good'");
    return true;
  });
  t.is(String(await one(last, 'SELECT COUNT(*) FROM half.ballast')), '2000');
  for (const each of [killed, stopped, crashed, half]) each.close();
});
