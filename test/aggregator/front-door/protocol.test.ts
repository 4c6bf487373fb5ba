// Clients that pipeline, break off, send nonsense, do not read, or are killed: none hurts another.

import test from 'ava';
import mysql from 'mysql2/promise';
import { computedColumn, ok, rowsResult } from '#aggregator/statement-result.ts';
import type { Session } from '#aggregator/session.ts';
import { databaseError } from '#shared/error.ts';
import type { ColumnType, Row } from '#shared/sql/column-type.ts';
import { until } from '#test/support/wait.ts';
import { command, errorNumber, packet, RawClient } from './raw-client.ts';
import { openScripted, withScript, type Script } from './scripted-front-door.ts';

const bigint: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const column = computedColumn('a', bigint);

/** A statement that runs until it is stopped, as the engine's would. */
async function* endless(session: Session, note: (word: string) => void) {
  note('begun');
  await new Promise<void>((resolve) => {
    session.signal.addEventListener('abort', () => resolve());
    if (session.signal.aborted) resolve();
  });
  note('stopped');
  yield ok();
  throw databaseError('queryInterrupted', {});
}

test('pipelined commands are answered in their order', async (t) => {
  const script: Script = (_session, text) => rowsResult([column], [[BigInt(text)]]);
  await withScript(script, async ({ port, texts }) => {
    const client = new RawClient(port);
    await client.enter();
    const count = 200;
    const numbers = Array.from({ length: count }, (_, index) => String(index));
    client.send(...numbers.map((number) => command(0x03, number)), command(0x0e));
    for (const number of numbers) {
      const payloads = [];
      for (let index = 0; index < 5; index += 1) payloads.push(await client.next());
      t.is(payloads[3]?.toString('utf8', 1), number);
    }
    t.is((await client.next())?.[0], 0);
    t.deepEqual(texts, numbers);
    await client.close();
  });
});

test('what was asked before a COM_QUIT is answered, however much it is', async (t) => {
  const long = 'x'.repeat(5_000_000);
  const script: Script = (_session, text) => ok(0, 0n, text === 'long' ? long : text);
  await withScript(script, async ({ port }) => {
    for (const texts of [['1'], ['1', '2', '3'], ['1', 'long']]) {
      const client = new RawClient(port);
      await client.enter();
      client.send(...texts.map((text) => command(0x03, text)), command(0x01));
      for (const text of texts) {
        const answer = (await client.next())?.toString('latin1') ?? '';
        t.true(answer.endsWith(text === 'long' ? long : text), text);
      }
      t.is(await client.next(), null);
      await client.close();
    }
  });
});

test('unknown and malformed commands are errors and nothing more', async (t) => {
  await withScript(
    () => ok(),
    async ({ port }) => {
      const client = new RawClient(port);
      await client.enter();
      const cases: readonly (readonly [bytes: Buffer, errno: number])[] = [
        [packet(0, ''), 1047],
        [command(0x05, 'name'), 1047],
        [command(0x0d), 1047],
        [command(0x12), 1047],
        [command(0x1d), 1047],
        [command(0xff, 'x'), 1047],
        [command(0x17), 1835],
        [command(0x17, Buffer.alloc(9)), 1243],
        [command(0x1a, Buffer.alloc(4)), 1243],
        [command(0x1c, Buffer.alloc(8)), 1243],
        [command(0x1b), 1835],
        [command(0x1b, Buffer.of(7, 0)), 1047],
        [command(0x0c, Buffer.of(1)), 1835],
      ];
      for (const [bytes, errno] of cases) {
        client.send(bytes);
        t.is(errorNumber(await client.next()), errno, bytes.toString('hex'));
      }
      // These have no answer, whatever is in them.
      client.send(command(0x18), command(0x18, Buffer.alloc(20)), command(0x19), command(0x0e));
      t.is((await client.next())?.[0], 0);
      await client.close();
    },
  );
});

test('random bytes never reach anyone else', async (t) => {
  await withScript(
    () => ok(),
    async ({ port }) => {
      const steady = await mysql.createConnection({
        host: '127.0.0.1',
        port,
        user: 'root',
        password: 'secret',
      });
      let seed = 42;
      const random = () => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return seed >> 16;
      };
      for (let round = 0; round < 60; round += 1) {
        const client = new RawClient(port);
        if (round % 2 === 0) await client.enter();
        else await client.next();
        const payload = Buffer.from(Array.from({ length: random() % 60 }, () => random() & 0xff));
        const code = Buffer.of(random() % 0x20);
        client.send(packet(0, Buffer.concat([code, payload])), payload);
        await steady.ping();
        await client.close();
      }
      await steady.end();
      t.pass();
    },
  );
});

