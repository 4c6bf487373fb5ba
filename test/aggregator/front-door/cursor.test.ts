// Read-only cursors: rows that wait at the server until they are fetched.

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { capability, status } from '#aggregator/front-door/capabilities.ts';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import { basicCapabilities, command, errorNumber, RawClient } from './raw-client.ts';

const run = promisify(execFile);

const rows = Array.from({ length: 500 }, (_, n) => `(${n}, REPEAT('${n % 10}', 2000))`);

const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop',
  'USE shop',
  'CREATE TABLE numbers (n INT PRIMARY KEY, word VARCHAR(4000))',
  `INSERT INTO numbers VALUES ${rows.join(',')}`,
]);

const CURSOR = 1;

/** COM_STMT_EXECUTE of statement 1 with a cursor, and without parameters. */
const execute = (flags = CURSOR) => command(0x17, Uint8Array.of(1, 0, 0, 0, flags, 1, 0, 0, 0));

function fetchRows(count: number): Buffer {
  const payload = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  payload.writeUInt32LE(count, 4);
  return command(0x1c, payload);
}

/** A client with `sql` prepared, whose columns are all that its answer describes. */
async function prepare(sql: string, columns: number, deprecateEof = false): Promise<RawClient> {
  const client = new RawClient(cluster().port);
  const more = deprecateEof ? capability.deprecateEof : 0;
  await client.enter({ capabilities: basicCapabilities | more });
  client.send(command(0x02, 'shop'));
  await client.next();
  client.send(command(0x16, sql));
  await client.next();
  for (let packet = 0; packet < columns + (deprecateEof ? 0 : 1); packet += 1) await client.next();
  return client;
}

/** Reads to the packet that ends an answer: how many rows came before it, and its flags. */
async function readToEnd(client: RawClient): Promise<{ rows: number; flags: number }> {
  for (let rows = 0; ; rows += 1) {
    const packet = await client.next();
    if (packet === null || packet[0] === 0xff) throw new Error(`broken: ${packet?.toString()}`);
    if (packet[0] !== 0xfe) continue;
    return { rows, flags: packet.length === 5 ? packet.readUInt16LE(3) : packet.readUInt16LE(3) };
  }
}

for (const deprecateEof of [false, true]) {
  const title = deprecateEof ? 'with DEPRECATE_EOF' : 'with EOF packets';
  test(`rows are fetched as the client asks for them, ${title}`, async (t) => {
    const client = await prepare('SELECT n, word FROM numbers ORDER BY n', 2, deprecateEof);
    client.send(execute());
    const head = await readToEnd(client);
    t.is(head.rows, 3, 'the count and two columns, and no row');
    t.true((head.flags & status.cursorExists) !== 0);
    client.send(fetchRows(200));
    const first = await readToEnd(client);
    t.is(first.rows, 200);
    t.true((first.flags & status.cursorExists) !== 0);
    client.send(command(0x0e));
    t.is((await client.next())?.[0], 0, 'other commands go between');
    client.send(fetchRows(300), fetchRows(1));
    t.is((await readToEnd(client)).rows, 300);
    const last = await readToEnd(client);
    t.is(last.rows, 0);
    t.true((last.flags & status.lastRowSent) !== 0);
    t.is(last.flags & status.cursorExists, 0);
    client.send(fetchRows(1));
    t.is(errorNumber(await client.next()), 1421);
    await client.close();
  });
}

test('a cursor shows what was there when it opened', async (t) => {
  const root = await cluster().connect('root', 'secret', 'shop');
  await root.rows('CREATE TABLE few (n INT PRIMARY KEY)');
  await root.rows('INSERT INTO few VALUES (1), (2)');
  const client = await prepare('SELECT n FROM few ORDER BY n', 1);
  client.send(execute());
  await readToEnd(client);
  await root.rows('DELETE FROM few');
  client.send(fetchRows(10));
  t.is((await readToEnd(client)).rows, 2);
  await client.close();
  await root.close();
});

test('reset, another execution and close let go of the rows', async (t) => {
  const client = await prepare('SELECT n FROM numbers', 1);
  client.send(execute());
  await readToEnd(client);
  client.send(command(0x1a, Uint8Array.of(1, 0, 0, 0)));
  t.is((await client.next())?.[0], 0);
  client.send(fetchRows(1));
  t.is(errorNumber(await client.next()), 1421);
  client.send(execute());
  await readToEnd(client);
  client.send(execute(0));
  t.is((await readToEnd(client)).rows, 2, 'a count and a column');
  t.is((await readToEnd(client)).rows, 500);
  client.send(fetchRows(1));
  t.is(errorNumber(await client.next()), 1421);
  client.send(execute());
  await readToEnd(client);
  client.send(command(0x19, Uint8Array.of(1, 0, 0, 0)), fetchRows(1));
  t.is(errorNumber(await client.next()), 1243);
  await client.close();
});

test('a statement without rows opens no cursor, a failing one tells its error', async (t) => {
  const client = await prepare('DO 1', -1);
  client.send(execute());
  const answer = await client.next();
  t.is(answer?.[0], 0);
  client.send(fetchRows(1));
  t.is(errorNumber(await client.next()), 1421);
  await client.close();
});

const hasMysqli =
  spawnSync('php', ['-r', 'exit(extension_loaded("mysqli") ? 0 : 1);']).status === 0;
const phpTest = hasMysqli ? test : test.skip;

phpTest('mysqli reads through a cursor (needs php with mysqli)', async (t) => {
  const script = `
$c = mysqli_connect('127.0.0.1', 'root', 'secret', 'shop', ${cluster().port});
$s = $c->prepare('SELECT n FROM numbers WHERE n < ? ORDER BY n');
$s->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
$limit = 450;
$s->bind_param('i', $limit);
$s->execute();
$s->bind_result($n);
$sum = 0; $rows = 0;
while ($s->fetch()) { $sum += $n; $rows += 1; if ($rows == 10) $c->query('DO 1'); }
echo $rows, ' ', $sum;`;
  const { stdout } = await run('php', ['-r', script]);
  t.is(stdout, `450 ${(449 * 450) / 2}`);
});
