// Clients that take their time, one way or the other, are let go; guesses learn nothing.

import test from 'ava';
import { capability } from '#aggregator/front-door/capabilities.ts';
import { computedColumn, ok } from '#aggregator/statement-result.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { until } from '#test/support/wait.ts';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import { basicCapabilities, command, errorNumber, packet, RawClient } from './raw-client.ts';
import { openScripted, type Script, type ScriptedFrontDoor } from './scripted-front-door.ts';

const text: ColumnType = {
  kind: 'string',
  form: 'longtext',
  length: 0xffff_ffff,
  collation: 'utf8mb4_bin',
};

const cluster = clusterOfFile(test, [
  "CREATE USER known IDENTIFIED BY 'right'",
  "CREATE USER fixed IDENTIFIED WITH mysql_native_password BY 'right'",
]);

async function withLimits(
  limits: Readonly<Record<string, number | bigint>>,
  work: (opened: ScriptedFrontDoor) => Promise<void>,
  script: Script = () => ok(),
): Promise<void> {
  const opened = await openScripted({ script });
  const { variables } = opened;
  for (const [name, value] of Object.entries(limits)) {
    variables.set(variables.definition(name), value);
  }
  try {
    await work(opened);
  } finally {
    await opened.door.close();
  }
}

test('who does not log in within connect_timeout is let go, however it stalls', async (t) => {
  await withLimits({ connect_timeout: 0.3 }, async ({ port, door }) => {
    const [silent, half, lying] = [new RawClient(port), new RawClient(port), new RawClient(port)];
    const greeting = await half.next();
    if (greeting === null) return t.fail('no greeting');
    half.send(half.login(greeting, {}).subarray(0, 40));
    await lying.next();
    lying.send(Buffer.from([0xff, 0xff, 0xff, 1, 1, 2, 3]));
    t.is(errorNumber(await lying.next()), 1153);
    t.not(await silent.next(), null);
    t.is(await silent.next(), null);
    t.is(await half.next(), null);
    await until('nobody is left', () => door.size === 0);
  });
});

test('half a packet is waited for as long as net_read_timeout says, and not longer', async (t) => {
  await withLimits({ net_read_timeout: 0.3 }, async ({ port, door, texts }) => {
    const client = new RawClient(port);
    await client.enter();
    const whole = command(0x03, 'in two halves');
    client.send(whole.subarray(0, 9));
    client.send(whole.subarray(9));
    t.is((await client.next())?.[0], 0);
    t.deepEqual(texts, ['in two halves']);
    client.send(whole.subarray(0, 9));
    t.is(await client.next(), null);
    await until('nobody is left', () => door.size === 0);
  });
});

test('a client that reads nothing is let go after net_write_timeout', async (t) => {
  let stopped = false;
  const script: Script = () => {
    async function* rows() {
      try {
        for (;;) yield [['x'.repeat(100_000)]];
      } finally {
        stopped = true;
      }
    }
    return { kind: 'rows', columns: [computedColumn('a', text)], rows: rows() };
  };
  await withLimits(
    { net_write_timeout: 0.5 },
    async ({ port, door }) => {
      const client = new RawClient(port);
      await client.enter();
      client.socket.pause();
      client.send(command(0x03, 'rows without end'));
      await until('its rows are given back', () => stopped);
      await until('nobody is left', () => door.size === 0);
      t.pass();
      await client.close();
    },
    script,
  );
});

test('who is idle longer than wait_timeout is told so and let go', async (t) => {
  await withLimits({ wait_timeout: 1n, interactive_timeout: 3600n }, async ({ port, door }) => {
    const idle = new RawClient(port);
    await idle.enter();
    const interactive = new RawClient(port);
    await interactive.enter({ capabilities: basicCapabilities | capability.interactive });
    t.is(errorNumber(await idle.next()), 4031);
    t.is(await idle.next(), null);
    await until('one is left', () => door.size === 1);
    interactive.send(command(0x0e));
    t.is((await interactive.next())?.[0], 0);
    await interactive.close();
  });
});

test('every command that there is not is answered at once', async (t) => {
  const known = [1, 2, 3, 4, 9, 12, 14, 17, 22, 23, 24, 25, 26, 27, 28, 31];
  await withLimits({}, async ({ port }) => {
    const client = new RawClient(port);
    await client.enter();
    for (let code = 0; code < 256; code += 1) {
      if (known.includes(code)) continue;
      client.send(command(code, 'anything'));
      t.is(errorNumber(await client.next()), 1047, String(code));
    }
    client.send(packet(0, ''));
    t.is(errorNumber(await client.next()), 1047);
    await client.close();
  });
});

/** The packets that answer a login with a wrong password: first byte and length of each. */
async function shapeOf(user: string, plugin: string): Promise<string> {
  const client = new RawClient(cluster().port);
  const greeting = await client.next();
  if (greeting === null) throw new Error('no greeting');
  const bytes = plugin === 'mysql_native_password' ? 20 : 32;
  const head = Buffer.alloc(32);
  head.writeUInt32LE(basicCapabilities, 0);
  const token = Buffer.alloc(bytes, 7);
  const login = [
    head,
    Buffer.from(`${user}\0`),
    Buffer.of(bytes),
    token,
    Buffer.from(`${plugin}\0`),
  ];
  client.send(packet(1, Buffer.concat(login)));
  const shape: string[] = [];
  for (let sequence = 3; ; sequence += 2) {
    const answer = await client.next();
    if (answer === null) break;
    shape.push(`${answer[0]}:${answer.length}:${errorNumber(answer) ?? ''}`);
    if (answer[0] === 0xfe) client.send(packet(sequence, token));
  }
  await client.close();
  return shape.join(' ');
}

test('an unknown user is answered as one whose password is wrong', async (t) => {
  const root = await cluster().connect();
  for (const plugin of ['caching_sha2_password', 'mysql_native_password', 'mysql_clear_password']) {
    const known = [await shapeOf('known', plugin), await shapeOf('fixed', plugin)];
    const seen = new Set<string>();
    const kinds = new Set(known).size;
    // Which kind a name is of is drawn by the server's secret: a few may all be of one.
    for (let index = 0; index < 8 || (seen.size < kinds && index < 64); index += 1) {
      const user = `nam${String(index).padStart(2, '0')}`;
      const shape = await shapeOf(user, plugin);
      t.true(known.includes(shape), `${plugin}: ${shape} is none of ${known.join(', ')}`);
      t.is(shape, await shapeOf(user, plugin), 'always the same for one name');
      seen.add(shape);
      await root.rows('FLUSH HOSTS');
    }
    t.is(seen.size, kinds, `${plugin}: unknown users are of every kind there is`);
  }
  await root.close();
});
