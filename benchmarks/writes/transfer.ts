// A transfer between two accounts in one transaction, which mostly live in two partitions.

import type { Workload } from '#benchmarks/driver/workload.ts';
import { assertSame, numbersOf } from './item-table.ts';

const ACCOUNTS = 10_000;
const BALANCE = 1000;

const table = `CREATE TABLE accounts (
  id BIGINT NOT NULL PRIMARY KEY,
  balance BIGINT NOT NULL,
  moves BIGINT NOT NULL
)`;

const move = 'UPDATE accounts SET balance = balance + ?, moves = moves + 1 WHERE id = ?';

export const transfer: Workload = {
  name: 'transfer',
  summary: 'BEGIN, two UPDATEs by key, COMMIT: a transfer over two partitions',
  unit: 'transactions',
  rowsPerOperation: 2,
  protocols: ['text', 'prepared'],

  async prepare(connection) {
    await connection.query('DROP TABLE IF EXISTS accounts');
    await connection.query(table);
    for (let from = 1; from <= ACCOUNTS; from += 500) {
      const rows = Array.from({ length: 500 }, (_, index) => `(${from + index},${BALANCE},0)`);
      await connection.query(`INSERT INTO accounts VALUES ${rows.join()}`);
    }
  },

  async operate(client) {
    const from = client.random(ACCOUNTS) + 1;
    const to = ((from + client.random(ACCOUNTS - 1)) % ACCOUNTS) + 1;
    const amount = client.random(10) + 1;
    // The lower one first, as careful applications do, so that row locks make no circle.
    const first = from < to ? { id: from, by: -amount } : { id: to, by: amount };
    const second = from < to ? { id: to, by: amount } : { id: from, by: -amount };
    await client.run('BEGIN');
    await client.run(move, [first.by, first.id]);
    await client.run(move, [second.by, second.id]);
    await client.run('COMMIT');
    return 2;
  },

  async verify(connection, done) {
    const sums = 'SELECT COUNT(*), SUM(balance), SUM(moves) FROM accounts';
    const found = await numbersOf(connection, sums);
    assertSame('accounts, money and moves', found, [ACCOUNTS, ACCOUNTS * BALANCE, done.sum]);
  },
};
