// Prepared statements on the wire: every type of parameter, kept types, data sent ahead.

import test from 'ava';
import mysql from 'mysql2/promise';
import { computedColumn, ok, rowsResult } from '#aggregator/statement-result.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import { command, errorNumber, RawClient } from './raw-client.ts';
import { openScripted, type ScriptedFrontDoor } from './scripted-front-door.ts';

/** The door of an engine that answers every statement with its parameters. */
async function withEcho(
  work: (opened: ScriptedFrontDoor, seen: (readonly SourceValue[])[]) => Promise<void>,
): Promise<void> {
  const seen: (readonly SourceValue[])[] = [];
  const opened = await openScripted({
    script: (_session, _text, parameters) => {
      seen.push(parameters);
      if (parameters.length === 0) return ok();
      const columns = parameters.map(({ type }, index) => computedColumn(`c${index}`, type));
      return rowsResult(columns, [parameters.map(({ value }) => value)]);
    },
  });
  try {
    await work(opened, seen);
  } finally {
    await opened.door.close();
  }
}

/** A COM_STMT_EXECUTE of statement 1: the types are left out when there are none. */
function execute(
  nulls: readonly number[],
  types: readonly (readonly [code: number, unsigned: boolean])[] | null,
  values: Uint8Array,
): Buffer {
  const head = Buffer.from([1, 0, 0, 0, 0, 1, 0, 0, 0, ...nulls, types === null ? 0 : 1]);
  const declared = (types ?? []).flatMap(([code, unsigned]) => [code, unsigned ? 0x80 : 0]);
  return command(0x17, Buffer.concat([head, Buffer.from(declared), values]));
}

async function prepared(port: number, parameters: number): Promise<RawClient> {
  const client = new RawClient(port);
  await client.enter();
  client.send(command(0x16, Array.from({ length: parameters }, () => '?').join(',')));
  const head = await client.next();
  if (head?.readUInt16LE(7) !== parameters) throw new Error('not so many parameters');
  for (let index = 0; index < parameters; index += 1) await client.next();
  if (parameters > 0) await client.next();
  return client;
}

/** Reads one answer of rows without DEPRECATE_EOF to its end. */
async function readAnswer(client: RawClient, columns: number): Promise<void> {
  for (let index = 0; index < columns + 4; index += 1) await client.next();
}

interface Parameter {
  readonly code: number;
  readonly unsigned?: boolean;
  readonly bytes: readonly number[];
  readonly kind: SourceValue['type']['kind'];
  readonly value: SourceValue['value'];
}