test('a client that goes while its statement runs stops it and rolls back', async (t) => {
  const words: string[] = [];
  const script: Script = (session) => {
    session.transaction = {
      startedAt: 0n,
      savepoint: async () => undefined,
      commit: async () => undefined,
      rollback: async () => void words.push('rolled back'),
    };
    return endless(session, (word) => words.push(word));
  };
  await withScript(script, async ({ port, registry }) => {
    for (const leave of ['destroy', 'end'] as const) {
      words.length = 0;
      const client = new RawClient(port);
      await client.enter();
      client.send(command(0x03, 'endless'));
      await until('its beginning', () => words.includes('begun'));
      if (leave === 'destroy') client.socket.destroy();
      else client.socket.end();
      await until('its rollback', () => words.includes('rolled back'));
      t.deepEqual(words, ['begun', 'stopped', 'rolled back']);
      await until('its leaving', () => registry.size === 0);
    }
  });
});

test('KILL QUERY stops a statement, KILL the connection', async (t) => {
  const script: Script = (session, text) =>
    text === 'endless' ? endless(session, () => undefined) : ok();
  await withScript(script, async ({ port, registry }) => {
    const client = new RawClient(port);
    await client.enter();
    const [entry] = registry.list();
    const id = entry?.id ?? 0;
    client.send(command(0x03, 'endless'));
    await until('its beginning', () => registry.list()[0]?.info === 'endless');
    registry.kill(id, 'query');
    t.is((await client.next())?.[0], 0);
    t.is(errorNumber(await client.next()), 1317);
    client.send(command(0x0e));
    t.is((await client.next())?.[0], 0);
    registry.kill(id, 'connection');
    t.is(await client.next(), null);
    t.throws(() => registry.kill(id, 'query'), { message: `Unknown thread id: ${id}` });
  });
});

test('a client that does not read holds back its rows, and no memory grows', async (t) => {
  let batches = 0;
  let stopped = false;
  const row: Row = [1n];
  const batch = Array.from({ length: 1000 }, () => row);
  const script: Script = () => {
    async function* rows() {
      try {
        for (;;) {
          batches += 1;
          yield batch;
        }
      } finally {
        stopped = true;
      }
    }
    return { kind: 'rows', columns: [column], rows: rows() };
  };
  await withScript(script, async ({ port }) => {
    const client = new RawClient(port);
    await client.enter();
    client.socket.pause();
    client.send(command(0x03, 'endless rows'));
    let before = -1;
    await until('rows to stand still', async () => {
      const same = batches === before && batches > 0;
      before = batches;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return same;
    });
    // A batch is 6 kB on the wire; the kernel's buffers hold some megabytes, ours 256 kB.
    t.true(batches < 4000, String(batches));
    await client.close();
    await until('the rows to be given back', () => stopped);
  });
});

test('the session is reset as after a login, by COM_RESET_CONNECTION', async (t) => {
  const seen: Session[] = [];
  const script: Script = (session) => {
    seen.push(session);
    session.variables.set('session', 'sql_mode', '');
    session.userVariables.set('a', { type: bigint, value: 1n });
    return ok();
  };
  await withScript(script, async ({ port, registry }) => {
    const client = new RawClient(port);
    await client.enter();
    client.send(command(0x02, 'shop'));
    await client.next();
    client.send(command(0x03, 'one'));
    await client.next();
    client.send(command(0x1f));
    t.is((await client.next())?.[0], 0);
    client.send(command(0x03, 'two'));
    await client.next();
    const [first, second] = seen;
    t.not(first, second);
    t.is(first?.id, second?.id);
    t.is(second?.database, 'shop');
    t.is(registry.list()[0]?.database, 'shop');
    await client.close();
  });
});

test('closing the door ends every client and waits for its rollback', async (t) => {
  let rolledBack = 0;
  const opened = await openScripted({
    script: (session) => {
      session.transaction = {
        startedAt: 0n,
        savepoint: async () => undefined,
        commit: async () => undefined,
        rollback: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          rolledBack += 1;
        },
      };
      return ok();
    },
  });
  const clients = [new RawClient(opened.port), new RawClient(opened.port)];
  for (const client of clients) {
    await client.enter();
    client.send(command(0x03, 'begin'));
    await client.next();
  }
  const silent = new RawClient(opened.port);
  await silent.next();
  await opened.door.close();
  t.is(rolledBack, 2);
  for (const client of [...clients, silent]) t.is(await client.next(), null);
});
