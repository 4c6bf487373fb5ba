// Text in the client's character set, both ways: statements, parameters, values, headers, errors.

import test from 'ava';
import { singleByteCodec } from '#aggregator/single-byte-charsets.ts';
import { clusterOfFile } from '#test/aggregator/commands/client-cluster.ts';
import { oracleTests } from '#test/support/oracle-test.ts';
import { command, RawClient } from './raw-client.ts';

const withOracle = oracleTests(test);

const cluster = clusterOfFile(test, [
  'CREATE DATABASE shop',
  'CREATE TABLE shop.words (id INT PRIMARY KEY, word VARCHAR(20))',
  "INSERT INTO shop.words VALUES (1, 'é😀€')",
]);

async function enter(charset: string): Promise<RawClient> {
  const client = new RawClient(cluster().port);
  await client.enter();
  client.send(command(0x03, `SET NAMES ${charset}`));
  await client.next();
  return client;
}

/** The packets of the answer to a text, up to the one that ends it, as bytes in latin1. */
async function answer(client: RawClient, sql: string | Buffer): Promise<readonly string[]> {
  client.send(command(0x03, sql));
  const packets: string[] = [];
  for (let ends = 0; ends < 2;) {
    const packet = await client.next();
    if (packet === null) throw new Error('gone');
    packets.push(packet.toString('latin1'));
    if (packet[0] === 0xff || (packet[0] === 0 && packets.length === 1)) break;
    if (packet[0] === 0xfe && packet.length < 9) ends += 1;
  }
  return packets;
}

const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

for (const [charset, value] of [
  ['utf8mb4', utf8('é😀€')],
  ['utf8mb3', utf8('é?€')],
  ['latin1', '\xe9?\x80'],
  ['koi8r', '???'],
  ['latin2', '\xe9??'],
  ['cp1250', '\xe9?\x80'],
  ['ascii', '???'],
  ['binary', utf8('é😀€')],
] as const) {
  test(`a value as ${charset} reads it`, async (t) => {
    const client = await enter(charset);
    const rows = await answer(client, 'SELECT word FROM shop.words');
    t.is(rows[3]?.slice(1), value);
    t.is(rows[3]?.charCodeAt(0), value.length);
    await client.close();
  });
}

test('latin1 statements are read, and headers and errors written, as latin1', async (t) => {
  const client = await enter('latin1');
  const sql = Buffer.from("SELECT CHAR_LENGTH('\xe9\x80'), HEX('\xe9') AS `h\xe9`", 'latin1');
  const rows = await answer(client, sql);
  t.true(rows[2]?.includes('\x02h\xe9'), 'the header');
  t.is(rows[4], '\x012\x04C3A9');
  const [failure] = await answer(client, Buffer.from('SELECT \xe9\xe8', 'latin1'));
  t.regex(failure ?? '', /'\xe9\xe8'/);
  await client.close();
});

test('a parameter is of the character set of the client', async (t) => {
  const client = await enter('latin1');
  client.send(command(0x16, 'SELECT HEX(?)'));
  for (let packet = 0; packet < 5; packet += 1) await client.next();
  const head = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 253, 0];
  client.send(command(0x17, Uint8Array.from([...head, 2, 0xe9, 0x80])));
  for (let packet = 0; packet < 3; packet += 1) await client.next();
  t.is((await client.next())?.subarray(3).toString(), 'C3A9E282AC');
  await client.close();
});

test('a character set that there is not is refused by its name', async (t) => {
  const root = await cluster().connect();
  t.is(await root.failure('SET NAMES klingon'), '1115 42000');
  await root.close();
});

const singleBytes = 'latin1 latin2 latin7 koi8r cp1250 cp1251 cp1257 macroman'.split(' ');

withOracle('every byte of each character set means what it means to MariaDB', async (t, oracle) => {
  for (const name of singleBytes) {
    const hexes = Array.from({ length: 256 }, (_, code) => code.toString(16).padStart(2, '0'));
    const items = hexes.map((hex) => `HEX(CONVERT(_${name} x'${hex}' USING utf8mb4))`);
    const [theirs = []] = await oracle.query(`SELECT ${items.join(', ')}`);
    const codec = singleByteCodec(name);
    const ours = hexes.map((hex) => {
      const text = codec?.decode(Buffer.from(hex, 'hex')) ?? '';
      return Buffer.from(text, 'utf8').toString('hex').toUpperCase();
    });
    t.deepEqual(ours, theirs as string[], name);
    const again = hexes.filter((hex, code) => {
      const text = codec?.decode(Buffer.from(hex, 'hex')) ?? '';
      return text !== '?' && codec?.encode(text)[0] !== code;
    });
    t.deepEqual(again, [], `${name}, written back`);
  }
});

test('statements in koi8r are read, and rows, headers and errors written in it', async (t) => {
  const client = await enter('koi8r');
  const word = '\xd0\xd2\xc9';
  const rows = await answer(client, Buffer.from(`SELECT '${word}', HEX('${word}') AS h`, 'latin1'));
  t.true(rows[1]?.includes(word), 'the header');
  t.is(rows[4], `\x03${word}\x0cD0BFD180D0B8`);
  await client.close();
});