const parameters: readonly Parameter[] = [
  { code: 1, bytes: [0xff], kind: 'integer', value: -1n },
  { code: 1, unsigned: true, bytes: [0xff], kind: 'integer', value: 255n },
  { code: 2, bytes: [0x00, 0x80], kind: 'integer', value: -32_768n },
  { code: 13, unsigned: true, bytes: [0xe8, 0x07], kind: 'integer', value: 2024n },
  { code: 3, bytes: [0xfe, 0xff, 0xff, 0xff], kind: 'integer', value: -2n },
  { code: 9, unsigned: true, bytes: [0xff, 0xff, 0xff, 0], kind: 'integer', value: 16_777_215n },
  { code: 8, bytes: [0, 0, 0, 0, 0, 0, 0, 0x80], kind: 'integer', value: -(2n ** 63n) },
  {
    code: 8,
    unsigned: true,
    bytes: [0, 0, 0, 0, 0, 0, 0, 0x40],
    kind: 'integer',
    value: 2n ** 62n,
  },
  { code: 4, bytes: [0, 0, 0xc0, 0x3f], kind: 'float', value: 1.5 },
  { code: 5, bytes: [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], kind: 'double', value: 1.5 },
  { code: 246, bytes: [4, ...Buffer.from('-1.5')], kind: 'decimal', value: -15n },
  { code: 253, bytes: [3, ...Buffer.from('aé')], kind: 'string', value: 'aé' },
  { code: 254, bytes: [2, 0xff, 0xfe], kind: 'binary', value: new Uint8Array([0xff, 0xfe]) },
  { code: 252, bytes: [1, 0x61], kind: 'binary', value: new Uint8Array([0x61]) },
  { code: 245, bytes: [2, ...Buffer.from('{}')], kind: 'string', value: '{}' },
  { code: 10, bytes: [4, 0xe8, 0x07, 2, 29], kind: 'date', value: '2024-02-29' },
  { code: 10, bytes: [0], kind: 'date', value: '0000-00-00' },
  { code: 12, bytes: [0], kind: 'datetime', value: '0000-00-00 00:00:00' },
  {
    code: 12,
    bytes: [7, 0xe8, 0x07, 2, 29, 1, 2, 3],
    kind: 'datetime',
    value: '2024-02-29 01:02:03',
  },
  {
    code: 7,
    bytes: [11, 0xe8, 0x07, 2, 29, 1, 2, 3, 1, 0, 0, 0],
    kind: 'datetime',
    value: '2024-02-29 01:02:03.000001',
  },
  { code: 11, bytes: [0], kind: 'time', value: 0n },
  { code: 11, bytes: [8, 1, 1, 0, 0, 0, 2, 3, 4], kind: 'time', value: -93_784_000_000n },
  { code: 11, bytes: [12, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0, 0], kind: 'time', value: 1_000_005n },
  { code: 6, bytes: [], kind: 'null', value: null },
];

test('a parameter of every type is what the client bound', async (t) => {
  await withEcho(async ({ port }, seen) => {
    for (const { code, unsigned = false, bytes, kind, value } of parameters) {
      const client = await prepared(port, 1);
      client.send(execute([0], [[code, unsigned]], Buffer.from(bytes)));
      await readAnswer(client, 1);
      const [source] = seen.at(-1) ?? [];
      t.is(source?.type.kind, kind, `type ${code}`);
      t.deepEqual(source?.value, value, `type ${code}`);
      await client.close();
    }
  });
});

test('BIGINT UNSIGNED beyond 2^63 comes back with the bytes that it was bound with', async (t) => {
  await withEcho(async ({ port }) => {
    const raw = await prepared(port, 1);
    raw.send(execute([0], [[8, true]], Buffer.alloc(8, 0xff)));
    for (let index = 0; index < 3; index += 1) await raw.next();
    t.deepEqual((await raw.next())?.subarray(2), Buffer.alloc(8, 0xff));
    await raw.close();
  });
});

test('the NULL bitmap says which parameters have no value', async (t) => {
  await withEcho(async ({ port }, seen) => {
    const count = 17;
    const client = await prepared(port, count);
    const types = Array.from({ length: count }, () => [1, false] as const);
    // Parameters 0, 8 and 16 are NULL.
    client.send(execute([1, 1, 1], types, Buffer.alloc(count - 3, 7)));
    await readAnswer(client, count);
    t.deepEqual(
      seen.at(-1)?.map(({ value }) => value),
      Array.from({ length: count }, (_, index) => (index % 8 === 0 ? null : 7n)),
    );
    await client.close();
  });
});

test('types are kept for executions that do not send them again', async (t) => {
  await withEcho(async ({ port }, seen) => {
    const client = await prepared(port, 2);
    client.send(
      execute(
        [0],
        [
          [1, false],
          [253, false],
        ],
        Buffer.from([5, 1, 0x61]),
      ),
    );
    await readAnswer(client, 2);
    client.send(execute([0], null, Buffer.from([6, 1, 0x62])));
    await readAnswer(client, 2);
    client.send(execute([2], null, Buffer.from([7])));
    await readAnswer(client, 2);
    t.deepEqual(
      seen.map((values) => values.map(({ value }) => value)),
      [
        [5n, 'a'],
        [6n, 'b'],
        [7n, null],
      ],
    );
    await client.close();
  });
});

