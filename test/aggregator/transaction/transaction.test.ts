// Transactions over partitions of one process: what is committed is whole, whatever is lost.

import { planVersion } from '#shared/cluster/plan-version.ts';
import anyTest, { type TestFn } from 'ava';
import type { Session } from '#aggregator/session.ts';
import { DatabaseError } from '#shared/error.ts';
import { partitionOfSlot, slotOf } from '#shared/cluster/partition-hash.ts';
import { must } from '#shared/assert.ts';
import { FaultyLeaf } from '#test/support/faulty-leaf.ts';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';

interface Bank {
  readonly cluster: TestCluster;
  readonly leaf: FaultyLeaf;
  session(): Session;
  run(session: Session, text: string): Promise<string>;
}

const test = anyTest as TestFn<Bank>;

const ACCOUNTS = 12;

test.beforeEach(async (t) => {
  let leaf: FaultyLeaf | null = null;
  const cluster = await openTestCluster({ wrap: (inner) => (leaf = new FaultyLeaf(inner)) });
  const session = () => {
    const made = cluster.session();
    made.database = 'bank';
    return made;
  };
  const run = async (of: Session, text: string) => {
    const { rows } = await runSql(cluster.engine, of, text);
    return rows.map((row) => row.join(' ')).join(', ');
  };
  const first = cluster.session();
  await run(first, 'CREATE DATABASE bank PARTITIONS 4');
  first.database = 'bank';
  await run(first, 'CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)');
  const rows = Array.from({ length: ACCOUNTS }, (_, i) => `(${i}, 100)`);
  await run(first, `INSERT INTO account VALUES ${rows.join(', ')}`);
  t.context = { cluster, leaf: must<FaultyLeaf>(leaf), session, run };
});

test.afterEach.always(async (t) => {
  await t.context.cluster.close();
});

const ids = Array.from({ length: ACCOUNTS }, (_, id) => id);

function partitionOf(id: number): number {
  const type = { kind: 'integer', bits: 32, unsigned: false } as const;
  return partitionOfSlot(slotOf([BigInt(id)], [type]), 4);
}

const SUM = 'SELECT SUM(balance) FROM account';

test('transaction: a change of all partitions commits in two phases', async (t) => {
  const { leaf, session, run } = t.context;
  const one = session();
  leaf.calls.length = 0;
  await run(one, 'UPDATE account SET balance = balance + 1');
  const names = leaf.calls.map((call) => call.split(' ')[0]);
  t.deepEqual(names.slice(0, 4), ['write', 'write', 'write', 'write']);
  t.deepEqual(names.slice(4, 8), ['prepare', 'prepare', 'prepare', 'prepare']);
  t.deepEqual(leaf.calls[8], 'decide 0');
  t.is(await run(one, SUM), '1212');
});

test('transaction: one participant commits in one phase', async (t) => {
  const { leaf, session, run } = t.context;
  const one = session();
  await run(one, 'BEGIN');
  await run(one, 'UPDATE account SET balance = balance + 1 WHERE id = 1');
  leaf.calls.length = 0;
  await run(one, 'COMMIT');
  t.deepEqual(
    leaf.calls.map((call) => call.split(' ')[0]),
    ['commit'],
  );
});

test('transaction: partitions without a changed row have nothing to commit', async (t) => {
  const { leaf, session, run } = t.context;
  leaf.calls.length = 0;
  await run(session(), 'UPDATE account SET balance = 7 WHERE balance + id = 105');
  const names = leaf.calls.map((call) => call.split(' ')[0]);
  t.deepEqual(names.slice(4).sort(), ['commit', 'rollback', 'rollback', 'rollback']);
});

test('transaction: one that cannot prepare takes all back', async (t) => {
  const { leaf, session, run } = t.context;
  const one = session();
  leaf.fail('prepare', 'before', 2);
  await t.throwsAsync(run(one, 'UPDATE account SET balance = 0'), { instanceOf: DatabaseError });
  t.is(await run(one, SUM), '1200');
  await run(one, 'UPDATE account SET balance = balance + 1');
  t.is(await run(one, SUM), '1212');
});

