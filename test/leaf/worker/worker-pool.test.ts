// What is long runs in workers: the event loop goes on, and nothing that is given up goes on.

import test from 'ava';
import { must } from '#shared/assert.ts';
import { realClock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { readOf, rowsOf, writeOf } from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';
import { ROWS, workerWorld } from '#test/support/worker-world.ts';

/** Hours of work. */
const ENDLESS = 'SELECT count(*) FROM account a, account b, account c WHERE a.id + b.id + c.id < 0';
/** Looks at every row: that is not for the event loop. */
const COUNTED = 'SELECT count(*) FROM account WHERE balance >= 0';

const readAll = (partition: Partition, sql: string, signal?: AbortSignal): Promise<Row[]> =>
  rowsOf(partition, sql, {}, signal);

test('worker: point reads are answered beside a long statement, which an abort ends', async (t) => {
  const { pool, partition } = await workerWorld(t);
  const abort = new AbortController();
  let ended = false;
  const long = (async () => {
    const rows = await readAll(partition, ENDLESS, abort.signal);
    ended = true;
    return rows;
  })();
  await until('a worker', () => pool.size === 1);
  for (let id = 1; id <= 100; id += 1) {
    const sql = `SELECT balance FROM account WHERE id = ${id}`;
    t.deepEqual(await readAll(partition, sql), [[id]]);
  }
  t.is(pool.size, 1, 'a lookup by key needs no worker');
  t.false(ended);
  abort.abort();
  t.deepEqual(await long, []);
});

test('worker: a long text is compiled there, whatever it asks for', async (t) => {
  const { pool, partition } = await workerWorld(t);
  const read = pool.read.bind(pool);
  let count = 0;
  pool.read = (...given) => {
    count += 1;
    return read(...given);
  };
  await readAll(partition, 'SELECT balance FROM account WHERE id IN (1, 2)');
  t.is(count, 0);
  const ids = Array.from({ length: 5000 }, (_, index) => index + 1);
  const sql = `SELECT count(*) FROM account WHERE id IN (${ids.join()})`;
  t.deepEqual(await readAll(partition, sql), [[ids.length]]);
  t.is(count, 1);
});

test('worker: rows come in order and whole, and other statements beside them', async (t) => {
  const { partition } = await workerWorld(t);
  const sql = 'SELECT id, balance FROM account ORDER BY id';
  const [all, sum] = await Promise.all([
    readAll(partition, sql),
    readAll(partition, 'SELECT sum(balance) FROM account'),
  ]);
  t.is(all.length, ROWS);
  t.true(all.every(([id, balance], index) => id === index + 1 && balance === id));
  t.deepEqual(sum, [[(ROWS * (ROWS + 1)) / 2]]);
});

test('worker: a slow consumer is read one batch ahead, and others go on', async (t) => {
  const { partition } = await workerWorld(t, { size: 1 });
  const sql = 'SELECT a.id, b.id FROM account a, account b';
  const slow = Array.from({ length: 20 }, () => partition.read(readOf(sql)));
  const first = await Promise.all(slow.map((rows) => rows.next()));
  t.true(first.every(({ done }) => done === false));
  const count = await readAll(partition, COUNTED);
  t.deepEqual(count, [[ROWS]]);
  const second = await Promise.all(slow.map((rows) => rows.next()));
  t.true(second.every(({ done }) => done === false));
  for (const rows of slow) await rows.return();
  t.is((await readAll(partition, 'SELECT min(balance + 0) FROM account'))[0]?.[0], 1);
});

test('worker: one that is given up as its snapshot is taken does not begin', async (t) => {
  const { partition, pool } = await workerWorld(t, { size: 1 });
  const abort = new AbortController();
  const task = {
    file: { path: partition.filePath, partition: 'shop_0', reference: null, generation: 'own' },
    catalogVersion: 1,
    statement: { sql: ENDLESS, parameters: [] },
    columns: [],
    onRan: () => undefined,
    onTaken: () => abort.abort(),
  };
  const batches: unknown[] = [];
  for await (const batch of pool.read(task, abort.signal)) batches.push(batch);
  t.deepEqual(batches, []);
  await until('its end', () => pool.busy === 0);
  t.deepEqual(await readAll(partition, COUNTED), [[ROWS]]);
});

test('worker: what waits behind a statement that is ended begins again elsewhere', async (t) => {
  const { partition, pool } = await workerWorld(t, { size: 1 });
  const abort = new AbortController();
  const long = readAll(partition, ENDLESS, abort.signal);
  const waiting = readAll(partition, COUNTED);
  await until('a worker', () => pool.size === 1);
  await realClock.sleep(0);
  abort.abort();
  t.deepEqual(await long, []);
  t.deepEqual(await waiting, [[ROWS]]);
});

test('worker: one that dies ends its statement with a clear error, and no more', async (t) => {
  const { partition, pool } = await workerWorld(t, { size: 1 });
  const long = readAll(partition, ENDLESS);
  await until('a worker', () => pool.processIds().length === 1);
  await until('work in a worker', () => pool.busy === 1);
  process.kill(must(pool.processIds()[0]), 'SIGKILL');
  const error = await t.throwsAsync(long);
  t.true(error instanceof DatabaseError && error.is('workerLost'));
  t.deepEqual(await readAll(partition, COUNTED), [[ROWS]]);
});

test('worker: none starts to count all rows of a short file', async (t) => {
  const { partition, pool } = await workerWorld(t);
  for (const filler of pool.processIds()) process.kill(filler, 'SIGKILL');
  await until('no worker', () => pool.size === 0);
  t.deepEqual(await readAll(partition, 'SELECT count(*) FROM account'), [[ROWS]]);
  t.is(pool.size, 0);
  t.deepEqual(await readAll(partition, COUNTED), [[ROWS]]);
  t.is(pool.size, 1);
});

test('worker: each statement sees the newest commit and the newest schema', async (t) => {
  const { partition } = await workerWorld(t, { size: 1 });
  const sql = COUNTED;
  t.deepEqual(await readAll(partition, sql), [[ROWS]]);
  await partition.write(writeOf('DELETE FROM account WHERE id = 1'));
  t.deepEqual(await readAll(partition, sql), [[ROWS - 1]]);
  const add = 'ALTER TABLE account ADD COLUMN note TEXT';
  await partition.define({ version: 2, sqlite: [add], put: [], drop: [] });
  const error = await t.throwsAsync(readAll(partition, sql));
  t.true(error instanceof DatabaseError && error.is('catalogMismatch'));
  const rows = await rowsOf(partition, 'SELECT count(note) FROM account', { catalogVersion: 2 });
  t.deepEqual(rows, [[0]]);
});

test('worker: an error of the statement reaches the client as itself', async (t) => {
  const { partition } = await workerWorld(t, { size: 1 });
  const error = await t.throwsAsync(
    readAll(partition, 'SELECT abs(-9223372036854775807 - id) FROM account'),
  );
  t.regex(must(error).message, /integer overflow/);
});

test('worker: a partition that closes ends what reads it', async (t) => {
  const { partition, pool } = await workerWorld(t, { size: 1 });
  const long = readAll(partition, ENDLESS);
  await until('work in a worker', () => pool.busy === 1);
  await partition.close();
  await t.throwsAsync(long);
});

test('worker: one that is told to end is given nothing more', async (t) => {
  const { pool, partition } = await workerWorld(t);
  const sql = 'SELECT count(*) FROM account WHERE id % 3 < 7';
  const place = pool.enter('elsewhere', 'read');
  t.is(pool.size, 1);
  const gone = place.worker.kill();
  t.deepEqual(await readAll(partition, sql), [[ROWS]]);
  const other = pool.enter('elsewhere', 'read');
  t.not(other.worker, place.worker);
  await gone;
  const error = await t.throwsAsync(place.worker.ask({}, { kind: 'forget', path: 'elsewhere' }));
  t.is(error.name, 'WorkerLostError');
  place.leave();
  other.leave();
});