test('types that were never sent, and values cut short, are errors', async (t) => {
  await withEcho(async ({ port }, seen) => {
    const client = await prepared(port, 1);
    client.send(execute([0], null, Buffer.of(5)));
    t.is(errorNumber(await client.next()), 1210);
    client.send(execute([0], [[3, false]], Buffer.of(5)));
    t.is(errorNumber(await client.next()), 1835);
    client.send(execute([0], [[253, false]], Buffer.of(200, 1)));
    t.is(errorNumber(await client.next()), 1835);
    client.send(execute([0], [[99, false]], Buffer.of(5)));
    t.is(errorNumber(await client.next()), 1235);
    client.send(execute([0], [[12, false]], Buffer.of(3, 0, 0, 0)));
    t.is(errorNumber(await client.next()), 1835);
    client.send(execute([0], [[246, false]], Buffer.from([3, ...Buffer.from('abc')])));
    t.is(errorNumber(await client.next()), 1210);
    t.deepEqual(seen, []);
    await client.close();
  });
});

test('data sent ahead is the value of its parameter, once', async (t) => {
  await withEcho(async ({ port }, seen) => {
    const client = await prepared(port, 2);
    const ahead = (text: string) =>
      command(0x18, Buffer.concat([Buffer.of(1, 0, 0, 0, 1, 0), Buffer.from(text)]));
    client.send(ahead('long '), ahead('text'));
    client.send(
      execute(
        [0],
        [
          [1, false],
          [253, false],
        ],
        Buffer.of(5),
      ),
    );
    await readAnswer(client, 2);
    t.deepEqual(
      seen.at(-1)?.map(({ value }) => value),
      [5n, 'long text'],
    );
    client.send(ahead('forgotten'), command(0x1a, Buffer.of(1, 0, 0, 0)));
    t.is((await client.next())?.[0], 0);
    client.send(execute([0], null, Buffer.from([6, 1, 0x62])));
    await readAnswer(client, 2);
    t.deepEqual(
      seen.at(-1)?.map(({ value }) => value),
      [6n, 'b'],
    );
    await client.close();
  });
});

test('a closed statement is unknown, and the others stay', async (t) => {
  await withEcho(async ({ port }) => {
    const client = await prepared(port, 1);
    client.send(command(0x19, Buffer.of(9, 0, 0, 0)));
    client.send(execute([0], [[1, false]], Buffer.of(5)));
    await readAnswer(client, 1);
    client.send(command(0x1c, Buffer.of(1, 0, 0, 0, 1, 0, 0, 0)));
    t.is(errorNumber(await client.next()), 1421);
    client.send(command(0x19, Buffer.of(1, 0, 0, 0)));
    client.send(execute([0], [[1, false]], Buffer.of(5)));
    t.is(errorNumber(await client.next()), 1243);
    await client.close();
  });
});

test('mysql2 executes with all that JavaScript has', async (t) => {
  await withEcho(async ({ port }) => {
    const client = await mysql.createConnection({
      host: '127.0.0.1',
      port,
      user: 'root',
      password: 'secret',
      timezone: 'Z',
    });
    const date = new Date('2024-02-29T12:00:00.000Z');
    const bytes = Buffer.of(0, 255, 128);
    const sent = [1.5, 'text', true, null, date, bytes, { a: 1 }, 7n];
    for (let round = 0; round < 3; round += 1) {
      const [rows] = await client.execute<mysql.RowDataPacket[]>(
        '?,?,?,?,?,?,?,?',
        sent as (string | number | null)[],
      );
      t.deepEqual(Object.values(rows[0] ?? {}), [
        1.5,
        'text',
        1,
        null,
        date,
        bytes,
        '{"a":1}',
        '7',
      ]);
    }
    await client.end();
  });
});
