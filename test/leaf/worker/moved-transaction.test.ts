// A transaction that began on the event loop goes on in a worker: savepoints, foreign keys and all.

import test, { type ExecutionContext } from 'ava';
import { must } from '#shared/assert.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { Partition } from '#leaf/partition/partition.ts';
import { seededRandom, type RandomInteger } from '#test/support/seeded-random.ts';
import {
  accountTable,
  insertOf,
  rowsOf,
  tagOf,
  testEnvironment,
  testPlace,
  writeOf,
} from '#test/support/test-partition.ts';
import { countBegun, ROWS, workerWorld } from '#test/support/worker-world.ts';

const ADD_ONE = 'UPDATE account SET balance = balance + 1';
const SUM = 'SELECT count(*), sum(balance) FROM account';
const FIRST = 'SELECT id, balance FROM account WHERE id < 4 ORDER BY id';
/** Told by hand where it is short. */
const SET = 'UPDATE "account" AS "r1" SET "balance" = ? WHERE (("r1"."id" = ?))';
/** Short, and captured by a session. */
const ADD = 'UPDATE account SET balance = balance + ? WHERE id = ?';
const before = (ROWS * (ROWS + 1)) / 2;

/** What a start finds: the file, and what the log leads to without it. */
async function reopened(
  t: ExecutionContext,
  partition: Partition,
  directory: string,
): Promise<Partition> {
  await partition.close();
  const again = await Partition.open(testPlace(directory), testEnvironment());
  t.teardown(() => again.close());
  t.is(again.failure, null);
  return again;
}

test('a transaction with savepoints goes on in a worker, and back to each of them', async (t) => {
  const { partition, pool, directory } = await workerWorld(t);
  const begun = countBegun(pool);
  const tag = tagOf('one', 1);
  const joined = { ...tag, joined: true };
  const mine = { transaction: joined };
  const savepoint = (action: 'set' | 'rollback to' | 'release', name: string) =>
    partition.savepoint({ transactionId: 'one', action, name });
  await partition.write(insertOf(ROWS + 1, 100, tag));
  await savepoint('set', 'a');
  await partition.write(writeOf(ADD, [10n, 1n], joined));
  await savepoint('set', 'b');
  await partition.write(writeOf(ADD, [100n, 1n], joined));
  await partition.write(insertOf(ROWS + 2, 1000, joined));
  t.is(begun(), 0, 'short statements run on the event loop');
  await partition.write(writeOf(ADD_ONE, [], joined));
  t.is(begun(), 1);
  t.deepEqual(await rowsOf(partition, SUM, mine), [[ROWS + 2, before + 1210 + ROWS + 2]]);
  await savepoint('rollback to', 'b');
  t.deepEqual(await rowsOf(partition, SUM, mine), [[ROWS + 1, before + 110]]);
  await partition.write(writeOf(ADD_ONE, [], joined));
  await savepoint('rollback to', 'a');
  t.deepEqual(await rowsOf(partition, SUM, mine), [[ROWS + 1, before + 100]]);
  await partition.write(writeOf(ADD_ONE, [], joined));
  await partition.undoLastWrite('one');
  await savepoint('release', 'a');
  await partition.write(writeOf(ADD_ONE, [], joined));
  const lsn = partition.log.tail.lsn;
  await partition.commit('one');
  t.is(partition.log.tail.lsn, lsn + 1n);
  const all: Row[] = [[ROWS + 1, before + 100 + ROWS + 1]];
  t.deepEqual(await rowsOf(partition, SUM), all);
  t.deepEqual(await rowsOf(await reopened(t, partition, directory), SUM), all);
});

/** The rows 1 to 3, and what all have got besides. */
interface State {
  readonly rows: readonly (number | null)[];
  readonly added: number;
}

class Life {
  readonly #partition: Partition;
  readonly #random: RandomInteger;
  readonly #id: string;
  #state: State;
  #savepoints: { readonly name: string; readonly state: State }[] = [];
  #isJoined = false;

  constructor(partition: Partition, random: RandomInteger, given: { id: string; state: State }) {
    this.#partition = partition;
    this.#random = random;
    this.#id = given.id;
    this.#state = given.state;
  }

