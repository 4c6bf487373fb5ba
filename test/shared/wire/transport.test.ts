// What both transports promise: whole frames, in order, and back pressure.

import test, { type ExecutionContext } from 'ava';
import { memoryTransportPair } from './memory-transport.ts';
import type { Transport } from '#shared/wire/transport.ts';
import { until } from '#test/support/wait.ts';
import { frameHeaderBytes } from '#shared/wire/frame-reader.ts';
import { TcpTransport } from '#shared/wire/tcp-transport.ts';
import { socketPair, tcpPair } from './tcp-pair.ts';

type Pair = (t: ExecutionContext<unknown>) => Promise<[Transport, Transport]>;
const pairs: Readonly<Record<string, Pair>> = {
  memory: async () => memoryTransportPair(),
  tcp: tcpPair,
};

for (const [name, makePair] of Object.entries(pairs)) {
  test(`${name} transport: frames arrive whole and in order, both ways`, async (t) => {
    const [one, two] = await makePair(t);
    const sizes = [0, 1, 1000, 20_000, 3_000_000, 2];
    for (const [index, size] of sizes.entries()) one.send(new Uint8Array(size).fill(index));
    two.send(new Uint8Array([9]));
    for (const [index, size] of sizes.entries()) {
      const frame = await two.next();
      t.deepEqual(frame?.length, size);
      t.true(frame?.every((byte) => byte === index));
    }
    t.deepEqual([...((await one.next()) ?? [])], [9]);
  });

  test(`${name} transport: frames are handed over as they come`, async (t) => {
    const [one, two] = await makePair(t);
    const sizes = [5, 100, 40_000, 1, 70_000, 16_384, 3];
    const kept: Uint8Array[] = [];
    const receiving = two.receive((frame) => {
      kept.push(two.kept(frame));
      two.send(frame);
    });
    const rounds = 30;
    const departures = ['first', 'tick', 'turn'] as const;
    for (let round = 0; round < rounds; round++) {
      for (const [index, size] of sizes.entries()) {
        one.send(new Uint8Array(size).fill(round + index), departures[index % 3]);
      }
      for (const [index, size] of sizes.entries()) {
        const echo = await one.next();
        t.deepEqual([echo?.length, echo?.at(-1)], [size, round + index]);
      }
    }
    for (const [at, frame] of kept.entries()) {
      const index = at % sizes.length;
      const round = Math.floor(at / sizes.length);
      t.is(frame.length, sizes[index] ?? -1);
      t.true(frame.every((byte) => byte === round + index));
    }
    t.is(kept.length, rounds * sizes.length);
    one.close('done');
    await receiving;
  });

  test(`${name} transport: a close ends both ends, after the frames on the way`, async (t) => {
    const [one, two] = await makePair(t);
    one.send(new Uint8Array([1]));
    one.close('done');
    t.is(one.closeReason, 'done');
    t.deepEqual([...((await two.next()) ?? [])], [1]);
    t.is(await two.next(), null);
    t.is(await one.next(), null);
    t.not(two.closeReason, null);
    two.send(new Uint8Array([1]));
    await two.writable();
    t.pass('sending and waiting are harmless after the close');
  });

  test(`${name} transport: a receiver that does not ask holds the sender back`, async (t) => {
    const [one, two] = await makePair(t);
    let sent = 0;
    const send = async () => {
      while (sent < 200) {
        await one.writable();
        one.send(new Uint8Array(1_000_000));
        sent++;
      }
    };
    const sending = send();
    let seen = -1;
    await until('the sender to stand still', () => {
      const still = sent === seen && sent > 0;
      seen = sent;
      return still;
    });
    t.true(sent < 100, `sent ${sent} MB to one that does not ask`);
    for (let taken = 0; taken < 200; taken++) t.is((await two.next())?.length, 1_000_000);
    await sending;
    t.is(sent, 200);
  });
}

test('tcp transport: a length beyond the limit closes the connection', async (t) => {
  const [one, two] = await tcpPair(t);
  one.send(Buffer.alloc(10));
  t.is((await two.next())?.length, 10);
  one.send(new Uint8Array(81 * 1024 * 1024));
  t.is(await two.next(), null);
  t.regex(two.closeReason ?? '', /81|84934656/);
});

test('tcp transport: what departs first leaves within the tick, with all that waits', async (t) => {
  const [socket] = await socketPair(t);
  const transport = new TcpTransport(socket);
  t.teardown(() => transport.close('the test has ended'));
  const written = (): number => socket.bytesWritten;
  transport.send(new Uint8Array(3));
  await microtasks();
  t.is(written(), 0, 'a tick does not end between two microtasks');
  transport.send(new Uint8Array(5), 'first');
  transport.send(new Uint8Array(7), 'first');
  t.is(written(), 0, 'those who are woken together share a write');
  await microtasks();
  t.is(written(), 3 * frameHeaderBytes + 15);
});

async function microtasks(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}
