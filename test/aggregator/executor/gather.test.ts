// Large gathered queries run in worker processes: clients go on, and nothing given up goes on.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Readable } from 'node:stream';
import test from 'ava';
import type callbacks from 'mysql2';
import mysql from 'mysql2/promise';
import { must } from '#shared/assert.ts';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import { errnoOf } from '#test/support/errno-of.ts';
import { until } from '#test/support/wait.ts';

/** More than the event loop takes. */
const ROWS = 6000;
const values = Array.from({ length: ROWS }, (_, n) => `(${n}, ${n % 100}, 'row ${n}')`).join(',');
const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE item (id INT PRIMARY KEY, kind INT, name VARCHAR(40))',
  'CREATE TABLE copy (id BIGINT PRIMARY KEY, kind INT, name VARCHAR(40), price DOUBLE)',
  `INSERT INTO item VALUES ${values}`,
]);

/** Hours of work, over few rows. */
const ENDLESS = `
  SELECT COUNT(*) FROM item a JOIN item b ON a.kind < b.kind JOIN item c ON b.kind < c.kind
  WHERE a.name < c.name`;

async function connect(): Promise<mysql.Connection> {
  const client = await mysql.createConnection({
    ...{ host: '127.0.0.1', port: cluster().port, user: 'root', password: 'secret' },
    database: 'shop',
    rowsAsArray: true,
  });
  client.on('error', () => undefined);
  return client;
}

async function rowsOf(client: mysql.Connection, sql: string): Promise<unknown[][]> {
  const [rows] = await client.query(sql);
  return rows as unknown[][];
}

/** The rows as they come; one is asked for when the one before is taken. */
function streamOf(client: mysql.Connection, sql: string): Readable {
  const plain = client as unknown as { readonly connection: callbacks.Connection };
  return plain.connection.query(sql).stream({ highWaterMark: 1 });
}

/** The gather workers of this process. */
function workers(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => {
      try {
        const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'));
        const isOurs = Number(parent?.[1]) === process.pid;
        return isOurs && readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('gather-worker');
      } catch {
        return false;
      }
    });
}

/** True once the worker has been at something for a while. */
function isBusy(id: number): boolean {
  const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return fields[0] === 'R' && Number(fields[11]) > 50;
}

/** Waits until the statement is inside SQLite, in a worker. */
async function atWork(): Promise<number> {
  return until('a worker at work', () => workers().find(isBusy));
}

test.serial('others are answered while it runs; KILL QUERY ends it at once', async (t) => {
  const [client, other] = [await connect(), await connect()];
  let ended = false;
  const answer = (async () => {
    const error = await errnoOf(client.query(ENDLESS));
    ended = true;
    return error;
  })();
  const worker = await atWork();
  for (let id = 0; id < 50; id += 1) {
    t.deepEqual(await rowsOf(other, `SELECT name FROM item WHERE id = ${id}`), [[`row ${id}`]]);
  }
  t.false(ended);
  await other.query(`KILL QUERY ${client.threadId}`);
  t.is(await answer, 1317);
  await until('the worker to end', () => !workers().includes(worker));
  t.deepEqual(await rowsOf(client, 'SELECT COUNT(*) FROM item'), [[ROWS]]);
  await client.end();
  await other.end();
});

test.serial('max_execution_time and a client that goes end it', async (t) => {
  const client = await connect();
  await client.query('SET max_execution_time = 500');
  t.is(await errnoOf(client.query(ENDLESS)), 3024);
  await client.query('SET max_execution_time = 0');
  void errnoOf(client.query(ENDLESS));
  await atWork();
  client.destroy();
  await until('no worker', () => workers().every((id) => !isBusy(id)));
  t.pass();
});

test.serial(
  'a worker that dies is a clear error, and the next statement has another',
  async (t) => {
    const client = await connect();
    const answer = t.throwsAsync(client.query(ENDLESS));
    process.kill(await atWork(), 'SIGKILL');
    const error = must(await answer) as Error & { errno: number };
    t.is(error.errno, 3168);
    t.regex(error.message, /at the aggregator has ended/);
    const [[count] = []] = await rowsOf(
      client,
      'SELECT COUNT(*) FROM item a JOIN item b ON a.kind = b.kind AND a.id + 1 = b.id + 1',
    );
    t.is(count, ROWS);
    await client.end();
  },
);

test.serial('its rows come whole and in order, also to a client that reads slowly', async (t) => {
  const client = await connect();
  const sql = `
    SELECT a.id, CONCAT(a.name, '/', b.id), a.id / 2 FROM item a JOIN item b ON a.kind = b.kind
    WHERE b.id < 1000 ORDER BY CONCAT(a.name, '!'), b.id`;
  const rows = await rowsOf(client, sql);
  t.is(rows.length, ROWS * 10);
  const names = rows.map(([, name]) => String(name).replace(/\/.*/, ''));
  t.true(names.every((name, i) => i === 0 || (names[i - 1] ?? '') <= name));
  const stream = streamOf(client, sql);
  let count = 0;
  for await (const row of stream) if (row !== null) count += 1;
  t.is(count, rows.length);
  await client.end();
});

test.serial('a gather within another has the same worker', async (t) => {
  const client = await connect();
  const sql = `
    SELECT COUNT(*), SUM(d.id) FROM (
      SELECT a.id, b.id + 1 other FROM item a JOIN item b ON a.kind = b.kind WHERE b.id < 200
    ) d JOIN item c ON c.id + 1 = d.other`;
  const answers = await Promise.all(
    Array.from({ length: 9 }, async () => {
      const each = await connect();
      const rows = await rowsOf(each, sql);
      await each.end();
      return rows;
    }),
  );
  const [first] = answers;
  t.is(must(first)[0]?.[0], ROWS * 2);
  for (const answer of answers) t.deepEqual(answer, first);
  // One that is being ended is there a little longer.
  await until('at most 8 workers', () => workers().length <= 8);
  t.pass();
  await client.end();
});

test.serial('INSERT … SELECT in a transaction keeps what it reads aside', async (t) => {
  const client = await connect();
  await client.query('BEGIN');
  const read = `SELECT id + 1000000, kind, name, id / 3e0 FROM item`;
  const [result] = await client.query<mysql.ResultSetHeader>(`INSERT INTO copy ${read}`);
  t.is(result.affectedRows, ROWS);
  await client.query('COMMIT');
  const sum = 'SELECT COUNT(*), SUM(id), SUM(kind), ROUND(SUM(price)) FROM copy';
  const want = `SELECT COUNT(*), SUM(id + 1000000), SUM(kind), ROUND(SUM(id / 3e0)) FROM item`;
  t.deepEqual(await rowsOf(client, sum), await rowsOf(client, want));
  await client.end();
});

test.serial('temporary files have no names, and are gone with their statement', async (t) => {
  const client = await connect();
  const wide = `
    SELECT a.id, REPEAT(a.name, 40) r FROM item a JOIN item b ON a.kind = b.kind AND b.id < 3000`;
  const stream = streamOf(client, `${wide} ORDER BY r, a.id DESC`);
  stream.pause();
  const files = () =>
    workers().flatMap((id) =>
      readdirSync(`/proc/${id}/fd`)
        .map((fd) => readlinkSync(`/proc/${id}/fd/${fd}`))
        .filter((path) => path.includes('etilqs')),
    );
  const open = await until('a file', () => (files().length > 0 ? files() : null));
  t.true(
    open.every((path) => path.endsWith('(deleted)')),
    open.join(),
  );
  client.destroy();
  await until('no file', () => files().length === 0);
});
