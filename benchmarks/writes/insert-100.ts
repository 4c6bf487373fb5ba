// A hundred rows an INSERT, each its own transaction: how applications load in bulk.

import type { Workload } from '#benchmarks/driver/workload.ts';
import { assertSame, createItems, numbersOf, textOf } from './item-table.ts';

const ROWS = 100;
const K_MAX = 100_000;

const statement =
  'INSERT INTO items (k, c, pad) VALUES ' + Array.from({ length: ROWS }, () => '(?,?,?)').join();

export const insert100: Workload = {
  name: 'insert-100',
  summary: 'INSERT of 100 rows, autocommit, synced at commit',
  unit: 'statements',
  rowsPerOperation: ROWS,
  protocols: ['text', 'prepared'],

  prepare: (connection) => createItems(connection, 0),

  async operate(client) {
    const values: (number | string)[] = [];
    let sum = 0;
    for (let row = 0; row < ROWS; row++) {
      const k = client.random(K_MAX);
      sum += k;
      values.push(k, textOf(k, 119), textOf(k, 59));
    }
    await client.run(statement, values);
    return sum;
  },

  async verify(connection, done) {
    const found = await numbersOf(connection, 'SELECT COUNT(*), SUM(k) FROM items');
    assertSame('rows and SUM(k)', found, [done.operations * ROWS, done.sum]);
  },
};
