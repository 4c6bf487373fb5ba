// Who gets in, by which client and which plugin, and that nobody else does anything.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import mysql from 'mysql2/promise';
import { capability } from '#aggregator/front-door/capabilities.ts';
import { ok } from '#aggregator/statement-result.ts';
import { until } from '#test/support/wait.ts';
import { command, errorNumber, packet, RawClient } from './raw-client.ts';
import { openScripted, type ScriptedFrontDoor } from './scripted-front-door.ts';

const run = promisify(execFile);
const users = ['root', 'native', 'sha2', 'empty'];

function passwordOf(user: string): string {
  return user === 'empty' ? '' : 'secret';
}

async function withDoor(
  work: (opened: ScriptedFrontDoor) => Promise<void>,
  options: { readonly maxConnections?: number } = {},
): Promise<void> {
  const opened = await openScripted({ script: () => ok(), ...options });
  try {
    await work(opened);
  } finally {
    await opened.door.close();
  }
}

test('mysql2 logs in with either plugin and with none', async (t) => {
  await withDoor(async ({ port, texts }) => {
    for (const user of users) {
      const options = { host: '127.0.0.1', port, user, password: passwordOf(user) };
      const client = await mysql.createConnection({ ...options, database: 'shop' });
      await client.query(`hello from ${user}`);
      await client.end();
    }
    t.deepEqual(
      texts.filter((text) => text.startsWith('hello')),
      users.map((user) => `hello from ${user}`),
    );
    t.is(texts[0], 'USE `shop`');
  });
});

test('wrong passwords and unknown users are refused alike', async (t) => {
  await withDoor(async ({ port, texts }) => {
    for (const [user, password] of [
      ['root', 'wrong'],
      ['native', 'wrong'],
      ['sha2', 'wrong'],
      ['root', ''],
      ['empty', 'something'],
      ['nobody', 'secret'],
      ['nobody', ''],
      ['locked', 'wrong'],
    ] as const) {
      const error = await t.throwsAsync(
        mysql.createConnection({ host: '127.0.0.1', port, user, password }),
        undefined,
        `${user} got in`,
      );
      const { errno, sqlState } = error as unknown as { errno: number; sqlState: string };
      t.deepEqual([errno, sqlState], [1045, '28000'], user);
    }
    t.deepEqual(texts, []);
  });
});

test('a login into an unknown database fails with its error', async (t) => {
  await withDoor(async ({ port }) => {
    const options = { host: '127.0.0.1', port, user: 'root', password: 'secret' };
    const error = await t.throwsAsync(mysql.createConnection({ ...options, database: 'missing' }));
    t.is((error as unknown as { errno: number }).errno, 1049);
  });
});

test('the mariadb client logs in with either plugin, not with a wrong password', async (t) => {
  await withDoor(async ({ port, texts }) => {
    for (const user of ['root', 'native', 'sha2']) {
      const args = ['-h127.0.0.1', `-P${port}`, `-u${user}`, '-psecret'];
      await run('mariadb', [...args, '-e', `hello ${user}`, 'shop']);
      t.true(texts.includes(`hello ${user}`));
    }
    const wrong = run('mariadb', ['-h127.0.0.1', `-P${port}`, '-uroot', '-pno', '-e', 'hello']);
    const error = await t.throwsAsync(wrong);
    t.regex(error?.message ?? '', /ERROR 1045 \(28000\): Access denied for user 'root'/);
  });
});

test('PyMySQL logs in with either plugin', async (t) => {
  const script = (port: number, user: string, password: string) => `
import pymysql
c = pymysql.connect(host='127.0.0.1', port=${port}, user='${user}', password='${password}')
c.cursor().execute('hello ${user}')
c.ping()
c.close()
`;
  await withDoor(async ({ port, texts }) => {
    for (const user of users) {
      await run('/usr/bin/python3', ['-c', script(port, user, passwordOf(user))]);
      t.true(texts.includes(`hello ${user}`), user);
    }
    const wrong = run('/usr/bin/python3', ['-c', script(port, 'sha2', 'wrong')]);
    t.regex((await t.throwsAsync(wrong))?.message ?? '', /1045/);
  });
});

test('COM_CHANGE_USER proves the new user, and a wrong one loses the connection', async (t) => {
  await withDoor(async ({ port, registry }) => {
    const options = { host: '127.0.0.1', port, user: 'root', password: 'secret' };
    const client = await mysql.createConnection(options);
    await client.changeUser({ user: 'sha2', password: 'secret', database: 'shop' });
    t.deepEqual(
      registry.list().map(({ user, database }) => [user, database]),
      [['sha2', 'shop']],
    );
    client.on('error', () => undefined);
    await t.throwsAsync(client.changeUser({ user: 'native', password: 'wrong' }));
    await t.throwsAsync(client.query('hello'));
    client.destroy();
  });
});