test('transaction: a lost answer to prepare takes all back', async (t) => {
  const { leaf, session, run } = t.context;
  const one = session();
  leaf.fail('prepare', 'after', 1);
  await t.throwsAsync(run(one, 'UPDATE account SET balance = 0'), { instanceOf: DatabaseError });
  t.is(await run(one, SUM), '1200');
});

test('transaction: a lost answer to the decision is asked for again', async (t) => {
  const { leaf, session, run } = t.context;
  const one = session();
  leaf.fail('decide', 'after', 0);
  await run(one, 'UPDATE account SET balance = balance + 1');
  t.is(await run(one, SUM), '1212');
  t.true(leaf.calls.includes('verdict 0'));
});

test('transaction: a decision that never arrived aborts all', async (t) => {
  const { leaf, session, run } = t.context;
  const one = session();
  leaf.fail('decide', 'before', 0);
  await run(one, 'BEGIN');
  await run(one, 'UPDATE account SET balance = 0');
  const error = await t.throwsAsync(run(one, 'COMMIT'), { instanceOf: DatabaseError });
  t.is(error?.errno, 1213);
  t.is(await run(one, SUM), '1200');
});

test('transaction: an attempt that was undone leaves no warnings behind', async (t) => {
  const { leaf, session, run } = t.context;
  const one = session();
  await run(one, 'SET GLOBAL local_infile = 1');
  await run(one, "SET sql_mode = ''");
  await run(one, 'CREATE TABLE small (id INT PRIMARY KEY, n TINYINT)');
  one.localFile = async function* () {
    await Promise.resolve();
    yield Buffer.from(ids.map((id) => `${id}\tmany\tmore\n`).join(''));
  };
  for (const [statement, warnings] of [
    ['INSERT INTO small SELECT id, 1000 FROM account', ACCOUNTS],
    ["LOAD DATA LOCAL INFILE 'file' INTO TABLE small", 2 * ACCOUNTS],
  ] as const) {
    const asked = leaf.calls.length;
    leaf.fail('decide', 'before', 0);
    await run(one, statement);
    t.is(one.warnings.length, warnings, statement);
    const isDecided = (call: string) => call === 'decide 0';
    t.is(leaf.calls.slice(asked).filter(isDecided).length, 2, 'it was tried again');
    await run(one, 'DELETE FROM small');
  }
});

test('transaction: a participant that was not told is settled by recovery', async (t) => {
  const { cluster, leaf, session, run } = t.context;
  const one = session();
  leaf.fail('decide', 'before', 3);
  await run(one, 'UPDATE account SET balance = balance + 1');
  t.is(await cluster.transactions.recovery.run(0), 1);
  t.is(await run(one, SUM), '1212');
  t.is(await cluster.transactions.recovery.run(0), 0);
});

test('transaction: recovery leaves a database alone that is being promoted', async (t) => {
  const { cluster, leaf, session, run } = t.context;
  leaf.fail('decide', 'before', 3);
  await run(session(), 'UPDATE account SET balance = balance + 1');
  const { catalog, transactions } = cluster;
  const database = catalog.database('bank');
  await catalog.put({ ...database, role: 'secondary' });
  t.is(await transactions.recovery.run(0), 0);
  await catalog.put(database);
  t.is(await transactions.recovery.run(0), 1);
});

