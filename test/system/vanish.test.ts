// Clients that go in mid-transaction, in every way that there is, leave no lock behind.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import test from 'ava';
import type { Connection } from 'mysql2/promise';
import { clusterOfFile, rootPassword } from '#test/aggregator/commands/client-cluster.ts';
import mysql from 'mysql2/promise';
import { until } from '#test/support/wait.ts';

const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop PARTITIONS 4',
  'CREATE TABLE shop.t (id INT PRIMARY KEY, v INT NOT NULL)',
  'INSERT INTO shop.t VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0)',
]);

/** A second at most, on a machine that is busy. */
const FREE_MS_MAX = 10_000;

async function open(): Promise<Connection> {
  const { port } = cluster();
  const login = { host: '127.0.0.1', port, user: 'root', password: rootPassword };
  const connection = await mysql.createConnection({ ...login, database: 'shop' });
  connection.on('error', () => undefined);
  return connection;
}

/** All rows can be locked, which waits for nobody. */
async function everythingIsFree(): Promise<void> {
  const connection = await open();
  try {
    await connection.query('SET innodb_lock_wait_timeout = 1');
    await until(
      'every lock to be free',
      async () => {
        await connection.query('UPDATE t SET v = v + 1');
        return true;
      },
      FREE_MS_MAX,
    );
  } finally {
    connection.destroy();
  }
}

/** A client in a process of its own, which runs the statements and says so. */
const clientProgram = `
  import mysql from 'mysql2/promise';
  const [port, password, ...statements] = process.argv.slice(1);
  const login = { host: '127.0.0.1', port: Number(port), user: 'root', password };
  const connection = await mysql.createConnection({ ...login, database: 'shop' });
  for (const sql of statements) {
    const running = connection.query(sql);
    if (sql.startsWith('/* waits */')) process.stdout.write('waits\\n');
    await running;
  }
  process.stdout.write('done\\n');
  setInterval(() => undefined, 1000);
`;

async function startClient(statements: readonly string[], word: string) {
  const { port } = cluster();
  const args = ['--input-type=module', '-e', clientProgram, String(port), rootPassword];
  const child = spawn(process.execPath, [...args, ...statements], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) if (line === word) break;
  return child;
}

test.serial('a client that closes its socket', async (t) => {
  const client = await open();
  await client.query('BEGIN');
  await client.query('UPDATE t SET v = 9');
  client.destroy();
  await everythingIsFree();
  t.pass();
});

test.serial('a client process that is killed, idle within its transaction', async (t) => {
  const client = await startClient(['BEGIN', 'UPDATE t SET v = 9'], 'done');
  client.kill('SIGKILL');
  await everythingIsFree();
  t.pass();
});

test.serial(
  'a client process that is killed while it waits for a lock and holds another',
  async (t) => {
    const holder = await open();
    await holder.query('BEGIN');
    await holder.query('UPDATE t SET v = 1 WHERE id = 1');
    const waits = '/* waits */ UPDATE t SET v = 9 WHERE id = 1';
    const client = await startClient(['BEGIN', 'UPDATE t SET v = 9 WHERE id = 2', waits], 'waits');
    await until('the client to wait', async () => {
      const [rows] = await holder.query('SHOW PROCESSLIST');
      return (rows as { Info: string | null }[]).some(({ Info }) => Info === waits);
    });
    client.kill('SIGKILL');
    const other = await open();
    await other.query('SET innodb_lock_wait_timeout = 1');
    await until(
      'what it held to be free',
      async () => {
        await other.query('UPDATE t SET v = 5 WHERE id = 2');
        return true;
      },
      FREE_MS_MAX,
    );
    await holder.query('COMMIT');
    await everythingIsFree();
    holder.destroy();
    other.destroy();
    t.pass();
  },
);

test.serial('KILL QUERY ends a wait for a lock, and the transaction goes on', async (t) => {
  const [holder, waiter, root] = [await open(), await open(), await open()];
  await holder.query('BEGIN');
  await holder.query('UPDATE t SET v = 1 WHERE id = 1');
  await waiter.query('BEGIN');
  await waiter.query('UPDATE t SET v = 77 WHERE id = 2');
  for (const sql of [
    'UPDATE t SET v = 9 WHERE id = 1',
    'SELECT v FROM t WHERE id = 1 FOR UPDATE',
  ]) {
    const waits = waiter.query(sql);
    const ended = t.throwsAsync(waits, { message: /interrupted/ });
    await until('it to wait', async () => {
      const [rows] = await root.query('SHOW PROCESSLIST');
      return (rows as { Info: string | null }[]).some(({ Info }) => Info === sql);
    });
    await root.query(`KILL QUERY ${waiter.threadId}`);
    await ended;
  }
  const [rows] = await waiter.query('SELECT v FROM t WHERE id = 2');
  t.deepEqual(rows, [{ v: 77 }] as never, 'what it had written before is there');
  await waiter.query('COMMIT');
  await holder.query('COMMIT');
  const [after] = await root.query('SELECT id, v FROM t WHERE id IN (1, 2) ORDER BY id');
  t.deepEqual(after, [
    { id: 1, v: 1 },
    { id: 2, v: 77 },
  ] as never);
  await everythingIsFree();
  for (const connection of [holder, waiter, root]) connection.destroy();
});

test.serial('a transaction that is idle for longer than wait_timeout', async (t) => {
  const client = await open();
  await client.query('SET wait_timeout = 1');
  await client.query('BEGIN');
  await client.query('UPDATE t SET v = 9');
  await everythingIsFree();
  await t.throwsAsync(client.query('COMMIT'));
});

test.serial('NOWAIT and SKIP LOCKED', async (t) => {
  const [holder, other] = [await open(), await open()];
  await everythingIsFree();
  await holder.query('BEGIN');
  await holder.query('SELECT v FROM t WHERE id = 1 FOR UPDATE');
  await other.query('BEGIN');
  const nowait = 'SELECT v FROM t WHERE id = 1 FOR UPDATE NOWAIT';
  await t.throwsAsync(other.query(nowait), { message: /NOWAIT is set/ });
  const [skipped] = await other.query('SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED');
  const ids = (skipped as { id: number }[]).map(({ id }) => id);
  t.false(ids.includes(1));
  t.true(ids.length > 0);
  await other.query('UPDATE t SET v = 3 WHERE id IN (?)', [ids]);
  await other.query('COMMIT');
  await holder.query('ROLLBACK');
  await everythingIsFree();
  holder.destroy();
  other.destroy();
});