  /** Answers what is left of it. */
  async live(): Promise<State> {
    const before = this.#state;
    for (let step = 3 + this.#random(8); step > 0; step -= 1) await this.#step(step);
    if (!this.#isJoined) return before;
    if (this.#random(4) === 0) {
      await this.#partition.rollback(this.#id);
      return before;
    }
    await this.#partition.commit(this.#id);
    return this.#state;
  }

  async #step(step: number): Promise<void> {
    const kind = this.#random(8);
    const { length } = this.#savepoints;
    if (kind < 2 && this.#isJoined) {
      this.#savepoints.push({ name: `s${step}`, state: this.#state });
      await this.#savepoint('set', `s${step}`);
    } else if (kind === 2 && length > 0) {
      const back = this.#random(length);
      const { name, state } = must(this.#savepoints[back]);
      this.#savepoints.length = back + 1;
      this.#state = state;
      await this.#savepoint('rollback to', name);
    } else if (kind === 3 && length > 0) {
      const { name } = must(this.#savepoints.pop());
      await this.#savepoint('release', name);
    } else await this.#write(kind);
  }

  async #write(kind: number): Promise<void> {
    const { rows, added } = this.#state;
    if (kind === 7) {
      await this.#run(ADD_ONE, []);
      this.#state = { rows: rows.map((row) => (row === null ? null : row + 1)), added: added + 1 };
      return;
    }
    const [place, value] = [this.#random(3), this.#random(50)];
    const row = rows[place] ?? null;
    const set = (to: number | null): void => {
      this.#state = { rows: rows.with(place, to), added };
    };
    const id = BigInt(place + 1);
    if (row === null) {
      await this.#run('INSERT INTO account (id, balance) VALUES (?, ?)', [id, BigInt(value)]);
      set(value);
    } else if (kind === 4) {
      await this.#run('DELETE FROM "account" AS "r1" WHERE (("r1"."id" = ?))', [id]);
      set(null);
    } else if (kind === 5) {
      await this.#run(SET, [BigInt(value), id]);
      set(value);
    } else {
      await this.#run(ADD, [BigInt(value), id]);
      set(row + value);
    }
  }

  async #run(sql: string, parameters: readonly bigint[]): Promise<void> {
    const tag = { ...tagOf(this.#id, 1), joined: this.#isJoined };
    await this.#partition.write(writeOf(sql, [...parameters], tag));
    this.#isJoined = true;
  }

  async #savepoint(action: 'set' | 'rollback to' | 'release', name: string): Promise<void> {
    await this.#partition.savepoint({ transactionId: this.#id, action, name });
  }
}

test('transactions that move at any moment leave what they should', async (t) => {
  const { partition, pool, directory } = await workerWorld(t);
  const begun = countBegun(pool);
  const random = seededRandom(11);
  let state: State = { rows: [1, 2, 3], added: 0 };
  for (let life = 0; life < 40; life += 1) {
    state = await new Life(partition, random, { id: `t${life}`, state }).live();
    const there = state.rows.flatMap((row, index) => (row === null ? [] : [[index + 1, row]]));
    t.deepEqual(await rowsOf(partition, FIRST), there as Row[], `life ${life}`);
  }
  t.true(state.added > 5);
  t.true(begun() > 10);
  const rows = state.rows.filter((row) => row !== null);
  const others = before - 6 + (ROWS - 3) * state.added;
  const sum = rows.reduce((total, row) => total + row, others);
  const all: Row[] = [[ROWS - 3 + rows.length, sum]];
  t.deepEqual(await rowsOf(partition, SUM), all);
  t.deepEqual(await rowsOf(await reopened(t, partition, directory), SUM), all);
});

const transfer: TableDefinition = {
  ...accountTable,
  id: 2,
  name: 'transfer',
  foreignKeys: [
    {
      name: 'transfer_account',
      columns: ['balance'],
      referencedTable: 'account',
      referencedColumns: ['id'],
      onDelete: 'cascade',
      onUpdate: 'cascade',
    },
  ],
};

const TRANSFERS = 'SELECT id, balance FROM transfer ORDER BY id';

async function withTransfers(t: ExecutionContext, actions: string) {
  const { partition, pool, directory } = await workerWorld(t);
  const create = `CREATE TABLE transfer (id INTEGER PRIMARY KEY,
    balance INTEGER REFERENCES account (id) ${actions})`;
  // Without it each action would look through the whole table, in a worker.
  const index = 'CREATE INDEX transfer_balance ON transfer (balance)';
  await partition.define({ version: 2, sqlite: [create, index], put: [transfer], drop: [] });
  const write = async (sql: string, parameters: bigint[], joined = true) => {
    const transaction = { ...tagOf('one', 1), joined };
    await partition.write({ ...writeOf(sql, parameters, transaction), ...at2 });
  };
  return { partition, directory, write, begun: countBegun(pool) };
}

const at2 = { catalogVersion: 2 };
const PUT = 'INSERT INTO transfer (id, balance) VALUES (?, ?)';
const PUT_ACCOUNT = 'INSERT INTO account (id, balance) VALUES (?, ?)';
const DROP_ACCOUNT = 'DELETE FROM account WHERE id = ?';

test('a transaction with foreign keys moves, and they hold and act there', async (t) => {
  const actions = 'ON DELETE CASCADE ON UPDATE CASCADE';
  const { partition, directory, write, begun } = await withTransfers(t, actions);
  const savepoint = (action: 'set' | 'rollback to') =>
    partition.savepoint({ transactionId: 'one', action, name: 'a' });
  await write(PUT, [1n, 1n], false);
  await write(PUT_ACCOUNT, [BigInt(ROWS + 1), 5n]);
  await write(PUT, [2n, BigInt(ROWS + 1)]);
  await savepoint('set');
  await write(PUT, [3n, 3n]);
  await write(ADD, [1n, 3n]);
  t.is(begun(), 0);
  await write(ADD_ONE, []);
  t.is(begun(), 1);
  await t.throwsAsync(write(PUT, [4n, BigInt(ROWS + 404)]), { message: /foreign key/i });
  await write(DROP_ACCOUNT, [3n]);
  const mine = { transaction: { ...tagOf('one', 1), joined: true }, ...at2 };
  const both: Row[] = [
    [1, 1],
    [2, ROWS + 1],
  ];
  t.deepEqual(await rowsOf(partition, TRANSFERS, mine), both);
  await savepoint('rollback to');
  await write(ADD_ONE, []);
  await write(DROP_ACCOUNT, [1n]);
  await partition.commit('one');
  const again = await reopened(t, partition, directory);
  t.deepEqual(await rowsOf(again, TRANSFERS, at2), [[2, ROWS + 1]]);
  t.deepEqual(await rowsOf(again, SUM, at2), [[ROWS, before + 5 - 1 + ROWS]]);
});

test('one that has deleted rows which others need is made once more in a worker', async (t) => {
  const actions = 'ON DELETE CASCADE ON UPDATE CASCADE';
  const { partition, directory, write, begun } = await withTransfers(t, actions);
  const savepoint = (action: 'set' | 'rollback to', name: string) =>
    partition.savepoint({ transactionId: 'one', action, name });
  const mine = { transaction: { ...tagOf('one', 1), joined: true }, ...at2 };
  await write(PUT, [1n, 1n], false);
  await write(PUT, [2n, 2n]);
  await write(PUT, [3n, 3n]);
  await write(DROP_ACCOUNT, [1n]);
  await write(PUT_ACCOUNT, [1n, 7n]);
  // It refers to the new row: to delete the old one again would take it along.
  await write(PUT, [4n, 1n]);
  await savepoint('set', 'a');
  await write(DROP_ACCOUNT, [3n]);
  await partition.undoLastWrite('one');
  await write(DROP_ACCOUNT, [4n]);
  await savepoint('set', 'b');
  await write(DROP_ACCOUNT, [2n]);
  await t.throwsAsync(write(PUT, [5n, BigInt(ROWS + 404)]), { message: /foreign key/i });
  await savepoint('set', 'gone');
  await write(DROP_ACCOUNT, [3n]);
  await savepoint('rollback to', 'gone');
  t.is(begun(), 0);
  await write(ADD_ONE, []);
  t.is(begun(), 1);
  const there: Row[] = [
    [3, 3],
    [4, 1],
  ];
  t.deepEqual(await rowsOf(partition, TRANSFERS, mine), there);
  await savepoint('rollback to', 'b');
  t.deepEqual(await rowsOf(partition, TRANSFERS, mine), [[2, 2], ...there]);
  await savepoint('rollback to', 'a');
  await write(ADD_ONE, []);
  const lsn = partition.log.tail.lsn;
  await partition.commit('one');
  t.is(partition.log.tail.lsn, lsn + 1n);
  const again = await reopened(t, partition, directory);
  t.deepEqual(await rowsOf(again, TRANSFERS, at2), [[2, 2], ...there]);
  t.deepEqual(await rowsOf(again, SUM, at2), [[ROWS, before + 6 + ROWS]]);
});

test('one whose deletion may come out otherwise stays where it is', async (t) => {
  const { partition, directory, write, begun } = await withTransfers(t, '');
  await write(PUT, [1n, 1n], false);
  await write(DROP_ACCOUNT, [2n]);
  await write('UPDATE account SET balance = balance + (random() & 0) WHERE id = ?', [1n]);
  for (let count = 0; count < 2; count += 1) await write(ADD_ONE, []);
  t.is(begun(), 0);
  await partition.commit('one');
  const again = await reopened(t, partition, directory);
  t.deepEqual(await rowsOf(again, TRANSFERS, at2), [[1, 1]]);
  t.deepEqual(await rowsOf(again, SUM, at2), [[ROWS - 1, before - 2 + 2 * (ROWS - 1)]]);
});

test('one that does something else when it is made once more is rolled back', async (t) => {
  const { partition, write, begun } = await withTransfers(t, 'ON DELETE CASCADE');
  await write(PUT, [1n, 1n], false);
  await write(DROP_ACCOUNT, [1n]);
  // Each connection has a count of its own.
  await write('UPDATE account SET balance = 5 + total_changes() WHERE id = ?', [5n]);
  await t.throwsAsync(write(ADD_ONE, []), { message: /deadlock/i });
  t.is(begun(), 1);
  await t.throwsAsync(write(ADD_ONE, []), { message: /deadlock/i });
  t.deepEqual(await rowsOf(partition, SUM, at2), [[ROWS, before]]);
});
