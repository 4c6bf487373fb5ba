// What real clients send after their login, packet by packet: recorded by a proxy in between.

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import mysql from 'mysql2/promise';
import { PacketReader } from '#aggregator/front-door/packet-reader.ts';

/** The payloads of one client's commands, in their order. */
export type Conversation = readonly Buffer[];

const PACKET_BYTES_MAX = 1024 ** 3;

/** Runs `work` against a proxy of the port, and answers what each of its clients has sent. */
async function recorded(
  port: number,
  work: (proxyPort: number) => Promise<void>,
): Promise<readonly Conversation[]> {
  const conversations: Conversation[] = [];
  const sockets: Socket[] = [];
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    sockets.push(client, server);
    const reader = new PacketReader(PACKET_BYTES_MAX);
    const packets: Buffer[] = [];
    client.on('data', (chunk: Buffer) => {
      reader.push(Buffer.from(chunk));
      for (let packet = reader.next(); packet !== null; packet = reader.next()) {
        packets.push(Buffer.from(packet.payload));
      }
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => client.write(chunk));
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.on('close', () => {
      server.destroy();
      conversations.push(packets.slice(1));
    });
    server.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', () => resolve()));
  await work((proxy.address() as AddressInfo).port);
  const closed = new Promise<void>((resolve) => proxy.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await closed;
  return conversations;
}

const texts = [
  'SELECT 1',
  'SELECT @@version_comment LIMIT 1',
  'SET NAMES utf8mb4',
  'SHOW FULL PROCESSLIST',
  'SHOW TABLES',
  "SELECT id, name, amount FROM things WHERE id BETWEEN 2 AND 5 AND name LIKE '%a%' ORDER BY name",
  "INSERT INTO things VALUES (101, 'x\\'y', 1.5, NOW(), NULL, '{\"a\": [1]}') " +
    'ON DUPLICATE KEY UPDATE amount = amount + 1',
  'UPDATE things SET amount = amount * 2 WHERE id = 101',
  'DELETE FROM things WHERE id = 101',
  'BEGIN',
  'INSERT INTO things (id, name) VALUES (102, 0xff00), (103, _utf8mb4 "é😀")',
  'SAVEPOINT s',
  'ROLLBACK TO s',
  'ROLLBACK',
  'SELECT COUNT(*), SUM(amount), GROUP_CONCAT(name) FROM things GROUP BY id % 3 WITH ROLLUP',
  'SELECT * FROM things a JOIN things b USING (id) WHERE a.at IS NOT NULL LIMIT 3',
  'SHOW WARNINGS',
  'EXPLAIN SELECT * FROM things',
  'SET @a = 5, autocommit = 0; SELECT @a; SET autocommit = 1; SELECT 2; DO 1',
  'LOAD DATA LOCAL INFILE "f" IGNORE INTO TABLE things (id, name)',
  "SET sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')",
  "PREPARE p FROM 'SELECT ? + ?'",
  'EXECUTE p USING @a, @a',
  'USE fuzz',
];

const bound: readonly unknown[][] = [
  [1, 'text', 2.5, new Date(0), null, Buffer.from([0, 255])],
  [-1, '', -0.1, new Date(), 'x'.repeat(300), Buffer.alloc(0)],
];

async function evenIfRefused(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch {
    // What is refused was sent all the same.
  }
}

async function mysql2Session(port: number): Promise<void> {
  const client = await mysql.createConnection({
    ...{ host: '127.0.0.1', port, user: 'fuzz', password: 'fuzz', database: 'fuzz' },
    multipleStatements: true,
    infileStreamFactory: () => {
      throw new Error('no file');
    },
  });
  client.on('error', () => undefined);
  for (const text of texts.filter((each) => !each.startsWith('LOAD'))) {
    await evenIfRefused(client.query(text));
  }
  for (const values of bound) {
    const sql = 'SELECT ?, ?, ?, ?, ?, ? FROM things WHERE id > ? ORDER BY id LIMIT 3';
    await evenIfRefused(client.execute(sql, [...values, 0] as never));
    await client.execute('UPDATE things SET name = ? WHERE id = ?', ['n', 1]);
  }
  client.unprepare('UPDATE things SET name = ? WHERE id = ?');
  await client.ping();
  await client.changeUser({ user: 'fuzz', password: 'fuzz', database: 'fuzz' });
  await client.end();
}

function withHead(code: number, ...rest: readonly (string | readonly number[])[]): Buffer {
  const pieces = rest.map((piece) => Buffer.from(piece as string));
  return Buffer.concat([Buffer.of(code), ...pieces]);
}

/** Commands that mysql2 never sends, as the protocol has them. */
function rareCommands(): readonly Conversation[] {
  const sql = 'SELECT id, name FROM things WHERE id < ? ORDER BY id';
  const execute = [1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 8, 0, 50, 0, 0, 0, 0, 0, 0, 0];
  const cursor = [
    withHead(0x16, sql),
    withHead(0x17, execute),
    withHead(0x1c, [1, 0, 0, 0, 3, 0, 0, 0]),
    withHead(0x1c, [1, 0, 0, 0, 200, 0, 0, 0]),
    withHead(0x1a, [1, 0, 0, 0]),
    withHead(0x18, [1, 0, 0, 0, 0, 0], 'long data'),
    withHead(0x17, [...execute.slice(0, 11), 252, 0]),
    withHead(0x19, [1, 0, 0, 0]),
  ];
  const load = texts.find((text) => text.startsWith('LOAD')) ?? '';
  return [
    cursor,
    texts.map((text) => withHead(0x03, text)),
    [withHead(0x03, load), Buffer.from('201\ta\n202\tb\n'), Buffer.alloc(0), withHead(0x0e)],
    [withHead(0x04, 'things\0'), withHead(0x04, 'things\0%'), withHead(0x02, 'fuzz')],
    [withHead(0x1b, [0, 0]), withHead(0x1b, [1, 0]), withHead(0x09), withHead(0x1f)],
    [withHead(0x0c, [255, 255, 0, 0]), withHead(0x0d), withHead(0x07, [1]), withHead(0x0a)],
  ];
}

/** Conversations of several clients with the server at the port, whose user is `fuzz`. */
export async function recordConversations(port: number): Promise<readonly Conversation[]> {
  const spoken = await recorded(port, mysql2Session);
  return [...spoken, ...rareCommands()].filter((conversation) => conversation.length > 0);
}
