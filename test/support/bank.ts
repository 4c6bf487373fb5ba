// A bank for tests: tellers who move money between accounts, readers who add it all up.

import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { realClock } from '#shared/clock.ts';
import type { ProcessCluster } from './process-cluster.ts';
import { until } from './wait.ts';

const BALANCE = 1000;
/** Some transfers are taken back by their teller. */
const ROLLBACK_EVERY = 11;

interface Transfer {
  readonly id: number;
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

/** What became of a transfer, as its teller knows it. */
type Fate = 'acknowledged' | 'refused' | 'unknown';

export class Bank {
  readonly #t: ExecutionContext<unknown>;
  readonly #cluster: ProcessCluster;
  readonly #accounts: number;
  readonly #fates = new Map<number, Fate>();
  readonly #wrongSums: string[] = [];
  #acknowledged = 0;
  #reads = 0;
  #stopped = false;
  #next = 1;
  #workers: Promise<void>[] = [];

  private constructor(
    t: ExecutionContext<unknown>,
    { cluster, accounts }: { readonly cluster: ProcessCluster; readonly accounts: number },
  ) {
    this.#t = t;
    this.#cluster = cluster;
    this.#accounts = accounts;
  }

  static async open(
    t: ExecutionContext<unknown>,
    cluster: ProcessCluster,
    options: { readonly accounts: number; readonly partitions: number },
  ): Promise<Bank> {
    const { accounts, partitions } = options;
    const root = await cluster.connect();
    await root.query(`CREATE DATABASE bank PARTITIONS ${partitions}`);
    await root.query('CREATE TABLE bank.accounts (id INT PRIMARY KEY, balance BIGINT NOT NULL)');
    await root.query(
      'CREATE TABLE bank.ledger (id INT PRIMARY KEY, source INT, target INT, amount INT)',
    );
    const rows = Array.from({ length: accounts }, (_, i) => `(${i}, ${BALANCE})`).join();
    await root.query(`INSERT INTO bank.accounts VALUES ${rows}`);
    const bank = new Bank(t, { cluster, accounts });
    t.teardown(() => bank.stop());
    return bank;
  }

  start(staff: { readonly tellers: number; readonly readers: number }): void {
    for (let i = 0; i < staff.tellers; i += 1) this.#workers.push(this.#work(this.#transfer));
    for (let i = 0; i < staff.readers; i += 1) this.#workers.push(this.#work(this.#addUp));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  /** Waits for transfers and sums that began later than this. */
  async progress(): Promise<void> {
    const [transfers, reads] = [this.#acknowledged + 100, this.#reads + 10];
    await until('the bank to work', () => this.#acknowledged > transfers && this.#reads > reads);
  }

  /** One at a time, each until its connection fails or the bank closes. */
  async #work(action: (connection: Connection) => Promise<void>): Promise<void> {
    let connection: Connection | null = null;
    while (!this.#stopped) {
      try {
        connection ??= await this.#cluster.open('bank');
        await action.call(this, connection);
      } catch {
        connection?.destroy();
        connection = null;
        await delay(20);
      }
    }
    connection?.destroy();
  }

  async #transfer(connection: Connection): Promise<void> {
    const id = this.#next++;
    const transfer = { id, ...this.#choose(), amount: 1 + (id % 50) };
    this.#fates.set(id, 'refused');
    await this.#book(connection, transfer);
    if (id % ROLLBACK_EVERY === 0) {
      await connection.query('ROLLBACK');
      return;
    }
    this.#fates.set(id, 'unknown');
    try {
      await connection.query('COMMIT');
    } catch (error) {
      if (isDeadlock(error)) {
        this.#fates.set(id, 'refused');
        return;
      }
      throw error;
    }
    this.#fates.set(id, 'acknowledged');
    this.#acknowledged += 1;
  }

  /** Until it is all written, and not committed. After a deadlock all of it again. */
  async #book(connection: Connection, { id, from, to, amount }: Transfer): Promise<void> {
    for (;;) {
      try {
        await connection.query('BEGIN');
        const change = 'UPDATE accounts SET balance = balance + ? WHERE id = ?';
        await connection.execute(change, [-amount, from]);
        await connection.execute(change, [amount, to]);
        await connection.execute('INSERT INTO ledger VALUES (?, ?, ?, ?)', [id, from, to, amount]);
        return;
      } catch (error) {
        if (!isDeadlock(error) || this.#stopped) throw error;
      }
    }
  }

  #choose(): { readonly from: number; readonly to: number } {
    const from = realClock.random(this.#accounts);
    const step = 1 + realClock.random(this.#accounts - 1);
    return { from, to: (from + step) % this.#accounts };
  }

  async #addUp(connection: Connection): Promise<void> {
    const sum = await sumOf(connection);
    this.#reads += 1;
    if (sum !== this.#accounts * BALANCE) this.#wrongSums.push(`${sum} in read ${this.#reads}`);
  }

  /** At rest: the money, the ledger, and what the tellers were told, all say the same. */
  async check(): Promise<void> {
    const t = this.#t;
    const connection = await until('a connection', () => this.#cluster.connect('bank'));
    await until('every lock to be free', async () => {
      await connection.query('SET innodb_lock_wait_timeout = 5');
      await connection.query('BEGIN');
      await connection.query('SELECT balance FROM accounts FOR UPDATE');
      await connection.query('ROLLBACK');
      return true;
    });
    t.is(await sumOf(connection), this.#accounts * BALANCE, 'the sum');
    const ledger = await this.#readLedger(connection);
    const fatesOf = (fate: Fate) =>
      [...this.#fates].filter(([, known]) => known === fate).map(([id]) => id);
    const found = new Set(ledger.map(({ id }) => id));
    t.deepEqual(
      fatesOf('acknowledged').filter((id) => !found.has(id)),
      [],
      'what was acknowledged is there',
    );
    t.deepEqual(
      fatesOf('refused').filter((id) => found.has(id)),
      [],
      'what was refused is not',
    );
    await this.#checkBalances(connection, ledger);
    t.deepEqual(this.#wrongSums, [], 'no reader saw a transfer half');
    const count = (fate: Fate) => `${fatesOf(fate).length} ${fate}`;
    t.log(count('acknowledged'), count('refused'), count('unknown'), `${this.#reads} sums`);
  }

  async #readLedger(connection: Connection): Promise<readonly Transfer[]> {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT * FROM ledger');
    return rows.map(({ id, source, target, amount }) => ({
      id: Number(id),
      from: Number(source),
      to: Number(target),
      amount: Number(amount),
    }));
  }

  async #checkBalances(connection: Connection, ledger: readonly Transfer[]): Promise<void> {
    const expected = new Map<number, number>();
    for (let id = 0; id < this.#accounts; id += 1) expected.set(id, BALANCE);
    for (const { from, to, amount } of ledger) {
      expected.set(from, (expected.get(from) ?? 0) - amount);
      expected.set(to, (expected.get(to) ?? 0) + amount);
    }
    const [rows] = await connection.query<RowDataPacket[]>('SELECT id, balance FROM accounts');
    const wrong = rows.filter((row) => expected.get(Number(row['id'])) !== Number(row['balance']));
    this.#t.deepEqual(wrong, [], 'each account is what the ledger says');
    this.#t.is(rows.length, this.#accounts);
  }
}

async function sumOf(connection: Connection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT SUM(balance) s FROM accounts');
  return Number(rows[0]?.['s']);
}

function isDeadlock(error: unknown): boolean {
  return error instanceof Error && 'errno' in error && error.errno === 1213;
}
