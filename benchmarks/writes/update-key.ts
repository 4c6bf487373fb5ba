// UPDATE of one row by its primary key, each its own transaction.

import type { Workload } from '#benchmarks/driver/workload.ts';
import { assertSame, createItems, numbersOf } from './item-table.ts';

const ROWS = 20_000;

export const updateKey: Workload = {
  name: 'update-key',
  summary: 'UPDATE of one row by its primary key, autocommit, synced at commit',
  unit: 'statements',
  rowsPerOperation: 1,
  protocols: ['text', 'prepared'],

  prepare: (connection) => createItems(connection, ROWS),

  async operate(client) {
    await client.run('UPDATE items SET k = k + 1 WHERE id = ?', [client.random(ROWS) + 1]);
    return 1;
  },

  async verify(connection, done) {
    const found = await numbersOf(connection, 'SELECT COUNT(*), SUM(k - id) FROM items');
    assertSame('rows and updates', found, [ROWS, done.sum]);
  },
};
