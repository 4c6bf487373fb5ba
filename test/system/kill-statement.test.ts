// KILL of long statements: the work ends at the leaf, nothing half done, 1317 to the client.
//
// The statements would take minutes; they are killed once a worker is seen to be at them.

import { readdirSync, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { clusterOfFile, rootPassword } from '#test/aggregator/commands/client-cluster.ts';
import { until } from '#test/support/wait.ts';

const rows = 30_000;
const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop PARTITIONS 1',
  'CREATE TABLE shop.item (id INT PRIMARY KEY, v INT NOT NULL, s VARCHAR(20))',
  'CREATE TABLE shop.copy (id INT PRIMARY KEY, v INT NOT NULL, s VARCHAR(20))',
]);

async function open(): Promise<Connection> {
  const login = { host: '127.0.0.1', port: cluster().port, user: 'root', password: rootPassword };
  const connection = await mysql.createConnection({ ...login, database: 'shop' });
  connection.on('error', () => undefined);
  return connection;
}

/** The processes that leaves of this process have started for long statements. */
function workers(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const parent = /\nPPid:\t(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return Number(parent) === process.pid && command.includes('leaf/worker/');
      } catch {
        return false;
      }
    });
}

function signal(name: NodeJS.Signals): void {
  for (const pid of workers()) process.kill(pid, name);
}

/** Hundredths of a second that the workers have worked. */
function workedTicks(): number {
  const ticks = workers().map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]);
  });
  return ticks.reduce((sum, one) => sum + one, 0);
}

/** What the table holds, in one line. */
async function contentOf(connection: Connection): Promise<string> {
  const [found] = await connection.query<RowDataPacket[]>(
    'SELECT count(*) AS n, sum(v) AS v, max(id) AS id FROM item',
  );
  const [columns] = await connection.query<RowDataPacket[]>('SHOW COLUMNS FROM item');
  const [keys] = await connection.query<RowDataPacket[]>('SHOW INDEX FROM item');
  return JSON.stringify([found, columns.map(({ Field }) => Field as string), keys.length]);
}

test.serial('a table that is large', async (t) => {
  const connection = await open();
  for (let first = 0; first < rows; first += 5000) {
    const values = Array.from({ length: 5000 }, (_, i) => `(${first + i}, 1, 's${i}')`);
    await connection.query(`INSERT INTO item VALUES ${values.join()}`);
  }
  await contentOf(connection);
  t.true(workers().length > 0, 'a long read has gone to a worker');
  connection.destroy();
});

/** True of any row, after minutes. */
const slow = '(SELECT count(*) FROM item a, item b WHERE a.v + b.id > item.v) > 0';
const writes = [
  `UPDATE item SET v = v + 1 WHERE ${slow}`,
  `DELETE FROM item WHERE ${slow}`,
  `INSERT INTO copy SELECT * FROM item WHERE ${slow}`,
];

for (const sql of writes) {
  test.serial(`KILL QUERY of a large autocommit write: ${sql.slice(0, 20)}`, async (t) => {
    await isEndedByKill(t, sql);
  });
}

/** Runs it while the workers stand still, and ends it by KILL QUERY. */
async function isEndedByKill(t: ExecutionContext, sql: string) {
  const [client, root] = [await open(), await open()];
  const before = await contentOf(root);
  const worked = workedTicks();
  const ended = t.throwsAsync(client.query(sql), { code: 'ER_QUERY_INTERRUPTED' });
  await until('a worker to be at it', () => workedTicks() > worked + 20);
  await root.query(`KILL QUERY ${client.threadId}`);
  await ended;
  t.is(await contentOf(root), before);
  // Neither its lock nor its session is lost.
  await client.query(`INSERT INTO item VALUES (${rows * 2}, 1, 'after')`);
  await client.query(`DELETE FROM item WHERE id = ${rows * 2}`);
  t.is(await contentOf(root), before);
  for (const connection of [client, root]) connection.destroy();
}

test.serial(
  'KILL QUERY of definitions: nothing has changed, and they can be told again',
  async (t) => {
    const [client, root] = [await open(), await open()];
    const texts = [
      'CREATE INDEX by_v ON item (v, s)',
      'ALTER TABLE item ADD COLUMN more INT DEFAULT 7',
      // One that moves its rows, and one that can be taken back where it is not everywhere.
      'ALTER TABLE item ADD COLUMN n BIGINT NOT NULL AUTO_INCREMENT, ADD UNIQUE (n)',
      'ALTER TABLE item DROP COLUMN more',
    ];
    for (const sql of texts) {
      const before = await contentOf(root);
      // It comes to a worker that stands still, so that it cannot be done too soon.
      signal('SIGSTOP');
      const ended = t.throwsAsync(client.query(sql), { code: 'ER_QUERY_INTERRUPTED' }, sql);
      await until('the definition to be at a worker', async () => {
        const [list] = await root.query<RowDataPacket[]>('SHOW PROCESSLIST');
        return list.some((row) => row['Info'] === sql);
      });
      await root.query(`KILL QUERY ${client.threadId}`);
      await ended;
      signal('SIGCONT');
      t.is(await contentOf(root), before, sql);
      await client.query("INSERT INTO item (id, v, s) VALUES (900000, 1, 'a')");
      await client.query('DELETE FROM item WHERE id = 900000');
      await client.query(sql);
      t.not(await contentOf(root), before, sql);
    }
    for (const connection of [client, root]) connection.destroy();
  },
);

test.serial('KILL of oneself: 1317 first, then the end of the connection', async (t) => {
  const client = await open();
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  await client.query('BEGIN');
  await client.query("INSERT INTO copy VALUES (1, 1, 'never')");
  const { errno } = await t.throwsAsync<Error & { errno?: number }>(
    client.query('KILL CONNECTION_ID()'),
  );
  t.is(errno, 1317);
  await ended;
  const other = await open();
  await until('the open transaction to go', async () => {
    const [found] = await other.query<RowDataPacket[]>(
      'SELECT id FROM copy WHERE id = 1 FOR UPDATE',
    );
    return found.length === 0;
  });
  const id = other.threadId;
  await t.throwsAsync(other.query('KILL QUERY CONNECTION_ID()'), { message: /interrupted/ });
  const [[row]] = await other.query<RowDataPacket[]>('SELECT CONNECTION_ID() AS id');
  t.is(row?.['id'], id);
  await other.end();
});
