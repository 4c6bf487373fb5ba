// A ticket opens one database to one follower for a while, and only its cluster can make one.

import test from 'ava';
import {
  admitTicket,
  issueTicket,
  readTicketClaims,
  ticketPermits,
  verifyTicket,
} from '#shared/cluster/ticket.ts';
import { DatabaseError } from '#shared/error.ts';
import { encode } from '#shared/codec.ts';

const secret = new Uint8Array(32).fill(7);
const claims = { database: 'shop', clusterId: 'a', follower: 'b', expiresAtMs: 1000 };

test('ticket: what was issued is verified, until it expires', (t) => {
  const ticket = issueTicket(secret, claims);
  t.deepEqual(verifyTicket(secret, ticket, 999), claims);
  t.deepEqual(admitTicket(secret, ticket.claims, 999).key, ticket.key);
  const error = t.throws(() => verifyTicket(secret, ticket, 1000), { instanceOf: DatabaseError });
  t.true(error?.is('ticketRefused'));
  t.regex(error?.message ?? '', /expired/);
});

test('ticket: a forged one is refused', (t) => {
  const ticket = issueTicket(secret, claims);
  const longer = encode({ ...claims, expiresAtMs: 1e15 });
  t.throws(() => verifyTicket(secret, { ...ticket, claims: longer }, 0), { message: /signature/ });
  t.throws(() => verifyTicket(new Uint8Array(32), ticket, 0), { message: /signature/ });
  const key = Uint8Array.from(ticket.key, (byte) => byte ^ 1);
  t.throws(() => verifyTicket(secret, { ...ticket, key }, 0), { message: /signature/ });
  t.throws(() => verifyTicket(secret, { ...ticket, key: key.subarray(1) }, 0));
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
    const error = t.throws(() => readTicketClaims(bytes), { instanceOf: DatabaseError });
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
