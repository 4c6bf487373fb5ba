// A ticket opens one database to one follower for a while, and only its cluster can make one.

import test from 'ava';
import { admitTicket, issueTicket, ticketPermits } from '#shared/cluster/ticket.ts';
import { DatabaseError } from '#shared/error.ts';
import { encode } from '#shared/codec.ts';

const secret = new Uint8Array(32).fill(7);
const claims = { database: 'shop', clusterId: 'a', follower: 'b', expiresAtMs: 1000 };

test('ticket: what was issued is admitted with its key, until it expires', (t) => {
  const ticket = issueTicket(secret, claims);
  t.deepEqual(admitTicket(secret, ticket.claims, 999), { claims, key: ticket.key });
  const late = () => admitTicket(secret, ticket.claims, 1000);
  const error = t.throws(late, { instanceOf: DatabaseError });
  t.true(error?.is('ticketRefused'));
  t.regex(error?.message ?? '', /expired/);
});

test('ticket: who changes claims, or has another secret, does not have their key', (t) => {
  const { claims: bytes, key } = issueTicket(secret, claims);
  const longer = encode({ ...claims, expiresAtMs: 1e15 });
  t.notDeepEqual(admitTicket(secret, longer, 0).key, key);
  t.notDeepEqual(admitTicket(new Uint8Array(32), bytes, 0).key, key);
});

test('ticket: bytes that are no claims are refused, whatever they are', (t) => {
  const no = [
    new Uint8Array(0),
    new Uint8Array([0xc1]),
    encode(null),
    encode('shop'),
    encode({ ...claims, database: 1 }),
    encode({ ...claims, expiresAtMs: '1' }),
    encode({ database: 'shop' }),
    encode({ ...claims, follower: 'x'.repeat(5000) }),
  ];
  for (const bytes of no) {
    const error = t.throws(() => admitTicket(secret, bytes, 0), { instanceOf: DatabaseError });
    t.true(error?.is('ticketRefused'));
  }
});

test('ticket: it permits following its database by its follower, and nothing else', (t) => {
  const key = { database: 'shop', ordinal: 3 };
  const request = { key, followerId: 'b/shop_3' };
  t.true(ticketPermits(claims, 'ping', {}));
  t.true(ticketPermits(claims, 'subscribe', request));
  t.true(ticketPermits(claims, 'acknowledge', { ...request, lsn: 1n }));
  const other = { database: 'bank', ordinal: 3 };
  t.false(ticketPermits(claims, 'subscribe', { ...request, key: other }));
  t.false(ticketPermits(claims, 'subscribe', { ...request, followerId: 'c/shop_3' }));
  t.false(ticketPermits(claims, 'acknowledge', { ...request, followerId: 'bb/shop_3' }));
  for (const name of [
    'read',
    'write',
    'dropPartition',
    'promote',
    'partitionStatus',
    'probeLink',
  ]) {
    t.false(ticketPermits(claims, name, request), name);
  }
  for (const bad of [null, 1, {}, { key: null, followerId: 'b/' }, { key: 'shop' }]) {
    t.false(ticketPermits(claims, 'subscribe', bad));
  }
});
