// One row an INSERT, each its own transaction: the durable write as most applications do it.

import type { Workload } from '#benchmarks/driver/workload.ts';
import { assertSame, createItems, numbersOf, textOf } from './item-table.ts';

const K_MAX = 100_000;

export const insertRow: Workload = {
  name: 'insert-row',
  summary: 'single-row INSERT, autocommit, synced at commit',
  unit: 'statements',
  rowsPerOperation: 1,
  protocols: ['text', 'prepared'],

  prepare: (connection) => createItems(connection, 0),

  async operate(client) {
    const k = client.random(K_MAX);
    const values = [k, textOf(k, 119), textOf(k, 59)];
    await client.run('INSERT INTO items (k, c, pad) VALUES (?, ?, ?)', values);
    return k;
  },

  async verify(connection, done) {
    const found = await numbersOf(connection, 'SELECT COUNT(*), SUM(k) FROM items');
    assertSame('rows and SUM(k)', found, [done.operations, done.sum]);
  },
};
