// Connections that go on are read into one buffer: none gets another's bytes, or its own of before.

import test from 'ava';
import { ok } from '#aggregator/statement-result.ts';
import { realClock } from '#shared/clock.ts';
import { until } from '#test/support/wait.ts';
import { command, errorNumber, RawClient } from './raw-client.ts';
import { withScript, type Script } from './scripted-front-door.ts';

const QUERY = 3;
const CLIENTS = 4;
const COMMANDS = 60;

/** A client that has had enough answers to be read in the other way. */
async function settled(port: number): Promise<RawClient> {
  const client = new RawClient(port);
  await client.enter();
  for (let i = 0; i < 20; i += 1) {
    client.send(command(QUERY, 'settle'));
    await client.next();
  }
  return client;
}

/** The bytes in pieces of `size`, each in a write of its own. */
async function sendInPieces(client: RawClient, bytes: Buffer, size: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    client.send(bytes.subarray(at, at + size));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('commands arrive whole and in order, however they are cut and whoever waits', async (t) => {
  const slow: Script = async function* (_session, text) {
    if (text.length % 3 === 0) await realClock.sleep(1);
    yield ok(0, 0n, text.slice(0, 20));
  };
  await withScript(slow, async ({ port, texts }) => {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => settled(port)));
    const before = texts.length;
    await Promise.all(
      clients.map(async (client, number) => {
        const sent = Array.from({ length: COMMANDS }, (_, i) => {
          return `${number}:${i}:`.padEnd(8 + ((i * 37) % 300), String(number));
        });
        const bytes = Buffer.concat(sent.map((text) => command(QUERY, text)));
        const sending = sendInPieces(client, bytes, 7 + 50 * number);
        for (const text of sent) {
          const answer = await client.next();
          t.is(answer?.subarray(8).toString(), text.slice(0, 20));
        }
        await sending;
        const own = texts.slice(before).filter((text) => text.startsWith(`${number}:`));
        t.deepEqual(own, sent);
      }),
    );
    await Promise.all(clients.map((client) => client.close()));
  });
});

test('a command larger than the buffer arrives whole', async (t) => {
  await withScript(
    () => ok(),
    async ({ port, texts }) => {
      const client = await settled(port);
      const large = 'x'.repeat(3_000_000);
      client.send(command(QUERY, large), command(QUERY, 'behind it'));
      t.is((await client.next())?.[0], 0);
      t.is((await client.next())?.[0], 0);
      t.deepEqual(texts.slice(-2), [large, 'behind it']);
      await client.close();
    },
  );
});

test('a client that goes in the middle stops its statement, and the end is told', async (t) => {
  let stopped = false;
  const endless: Script = async function* (session, text) {
    if (text === 'endless') {
      await new Promise<void>((resolve) =>
        session.signal.addEventListener('abort', () => resolve()),
      );
      stopped = true;
    }
    yield ok();
  };
  await withScript(endless, async ({ port, door, registry }) => {
    const client = await settled(port);
    client.send(command(QUERY, 'endless'));
    await until('it runs', () => registry.list().some(({ info }) => info === 'endless'));
    await client.close();
    await until('it has stopped', () => stopped && door.size === 0);
    const killed = await settled(port);
    const [entry] = registry.list();
    registry.kill(entry?.id ?? 0, 'connection');
    t.is(await killed.next(), null);
    await until('nobody is left', () => door.size === 0);
  });
});

test('who sends nothing for wait_timeout is told so, and let go', async (t) => {
  await withScript(
    () => ok(),
    async ({ port, door, variables }) => {
      const client = await settled(port);
      variables.set(variables.definition('wait_timeout'), 1n);
      const brief = await settled(port);
      t.is(errorNumber(await brief.next()), 4031);
      t.is(await brief.next(), null);
      client.send(command(QUERY, 'still here'));
      t.is((await client.next())?.[0], 0);
      await client.close();
      await until('nobody is left', () => door.size === 0);
    },
  );
});
