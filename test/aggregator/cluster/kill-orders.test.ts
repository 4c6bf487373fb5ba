// KILL between aggregators: passed to the one that holds the client, and its answer back.

import test from 'ava';
import { connectionIdBase, connectionOwner } from '#aggregator/cluster/connection-owner.ts';
import { KillOrders } from '#aggregator/cluster/kill-orders.ts';
import { masterNodeId } from '#aggregator/cluster/membership.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';

const account = { user: 'u', host: '%' };

test('connection owner: the id of a connection tells its aggregator', (t) => {
  t.is(connectionOwner(1), masterNodeId);
  for (const nodeId of [2, 3, 77, 4095]) {
    t.is(connectionOwner(connectionIdBase(nodeId) + 1), nodeId);
    t.true(connectionIdBase(nodeId) + 2 ** 20 - 1 <= 0xffff_ffff);
  }
});

test('kill orders: nobody holds it, or its aggregator is gone', async (t) => {
  const orders = new KillOrders();
  const id = connectionIdBase(5) + 1;
  const error = await t.throwsAsync(orders.send({ id, what: 'query', account }));
  t.true(error instanceof DatabaseError && error.is('noSuchThread'));
  const cut = new AbortController();
  const taken = orders.take(5, cut.signal);
  const first = taken.next();
  const sent = orders.send({ id, what: 'connection', account });
  t.is((await first).value?.id, id);
  cut.abort();
  await taken.next();
  await t.notThrowsAsync(sent, 'its connections are gone with it');
});

test('kill orders: the refusal of its holder is the answer', async (t) => {
  const orders = new KillOrders();
  const id = connectionIdBase(5) + 1;
  const cut = new AbortController();
  const taken = orders.take(5, cut.signal);
  const first = taken.next();
  const sent = orders.send({ id, what: 'query', account });
  const number = (await first).value?.number ?? 0;
  orders.answer(number, databaseError('killDenied', { id: String(id) }));
  const error = await t.throwsAsync(sent);
  t.true(error instanceof DatabaseError && error.is('killDenied'));
  cut.abort();
  await taken.next();
});
