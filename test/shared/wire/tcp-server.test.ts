// Who gets in: nodes with the secret, tickets for what they allow, and nobody else.

import test, { type ExecutionContext } from 'ava';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { issueTicket } from '#shared/cluster/ticket.ts';
import { realClock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Credentials } from '#shared/wire/credentials.ts';
import { dial } from '#shared/wire/dial.ts';
import type { LeafService } from '#shared/wire/message.ts';
import { RemoteService } from '#shared/wire/remote-service.ts';
import { serveLeaf } from '#leaf/serve-leaf.ts';
import { NodeServer } from '#shared/wire/tcp-server.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { until } from '#test/support/wait.ts';

const secret = new Uint8Array(32).fill(7);
const clusterId = '00112233445566ff';
const clock = realClock;

const status = {
  version: '0',
  uptimeMs: 0,
  eventLoopDelayMs: { p50: 0, p99: 0, max: 0 },
  rssBytes: 0,
};

/** Answers every call with a leaf's status, and every stream with one item. */
const leaf: LeafService = {
  call: (async () => status) as LeafService['call'],
  stream: async function* () {
    yield { kind: 'records from', lsn: 1n };
  } as LeafService['stream'],
};

async function listen(t: ExecutionContext<unknown>, port = 0) {
  const { logger, lines } = quietLogger();
  const verifier = { clusterId, clusterSecret: secret, clock };
  const server = new NodeServer({ verifier, serveTo: serveLeaf(leaf), logger });
  const bound = await server.listen({ host: '127.0.0.1', port });
  server.takeConnections();
  t.teardown(() => server.stop());
  return { server, port: bound, lines, logger };
}

function credentials(): Credentials {
  return { kind: 'cluster', secret };
}

function ticketFor(database: string, expiresAtMs: number, key = secret, cluster = clusterId) {
  const claims = { database, clusterId: cluster, follower: 'theirs', expiresAtMs };
  return { kind: 'ticket' as const, ticket: issueTicket(key, claims) };
}

function dialPort(port: number, by: Credentials) {
  const { logger } = quietLogger();
  return dial({ address: { host: '127.0.0.1', port }, credentials: by, clock, logger });
}

test('tcp-server: a node with the secret asks and is answered', async (t) => {
  const { port } = await listen(t);
  const node = await dialPort(port, credentials());
  t.deepEqual(await node.call('ping', {}), status);
  node.close();
});

test('tcp-server: a wrong secret gets nowhere, and learns no more than that', async (t) => {
  const { port, lines } = await listen(t);
  const other: Credentials = { kind: 'cluster', secret: new Uint8Array(32).fill(8) };
  const error = await t.throwsAsync<DatabaseError>(dialPort(port, other));
  t.is(error?.errno, 1735);
  t.regex(error?.message ?? '', new RegExp(`127.0.0.1:${port}: wrong cluster secret`));
  t.true(lines.some((line) => line.includes('connection refused')));
});

test('tcp-server: a ticket opens its own database and nothing else', async (t) => {
  const { port } = await listen(t);
  const link = await dialPort(port, ticketFor('shop', clock.now() + 60_000));
  const position = { term: 0, lsn: 0n, logHash: new Uint8Array(8) };
  const follower = { followerId: 'theirs/shop_0', address: 'theirs:3307' };
  const request = { ...follower, position, resume: null, anew: false, synchronous: false };
  const of = (database: string) => ({ ...request, key: { database, ordinal: 0 } });
  t.is((await Array.fromAsync(link.stream('subscribe', of('shop')))).length, 1);
  await t.throwsAsync(Array.fromAsync(link.stream('subscribe', of('bank'))), { message: /leave/ });
  const stranger = { ...of('shop'), followerId: 'others/shop_0' };
  await t.throwsAsync(Array.fromAsync(link.stream('subscribe', stranger)), { message: /leave/ });
  await t.throwsAsync(link.call('dropPartition', { key: { database: 'shop', ordinal: 0 } }), {
    message: /leave/,
  });
  link.close();
});

test('tcp-server: a ticket that expired, or of another cluster, is refused', async (t) => {
  const { port } = await listen(t);
  const late = clock.now() + 60_000;
  const cases: readonly (readonly [Credentials, RegExp])[] = [
    [ticketFor('shop', clock.now() - 1), /expired/],
    [ticketFor('shop', late, new Uint8Array(32)), /not of this cluster/],
    [ticketFor('shop', late, secret, 'another'), /another cluster/],
    [{ kind: 'ticket', ticket: { claims: new Uint8Array(9), key: secret } }, /cannot be read/],
  ];
  for (const [by, message] of cases) await t.throwsAsync(dialPort(port, by), { message });
});

async function rawConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

test('tcp-server: garbage instead of a proof closes that connection only', async (t) => {
  const { port } = await listen(t);
  const words = [
    Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
    Buffer.from([0, 0, 0, 3, 0xc1, 0xc1, 0xc1]),
    Buffer.from([0, 0, 0, 1, 0x80]),
    Buffer.from([0xff, 0xff, 0xff, 0xff]),
    Buffer.alloc(100_000, 1),
  ];
  for (const bytes of words) {
    const socket = await rawConnection(port);
    socket.resume();
    socket.write(bytes);
    await once(socket, 'close');
  }
  const node = await dialPort(port, credentials());
  t.deepEqual(await node.call('ping', {}), status);
  node.close();
});

test('dial: a port that nobody has is named, with the reason', async (t) => {
  const [port = 0] = await freePorts(1);
  const message = new RegExp(`127.0.0.1:${port}: connection refused`);
  await t.throwsAsync(dialPort(port, credentials()), { message });
});

test('dial: a server that does not speak our protocol is told apart', async (t) => {
  const { createServer } = await import('node:net');
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const { port } = server.address() as { port: number };
  await t.throwsAsync(dialPort(port, credentials()), { message: /Unable to connect to leaf/ });
});

test('remote-service: comes back by itself; while away its calls name the leaf', async (t) => {
  const [port = 0] = await freePorts(1);
  const first = await listen(t, port);
  const { logger } = quietLogger();
  const seen: boolean[] = [];
  const remote = new RemoteService({
    address: { host: '127.0.0.1', port },
    credentials: credentials(),
    clock,
    logger,
    onChange: (online) => seen.push(online),
  });
  t.teardown(() => remote.close());
  t.deepEqual(await remote.call('ping', {}), status);
  await first.server.stop();
  await until('the loss to be seen', () => !remote.online);
  await t.throwsAsync(remote.call('ping', {}), { message: new RegExp(`127.0.0.1:${port}`) });
  await listen(t, port);
  await until('the leaf to be back', () => remote.online);
  t.deepEqual(await remote.call('ping', {}), status);
  t.deepEqual(seen, [true, false, true]);
});