test('transaction: without its coordinator a prepared one is aborted', async (t) => {
  const { cluster, leaf, session, run } = t.context;
  const one = session();
  const tag = { id: 'gone-1', startedAt: 1n, joined: false };
  const database = cluster.context.catalog.database('bank');
  for (const ordinal of [1, 2]) {
    const key = { database: 'bank', ordinal };
    await leaf.call('write', {
      key,
      catalogVersion: planVersion(database),
      transaction: tag,
      steps: [{ kind: 'rows', sql: 'UPDATE "account" SET "balance" = ?', rows: [[0n]] }],
      lockWaitTimeoutMs: 1000,
      foreignKeyChecks: true,
    });
    await leaf.call('prepare', { key, transactionId: tag.id, participants: [1, 2] });
  }
  const sum = run(one, SUM);
  t.is(await cluster.transactions.recovery.run(0), 2);
  t.is(await sum, '1200');
  await run(one, 'UPDATE account SET balance = balance + 1');
  t.is(await run(one, SUM), '1212');
});

/** Two transactions that have each changed one row; `reachOver` goes for the other's, too. */
async function entangled({ session, run }: Bank) {
  const [older, younger] = [session(), session()];
  const [here, there] = [0, must(ids.find((id) => partitionOf(id) !== partitionOf(0)))];
  const take = (one: Session, id: number) =>
    run(one, `UPDATE account SET balance = ${one === older ? 1 : 2} WHERE id = ${id}`);
  await run(older, 'BEGIN');
  await run(younger, 'BEGIN');
  await take(older, here);
  await take(younger, there);
  const reachOver = (one: Session) => take(one, one === older ? there : here);
  const both = `SELECT balance FROM account WHERE id IN (${here}, ${there})`;
  return { older, younger, reachOver, both };
}

test('transaction: a deadlock ends the younger one, and its session knows', async (t) => {
  const { run } = t.context;
  const { older, younger, reachOver, both } = await entangled(t.context);
  const waits = Promise.allSettled([reachOver(younger)]);
  await reachOver(older);
  await run(older, 'COMMIT');
  // It hears of it while it waits, or with its COMMIT.
  const ended = async () => {
    const [waited] = await waits;
    if (waited?.status === 'rejected') throw waited.reason;
    await run(younger, 'COMMIT');
  };
  const error = await t.throwsAsync(ended, { instanceOf: DatabaseError });
  t.is(error?.errno, 1213);
  t.is(younger.transaction, null);
  t.is(await run(older, both), '1, 1');
});

test('transaction: who was rolled back elsewhere waits no more for one that is idle', async (t) => {
  const { run } = t.context;
  const { older, younger, reachOver, both } = await entangled(t.context);
  const waits = t.throwsAsync(reachOver(younger), { instanceOf: DatabaseError });
  await reachOver(older);
  t.is((await waits)?.errno, 1213, 'while the older one holds both locks');
  t.is(younger.transaction, null);
  await run(older, 'COMMIT');
  t.is(await run(younger, both), '1, 1');
});

test('transaction: a statement that fails on one partition leaves none of it', async (t) => {
  const { session, run } = t.context;
  const one = session();
  await run(one, 'BEGIN');
  await run(one, 'UPDATE account SET balance = 50 WHERE id = 0');
  const rows = Array.from({ length: 8 }, (_, i) => `(${20 + i}, 1)`).join(', ');
  const error = await t.throwsAsync(run(one, `INSERT INTO account VALUES ${rows}, (0, 1)`), {
    instanceOf: DatabaseError,
  });
  t.is(error?.errno, 1062);
  t.is(await run(one, 'SELECT COUNT(*), SUM(balance) FROM account'), '12 1150');
  await run(one, `INSERT INTO account VALUES ${rows}`);
  await run(one, 'COMMIT');
  t.is(await run(session(), 'SELECT COUNT(*), SUM(balance) FROM account'), '20 1158');
});

test('transaction: a lost leaf in the middle ends it', async (t) => {
  const { leaf, session, run } = t.context;
  const one = session();
  await run(one, 'BEGIN');
  await run(one, 'UPDATE account SET balance = 0 WHERE id = 0');
  leaf.fail('write', 'after');
  await t.throwsAsync(run(one, 'UPDATE account SET balance = 0 WHERE id = 1'));
  t.is(one.transaction, null);
  t.is(await run(one, SUM), '1200');
});

