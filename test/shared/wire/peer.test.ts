// Calls and streams over one connection: answers, errors, back pressure, cuts and garbage.

import test, { type ExecutionContext } from 'ava';
import { realClock } from '#shared/clock.ts';
import { DatabaseError } from '#shared/error.ts';
import { Peer } from '#shared/wire/peer.ts';
import { outstandingMax, streamWindowItems } from '#shared/wire/peer-limits.ts';
import type { Transport } from '#shared/wire/transport.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { until } from '#test/support/wait.ts';
import { fakeService } from './fake-service.ts';
import { memoryTransportPair } from './memory-transport.ts';
import { tcpPair } from './tcp-pair.ts';

function connect(t: ExecutionContext<unknown>, pair: readonly [Transport, Transport]) {
  const service = fakeService();
  const { logger, lines } = quietLogger();
  const [near, far] = pair;
  const asking = new Peer({ transport: near, clock: realClock, logger, service: null });
  const serving = new Peer({ transport: far, clock: realClock, logger, service });
  t.teardown(() => asking.close());
  return { asking, serving, service, lines };
}

test('peer: calls answer out of order, each to its caller', async (t) => {
  const { asking, service } = connect(t, memoryTransportPair());
  const slow = asking.call('wait', 'slow');
  const value = {
    text: 'é',
    number: 1.5,
    big: 2n ** 60n,
    bytes: new Uint8Array([1, 2]),
    none: null,
  };
  t.deepEqual(await asking.call('echo', value), value);
  service.release();
  t.is(await slow, 'slow');
});

test('peer: errors keep number, state and sentence; a bug is told as internal', async (t) => {
  const { asking, lines } = connect(t, memoryTransportPair());
  const refused = await t.throwsAsync<DatabaseError>(asking.call('refuse', {}));
  t.true(refused instanceof DatabaseError);
  t.is(refused?.errno, 1049);
  t.is(refused?.message, "Unknown database 'shop'");
  const bug = await t.throwsAsync<DatabaseError>(asking.call('nonsense', {}));
  t.is(bug?.errno, 1105);
  t.true(lines.some((line) => line.includes('request failed')));
});

test('peer: a stream brings all items and ends; its error comes after them', async (t) => {
  const { asking, service } = connect(t, await tcpPair(t));
  const items = await Array.fromAsync(asking.stream('items', { count: 50, size: 1 }));
  t.is(items.length, 50);
  let seen = 0;
  await t.throwsAsync(
    async () => {
      for await (const _ of asking.stream('fail', { count: 7, size: 1 })) seen++;
    },
    { message: /Lock wait timeout/ },
  );
  t.is(seen, 7);
  t.is(service.ended, 2);
});

test('peer: a consumer that stops asking stops the producer', async (t) => {
  const { asking, service } = connect(t, await tcpPair(t));
  const stream = asking.stream('items', { count: 1_000_000, size: 10 })[Symbol.asyncIterator]();
  await stream.next();
  await asking.call('echo', 1);
  await asking.call('echo', 2);
  t.true(service.produced <= streamWindowItems + 2, `${service.produced} items were produced`);
  await stream.return?.();
  await until('the producer to end', () => service.ended === 1);
});

test('peer: an aborted stream ends on both ends; an aborted call is let go', async (t) => {
  const { asking, service } = connect(t, memoryTransportPair());
  const abort = new AbortController();
  const items = asking.stream('items', { count: 1_000_000, size: 1 }, abort.signal);
  await t.throwsAsync(
    async () => {
      for await (const _ of items) abort.abort();
    },
    { message: /interrupted/ },
  );
  await until('the producer to end', () => service.ended === 1);
  const stop = new AbortController();
  const call = asking.call('wait', 1, stop.signal);
  stop.abort();
  await t.throwsAsync(call, { message: /interrupted/ });
  service.release();
  t.is(await asking.call('echo', 'still good'), 'still good');
});

test('peer: a cut connection fails who waits, names the leaf, ends streams', async (t) => {
  const pair = await tcpPair(t);
  const { asking, serving, service } = connect(t, pair);
  const call = asking.call('wait', 1);
  const stream = asking.stream('items', { count: 1_000_000, size: 1 })[Symbol.asyncIterator]();
  await stream.next();
  pair[1].close('cut');
  const error = await t.throwsAsync<DatabaseError>(call);
  t.is(error?.errno, 1735);
  t.regex(error?.message ?? '', /127\.0\.0\.1:\d+/);
  await t.throwsAsync(
    async () => {
      for (;;) if ((await stream.next()).done === true) return;
    },
    { message: /Unable to connect/ },
  );
  await asking.closed;
  await serving.closed;
  await until('the producer to end', () => service.ended === 1);
  await t.throwsAsync(asking.call('echo', 1), { message: /Unable to connect/ });
});

test('peer: more than the bound of calls at once are refused, the others go on', async (t) => {
  const { asking, service } = connect(t, memoryTransportPair());
  const waiting = Array.from({ length: outstandingMax }, () => asking.call('wait', 1));
  await t.throwsAsync(asking.call('echo', 1), { message: /requests are waiting already/ });
  service.release();
  t.is((await Promise.all(waiting)).length, outstandingMax);
  t.is(await asking.call('echo', 1), 1);
});

const garbage: Readonly<Record<string, Uint8Array>> = {
  'no MessagePack': new Uint8Array([0xc1, 0xff, 0x00]),
  empty: new Uint8Array(0),
  'no array': new Uint8Array([0x80]),
  'an unknown kind': new Uint8Array([0x92, 0x63, 0x01]),
  'a call without a name': new Uint8Array([0x92, 0x00, 0x01]),
  'a negative id': new Uint8Array([0x92, 0x07, 0xff]),
  'a huge credit': new Uint8Array([0x93, 0x06, 0x01, 0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]),
};

for (const [name, bytes] of Object.entries(garbage)) {
  test(`peer: garbage closes the connection and is logged: ${name}`, async (t) => {
    const pair = memoryTransportPair();
    const { serving, lines } = connect(t, pair);
    pair[0].send(bytes);
    t.is(await serving.closed, 'malformed message');
    t.true(lines.some((line) => line.includes('malformed')));
  });
}

test('peer: answers that nobody waits for are dropped', async (t) => {
  const pair = memoryTransportPair();
  const { asking } = connect(t, pair);
  pair[1].send(new Uint8Array([0x93, 0x01, 0x63, 0x01]));
  pair[1].send(new Uint8Array([0x93, 0x04, 0x63, 0x01]));
  t.is(await asking.call('echo', 1), 1);
});