test('what is pipelined behind a wrong login is not executed', async (t) => {
  await withDoor(async ({ port, texts }) => {
    const client = new RawClient(port);
    const greeting = await client.next();
    const login = client.login(greeting ?? Buffer.alloc(0), { password: 'wrong' });
    client.send(login, command(0x03, 'DROP TABLE t'), command(0x03, 'DROP TABLE u'));
    t.not(errorNumber(await client.next()), null);
    t.is(await client.next(), null);
    t.deepEqual(texts, []);
  });
});

test('what is pipelined behind a right login is an error, not a command', async (t) => {
  await withDoor(async ({ port, texts }) => {
    const client = new RawClient(port);
    const greeting = await client.next();
    const login = client.login(greeting ?? Buffer.alloc(0), {});
    client.send(login, command(0x03, 'DROP TABLE t'));
    t.is(errorNumber(await client.next()), 1043);
    t.is(await client.next(), null);
    t.deepEqual(texts, []);
  });
});

test('malformed logins are refused and hurt nobody', async (t) => {
  await withDoor(async ({ port, door }) => {
    const tls = Buffer.alloc(32);
    tls.writeUInt32LE(capability.protocol41 | capability.ssl, 0);
    const cases: readonly Buffer[] = [
      packet(1, ''),
      packet(1, 'x'),
      packet(1, Buffer.alloc(31, 0xff)),
      packet(1, Buffer.alloc(64)),
      packet(1, tls),
      packet(1, Buffer.alloc(500, 0xff)),
      Buffer.concat([Buffer.of(0xff, 0xff, 0xff, 1), Buffer.alloc(100)]),
      packet(1, Buffer.alloc(70_000)),
    ];
    for (const bytes of cases) {
      const client = new RawClient(port);
      await client.next();
      client.send(bytes);
      t.not(errorNumber(await client.next()), null);
      t.is(await client.next(), null);
    }
    const client = new RawClient(port);
    await client.enter();
    await client.close();
    t.true(door.size <= 1);
  });
});

test('a locked account is told so, once the password was right', async (t) => {
  await withDoor(async ({ port }) => {
    const options = { host: '127.0.0.1', port, user: 'locked', password: 'secret' };
    const error = await t.throwsAsync(mysql.createConnection(options));
    t.is((error as unknown as { errno: number }).errno, 3118);
  });
});

test('too many connections are told so; one more is kept for who can end others', async (t) => {
  await withDoor(
    async ({ port, door }) => {
      const clients = [new RawClient(port), new RawClient(port)];
      await clients[0]?.enter({ user: 'native' });
      await t.throwsAsync(async () => await clients[1]?.enter({ user: 'native' }), {
        message: /Too many connections/,
      });
      await clients[1]?.close();
      await until('its place is free', () => door.size === 1);
      const root = new RawClient(port);
      await root.enter();
      const third = new RawClient(port);
      const answer = await third.next();
      t.is(errorNumber(answer), 1040);
      t.regex(answer?.toString('utf8', 3) ?? '', /^Too many connections$/);
      t.is(await third.next(), null);
      for (const client of [clients[0], root]) await client?.close();
    },
    { maxConnections: 1 },
  );
});

test('a host that fails to log in again and again is kept out until it is forgiven', async (t) => {
  await withDoor(async ({ port, registry, variables }) => {
    const client = new RawClient(port);
    await t.throwsAsync(client.enter({ password: 'wrong' }), { message: /Access denied/ });
    await client.close();
    t.true(registry.loginGuard.isBlocked('127.0.0.1', 0.5));
    for (let times = 0; times < 200; times += 1) registry.loginGuard.failed('127.0.0.1');
    t.is(variables.get(variables.definition('max_connect_errors')), 100n);
    const blocked = new RawClient(port);
    const answer = await blocked.next();
    t.is(errorNumber(answer), 1129);
    t.regex(answer?.toString('utf8', 3) ?? '', /^Host '127.0.0.1' is blocked/);
    registry.loginGuard.forgive();
    const forgiven = new RawClient(port);
    await forgiven.enter();
    await forgiven.close();
  });
});

test('a node of the cluster takes over its socket, with what it has sent already', async (t) => {
  await withDoor(async ({ port, nodes }) => {
    const client = new RawClient(port);
    await client.next();
    client.send(packet(1, 'TWINLEAF 1 leaf'), Buffer.from('more bytes'));
    const node = await until('the node', () => nodes[0]);
    t.is(node.firstPacket.toString(), 'TWINLEAF 1 leaf');
    await until('its bytes', () => Buffer.concat(node.received).toString() === 'more bytes');
    client.send(Buffer.from(', and more'));
    await until('later bytes', () => Buffer.concat(node.received).toString().endsWith('and more'));
    node.socket.destroy();
    await client.close();
  });
});
