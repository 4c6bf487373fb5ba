// The compressed protocol: real clients, big answers both ways, and frames that lie.

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { deflateSync, inflateSync } from 'node:zlib';
import test from 'ava';
import mysql from 'mysql2/promise';
import { capability } from '#aggregator/front-door/capabilities.ts';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import {
  basicCapabilities,
  command,
  errorNumber,
  RawClient,
} from '#test/aggregator/front-door/raw-client.ts';

const run = promisify(execFile);
const cluster = clusterOfFile(test, ['CREATE DATABASE shop']);
const status = "SHOW STATUS LIKE 'Compression'";

test('mysql2 and the stock client compress, and read big answers', async (t) => {
  const { port } = cluster();
  const client = await mysql.createConnection({
    ...{ host: '127.0.0.1', port, user: 'root', password: 'secret', compress: true },
  });
  const [rows] = await client.query({ sql: status, rowsAsArray: true });
  t.deepEqual(rows, [['Compression', 'ON']]);
  const long = 'ab'.repeat(300_000);
  const [echoed] = await client.query<mysql.RowDataPacket[]>(
    `SELECT '${long}' AS a, LENGTH(?) AS b`,
    [long],
  );
  t.is(echoed[0]?.['a'], long);
  t.is(echoed[0]?.['b'], long.length);
  await client.changeUser({ user: 'root', password: 'secret', database: 'shop' });
  await client.ping();
  await client.end();
  const server = ['-h127.0.0.1', `-P${port}`, '-uroot', '-psecret', '--compress', '-N'];
  const { stdout } = await run(
    'mariadb',
    [...server, '-e', `${status}; SELECT REPEAT('x', 200000)`],
    {
      maxBuffer: 1e6,
    },
  );
  t.is(stdout, `Compression\tON\n${'x'.repeat(200_000)}\n`);
});

const hasMysqli =
  spawnSync('php', ['-r', 'exit(extension_loaded("mysqli") ? 0 : 1);']).status === 0;
const phpTest = hasMysqli ? test : test.skip;

phpTest('mysqli compresses (needs php with mysqli)', async (t) => {
  const script = `
$c = mysqli_init();
$port = ${cluster().port};
$c->real_connect('127.0.0.1', 'root', 'secret', NULL, $port, NULL, MYSQLI_CLIENT_COMPRESS);
echo $c->query("${status}")->fetch_row()[1], ' ';
$s = $c->prepare("SELECT CONCAT(?, REPEAT('y', 100000))");
$s->execute([str_repeat('x', 100000)]);
echo strlen($s->get_result()->fetch_row()[0]);`;
  t.is((await run('php', ['-r', script])).stdout, 'ON 200000');
});

/** A frame around the bytes, which says that they were `fullLength` before (0: as they are). */
function frame(body: Buffer, fullLength: number, length = body.length): Buffer {
  const header = Buffer.alloc(7);
  header.writeUIntLE(length, 0, 3);
  header.writeUIntLE(fullLength, 4, 3);
  return Buffer.concat([header, body]);
}

async function enter(): Promise<RawClient> {
  const client = new RawClient(cluster().port);
  await client.enter({ capabilities: basicCapabilities | capability.compress });
  return client;
}

/** The next frame that comes, with its head; null at the end. */
async function nextFrame(client: RawClient): Promise<Buffer | null> {
  client.socket.removeAllListeners('data');
  return await new Promise((resolve) => {
    client.socket.once('data', resolve);
    client.socket.once('close', () => resolve(null));
  });
}

/** The packet in a frame, without its head. */
function packetIn(answer: Buffer | null): Buffer | null {
  if (answer === null) return null;
  const body = answer.subarray(7);
  return (answer.readUIntLE(4, 3) === 0 ? body : inflateSync(body)).subarray(4);
}

test('frames may be cut anywhere, and need not be compressed', async (t) => {
  const client = await enter();
  const ping = command(0x0e);
  const pieces = frame(deflateSync(ping), ping.length);
  for (const byte of pieces.subarray(0, -1)) client.send(Buffer.of(byte));
  client.send(pieces.subarray(-1));
  const answer = await nextFrame(client);
  t.is(answer?.[3], 1, 'the number after the one that was sent');
  t.is(packetIn(answer)?.[0], 0);
  client.send(frame(ping.subarray(0, 2), 0), frame(ping.subarray(2), 0));
  t.is(packetIn(await nextFrame(client))?.[0], 0);
  await client.close();
});

for (const [title, bytes] of [
  ['too little', frame(deflateSync(command(0x0e)), 4)],
  ['too much', frame(deflateSync(command(0x0e)), 500)],
  ['a bomb', frame(deflateSync(Buffer.alloc(30_000_000)), 0xff_ffff)],
  ['no zlib at all', frame(Buffer.from('nonsense'), 100)],
] as const) {
  test(`a frame that holds ${title} ends the connection`, async (t) => {
    const client = await enter();
    client.send(bytes);
    t.is(errorNumber(packetIn(await nextFrame(client))), 1157);
    await client.close();
  });
}
