// Each command of the protocol that is no query: what it answers, and that the connection goes on.

import test from 'ava';
import { capability } from '#aggregator/front-door/capabilities.ts';
import { clusterOfFile, rootPassword } from '#test/aggregator/commands/client-cluster.ts';
import { basicCapabilities, command, errorNumber, RawClient } from './raw-client.ts';

const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop PARTITIONS 2',
  'CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(20) DEFAULT "none")',
]);

const OK = 0x00;
const EOF = 0xfe;

async function open(capabilities = basicCapabilities): Promise<RawClient> {
  const client = new RawClient(cluster().port);
  await client.enter({ password: rootPassword, capabilities });
  return client;
}

async function answer(client: RawClient, code: number, text: Uint8Array | string = '') {
  client.send(command(code, text));
  return client.next();
}

test('COM_PING and COM_INIT_DB are OK; an unknown database is 1049', async (t) => {
  const client = await open();
  t.is((await answer(client, 0x0e))?.[0], OK);
  t.is((await answer(client, 0x02, 'shop'))?.[0], OK);
  t.is(errorNumber(await answer(client, 0x02, 'nowhere')), 1049);
  t.is(errorNumber(await answer(client, 0x03, 'DELETE FROM item WHERE id = 0')), null);
  await client.close();
});

test('COM_FIELD_LIST tells columns with their defaults; an unknown table is 1146', async (t) => {
  const client = await open();
  t.is((await answer(client, 0x02, 'shop'))?.[0], OK);
  const first = await answer(client, 0x04, 'item\0');
  t.true(first?.includes('\x02id\x02id'));
  t.true((await client.next())?.includes('\x04name\x04name'));
  t.is((await client.next())?.[0], EOF);
  t.is(errorNumber(await answer(client, 0x04, 'nothing\0')), 1146);
  t.is((await answer(client, 0x0e))?.[0], OK);
  await client.close();
});

test('COM_STATISTICS is one line of text, with the clients that there are', async (t) => {
  const client = await open();
  const text = (await answer(client, 0x09))?.toString() ?? '';
  t.regex(text, /^Uptime: \d+ {2}Threads: [1-9]\d* {2}Questions: \d+ {2}Slow queries: 0 /);
  t.is((await answer(client, 0x0e))?.[0], OK);
  await client.close();
});

test('COM_SET_OPTION turns several statements in one text on and off', async (t) => {
  const client = await open();
  const option = (value: number) => answer(client, 0x1b, Buffer.of(value, 0));
  const two = () => answer(client, 0x03, 'DO 1; DO 2');
  t.is(errorNumber(await two()), 1064);
  t.is((await option(0))?.[0], EOF);
  t.is((await two())?.[0], OK);
  t.is((await client.next())?.[0], OK);
  t.is((await option(1))?.[0], EOF);
  t.is(errorNumber(await two()), 1064);
  t.is(errorNumber(await option(7)), 1047);
  t.is((await answer(client, 0x0e))?.[0], OK);
  await client.close();
});

test('COM_PROCESS_KILL ends another connection; an unknown one is 1094', async (t) => {
  const [client, other] = [await open(), await open()];
  const thread = async (of: RawClient): Promise<number> => {
    of.send(command(0x03, 'SELECT CONNECTION_ID()'));
    for (let i = 0; i < 3; i += 1) await of.next();
    const row = await of.next();
    await of.next();
    return Number(row?.subarray(1).toString());
  };
  const id = Buffer.alloc(4);
  id.writeUInt32LE(await thread(other));
  t.is((await answer(client, 0x0c, id))?.[0], OK);
  // It is told first, where it still listens.
  for (let said = await other.next(); said !== null; said = await other.next()) {
    t.is(errorNumber(said), 1317);
  }
  id.writeUInt32LE(0x7fff_fff0);
  t.is(errorNumber(await answer(client, 0x0c, id)), 1094);
  await client.close();
});

test('COM_QUIT ends the connection without an answer', async (t) => {
  const client = await open(basicCapabilities | capability.deprecateEof);
  t.is(await answer(client, 0x01), null);
});
