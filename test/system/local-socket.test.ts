// `--socket`: clients of this machine come by a UNIX socket, as `localhost`.

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import mysql, { type RowDataPacket } from 'mysql2/promise';
import { cryptDigest } from '#aggregator/metadata/sha256-crypt.ts';
import { freePorts } from '#benchmarks/measure/free-ports.ts';
import { errnoOf } from '#test/support/errno-of.ts';
import { NodeProcess } from '#test/support/node-process.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import { isInstalled, runProgram } from './clients/command-line.ts';

const hasClient = isInstalled('mariadb');
const clientTest = hasClient ? test : test.skip;
const suffix = hasClient ? '' : ' (needs mariadb-client)';

async function startArguments(t: ExecutionContext, name = 'mysql.sock') {
  const [port = 0, leafPort = 0] = await freePorts(2);
  const directory = temporaryDirectory(t);
  const socketPath = join(directory, name);
  const ports = ['--port', String(port), '--leaf-port', String(leafPort), '--leaves', '1'];
  const dataDir = ['--data-dir', join(directory, 'data'), '--root-password', 'secret'];
  return { port, socketPath, args: ['start', ...dataDir, ...ports, '--socket', socketPath] };
}

async function started(t: ExecutionContext) {
  const place = await startArguments(t);
  const node = new NodeProcess(place.args);
  t.teardown(() => node.stop('SIGKILL'));
  await node.start();
  return { ...place, node };
}

async function connect(t: ExecutionContext, login: mysql.ConnectionOptions) {
  const connection = await mysql.createConnection({ user: 'root', password: 'secret', ...login });
  connection.on('error', () => undefined);
  t.teardown(() => connection.destroy());
  return connection;
}

async function row(connection: mysql.Connection, sql: string) {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return rows[0];
}

/** An account as it comes from MySQL, whose password is not known to us before its first login. */
function takenOver(user: string, password: string): string {
  const salt = Buffer.from('abcdefghij0123456789');
  const digest = cryptDigest(Buffer.from(password), salt, 5000);
  const hash = Buffer.concat([Buffer.from('$A$005$'), salt, digest]).toString('hex');
  return `CREATE USER ${user} IDENTIFIED WITH caching_sha2_password AS 0x${hash}`;
}

test('local socket: who comes by it is from localhost, and may do what others may', async (t) => {
  const { port, socketPath } = await started(t);
  const local = await connect(t, { socketPath });
  const remote = await connect(t, { host: '127.0.0.1', port });
  t.like(await row(local, 'SELECT USER() AS user, @@socket AS socket'), {
    user: 'root@localhost',
    socket: socketPath,
  });
  await local.query('CREATE DATABASE shop PARTITIONS 2');
  await local.query('CREATE TABLE shop.item (id INT PRIMARY KEY, text MEDIUMTEXT)');
  const long = 'x'.repeat(3_000_000);
  await local.execute('INSERT INTO shop.item VALUES (?, ?), (?, NULL)', [1, long, 2]);
  for (let time = 0; time < 30; time += 1) {
    const [rows] = await local.execute('SELECT text FROM shop.item WHERE id = ?', [1]);
    t.true((rows as { text: string }[])[0]?.text === long);
  }
  const listed = "SELECT host FROM information_schema.PROCESSLIST WHERE host = 'localhost'";
  t.is((await row(remote, listed))?.['HOST'] ?? (await row(remote, listed))?.['host'], 'localhost');
  const own = await connect(t, { socketPath });
  await remote.query(`KILL ${own.threadId}`);
  await t.throwsAsync(own.query('SELECT 1'));
});

test('local socket: accounts of localhost and of anywhere are meant, no others', async (t) => {
  const { port, socketPath } = await started(t);
  const root = await connect(t, { socketPath });
  await root.query("CREATE USER here@localhost IDENTIFIED BY 'pw'");
  await root.query("CREATE USER there@127.0.0.1 IDENTIFIED BY 'pw'");
  await root.query("CREATE USER safe@'%' IDENTIFIED BY 'pw' REQUIRE SSL");
  await root.query("CREATE USER old@'%' IDENTIFIED WITH mysql_native_password BY 'pw'");
  const enter = (login: mysql.ConnectionOptions): Promise<number> =>
    errnoOf(connect(t, { password: 'pw', ...login }));
  t.is(await enter({ socketPath, user: 'here' }), 0);
  t.is(await enter({ socketPath, user: 'old' }), 0);
  t.is(await enter({ socketPath, user: 'here', password: 'no' }), 1045);
  t.is(await enter({ socketPath, user: 'there' }), 1045);
  t.is(await enter({ host: '127.0.0.1', port, user: 'there' }), 0);
  t.is(await enter({ socketPath, user: 'safe' }), 1045);
});

clientTest(`local socket: the mariadb client, and passwords in full${suffix}`, async (t) => {
  const { socketPath } = await started(t);
  const root = await connect(t, { socketPath });
  for (const user of ['by_mysql2', 'by_client']) await root.query(takenOver(user, 'old päss'));
  const mine = { socketPath, user: 'by_mysql2' };
  await t.throwsAsync(connect(t, { ...mine, password: 'wrong' }), { message: /Access denied/ });
  await t.notThrowsAsync(connect(t, { ...mine, password: 'old päss' }));
  const login = ['--no-defaults', `--socket=${socketPath}`, '--default-character-set=utf8mb4'];
  const { stdout, stderr } = await runProgram('mariadb', [
    ...[...login, '-uby_client', '-pold päss', '-N'],
    ...['-e', 'SELECT USER()'],
  ]);
  t.is(stdout.toString().trim(), 'by_client@localhost', stderr);
});

test('local socket: its file goes at a stop, and what a kill leaves is no hindrance', async (t) => {
  const { node, socketPath } = await started(t);
  t.is(statSync(socketPath).mode & 0o777, 0o666);
  await node.stop('SIGKILL');
  t.true(existsSync(socketPath));
  await node.start();
  await t.notThrowsAsync(connect(t, { socketPath }));
  t.is(await node.stop(), 0, node.log.join('\n'));
  t.false(existsSync(socketPath));
});

test('local socket: where it cannot be opened a start says why, and removes nothing', async (t) => {
  const file = await startArguments(t);
  writeFileSync(file.socketPath, 'mine');
  await t.throwsAsync(new NodeProcess(file.args).start(), { message: /a file that is no socket/ });
  t.is(readFileSync(file.socketPath, 'utf8'), 'mine');

  const taken = await startArguments(t);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(taken.socketPath, resolve));
  t.teardown(() => other.close());
  await t.throwsAsync(new NodeProcess(taken.args).start(), { message: /another process listens/ });
  t.true(existsSync(taken.socketPath));

  const long = await startArguments(t, 'x'.repeat(120));
  await t.throwsAsync(new NodeProcess(long.args).start(), { message: /longer than 107 bytes/ });
  const nowhere = await startArguments(t, 'no-such-directory/mysql.sock');
  await t.throwsAsync(new NodeProcess(nowhere.args).start(), { message: /no-such-directory/ });
});
