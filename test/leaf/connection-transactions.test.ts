// A node that goes away leaves no lock behind.

import test from 'ava';
import { ConnectionTransactions } from '#leaf/connection-transactions.ts';
import type { LeafService } from '#shared/wire/message.ts';

function recordingLeaf(): { leaf: LeafService; calls: string[] } {
  const calls: string[] = [];
  const leaf = {
    async call(name: string, request: { transactionId: string; key: { ordinal: number } }) {
      calls.push(`${name} ${request.transactionId} ${request.key.ordinal}`);
      if (request.transactionId === 'prepared') throw new Error('only a verdict ends it');
      return {};
    },
  };
  return { leaf: leaf as unknown as LeafService, calls };
}

const key = { database: 'shop', ordinal: 3 };

test('connection transactions: what is open is rolled back, what has ended is not', async (t) => {
  const { leaf, calls } = recordingLeaf();
  const transactions = new ConnectionTransactions(leaf);
  for (const id of ['open', 'done', 'prepared']) {
    transactions.note('write', { key, transaction: { id, startedAt: 1n } });
  }
  transactions.note('read', { key, transaction: { id: 'locking' }, forUpdate: true });
  transactions.note('read', { key, transaction: { id: 'reading' }, forUpdate: false });
  transactions.note('write', { key, transaction: null });
  transactions.note('commit', { key, transactionId: 'done' });
  await transactions.rollBackAll();
  t.deepEqual(calls.sort(), ['rollback locking 3', 'rollback open 3', 'rollback prepared 3']);
  await transactions.rollBackAll();
  t.is(calls.length, 3, 'once');
});

test('connection transactions: malformed requests hurt nobody', async (t) => {
  const { leaf, calls } = recordingLeaf();
  const transactions = new ConnectionTransactions(leaf);
  for (const request of [null, 1, {}, { key: null }, { key, transaction: { id: 7 } }]) {
    transactions.note('write', request);
    transactions.note('rollback', request);
  }
  await transactions.rollBackAll();
  t.deepEqual(calls, []);
});