test('transaction: transfers from many sessions keep the sum', async (t) => {
  const { session, run } = t.context;
  const client = async (seed: number) => {
    const mine = session();
    for (let i = 0; i < 12; i += 1) {
      const [from, to] = [(seed * 5 + i) % ACCOUNTS, (seed * 7 + i * 3 + 1) % ACCOUNTS];
      try {
        await run(mine, 'BEGIN');
        await run(mine, `UPDATE account SET balance = balance - 1 WHERE id = ${from}`);
        await run(mine, `UPDATE account SET balance = balance + 1 WHERE id = ${to}`);
        await run(mine, i % 5 === 4 ? 'ROLLBACK' : 'COMMIT');
      } catch (error) {
        if (!(error instanceof DatabaseError && error.is('deadlock'))) throw error;
      }
    }
  };
  const bulk = async () => {
    const mine = session();
    for (let i = 0; i < 5; i += 1) await run(mine, 'UPDATE account SET balance = balance + 1');
  };
  await Promise.all([client(1), client(2), client(3), client(4), bulk(), bulk()]);
  t.is(await run(session(), SUM), String(1200 + 10 * ACCOUNTS));
});

test('transaction: reference rows written in it are seen by its joins', async (t) => {
  const { session, run } = t.context;
  const one = session();
  await run(one, 'CREATE REFERENCE TABLE level (balance INT PRIMARY KEY, name VARCHAR(9))');
  const query = 'SELECT COUNT(l.name) FROM account a LEFT JOIN level l ON l.balance = a.balance';
  await run(one, 'BEGIN');
  await run(one, "INSERT INTO level VALUES (100, 'good')");
  t.is(await run(one, query), '12');
  t.is(await run(session(), query), '0');
  await run(one, 'COMMIT');
  t.is(await run(session(), query), '12');
});

test('read of several partitions: a transfer is seen whole while it commits', async (t) => {
  const { cluster, leaf, session, run } = t.context;
  const [teller, reader] = [session(), session()];
  const [here, there] = [0, must(ids.find((id) => partitionOf(id) !== partitionOf(0)))];
  for (const [name, ordinal] of [
    ['decide', Math.min(partitionOf(here), partitionOf(there))],
    ['decide', Math.max(partitionOf(here), partitionOf(there))],
  ] as const) {
    await run(teller, 'BEGIN');
    await run(teller, `UPDATE account SET balance = balance - 7 WHERE id = ${here}`);
    await run(teller, `UPDATE account SET balance = balance + 7 WHERE id = ${there}`);
    const hold = leaf.hold(name, ordinal);
    const commit = run(teller, 'COMMIT');
    await hold.reached;
    const sum = run(reader, SUM);
    const alone = await run(reader, `SELECT balance FROM account WHERE id = ${here}`);
    t.regex(alone, /^\d+$/, 'a read of one partition waits for nobody');
    hold.release();
    t.is(await sum, '1200');
    await commit;
  }
  const before = cluster.context.clock.monotonicMs();
  await run(reader, 'SET innodb_lock_wait_timeout = 1');
  await run(teller, 'BEGIN');
  await run(teller, `UPDATE account SET balance = balance - 7 WHERE id = ${here}`);
  await run(teller, `UPDATE account SET balance = balance + 7 WHERE id = ${there}`);
  const hold = leaf.hold('decide', Math.max(partitionOf(here), partitionOf(there)));
  const commit = run(teller, 'COMMIT');
  await hold.reached;
  const error = await t.throwsAsync(run(reader, SUM), { instanceOf: DatabaseError });
  t.is(error?.errno, 1205, 'it waits no longer than for a lock');
  t.true(cluster.context.clock.monotonicMs() - before >= 1000);
  hold.release();
  await commit;
});
