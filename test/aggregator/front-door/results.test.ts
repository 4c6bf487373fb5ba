// What clients read: every type, both protocols, many results, large ones, warnings and flags.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import mysql from 'mysql2/promise';
import { status } from '#aggregator/front-door/capabilities.ts';
import { computedColumn, ok, rowsResult } from '#aggregator/statement-result.ts';
import { databaseError } from '#shared/error.ts';
import type { ColumnType } from '#shared/sql/column-type.ts';
import { typeCases } from './every-type.ts';
import { basicCapabilities, command, errorNumber, packet, RawClient } from './raw-client.ts';
import { withScript, type Script } from './scripted-front-door.ts';

const run = promisify(execFile);
const bigint: ColumnType = { kind: 'integer', bits: 64, unsigned: false };
const text: ColumnType = {
  kind: 'string',
  form: 'varchar',
  length: 100,
  collation: 'utf8mb4_general_ci',
};

function options(port: number) {
  return {
    host: '127.0.0.1',
    port,
    user: 'root',
    password: 'secret',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    multipleStatements: true,
  };
}

const columns = typeCases.map(({ type }, index) => computedColumn(`c${index}`, type));

function* everyType() {
  yield typeCases.map(({ value }) => value);
  yield typeCases.map(() => null);
}

test('every type arrives by both protocols, NULL too, with the metadata of MySQL', async (t) => {
  const script: Script = (session) => {
    session.variables.set('session', 'time_zone', '+01:30');
    return rowsResult(columns, [...everyType()]);
  };
  await withScript(script, async ({ port }) => {
    const client = await mysql.createConnection(options(port));
    for (const [rows, fields] of [await client.query('text'), await client.execute('binary')]) {
      const [values, nulls] = rows as Record<string, unknown>[];
      typeCases.forEach(({ type, expected, code, length, charset }, index) => {
        const name = `c${index}`;
        const column = fields[index] as unknown as Record<string, unknown>;
        t.deepEqual(values?.[name], expected, `${JSON.stringify(type)} ${index}`);
        t.is(nulls?.[name], null);
        t.is(column['columnType'], code, JSON.stringify(type));
        t.is(column['columnLength'], length, JSON.stringify(type));
        t.is(column['characterSet'] === 63, charset === 'binary', JSON.stringify(type));
      });
    }
    await client.end();
  });
});

test('the mariadb client and PyMySQL read every type', async (t) => {
  const script: Script = (_session, sent) => {
    return sent === 'types' ? rowsResult(columns, [...everyType()]) : ok();
  };
  await withScript(script, async ({ port }) => {
    const args = ['-h127.0.0.1', `-P${port}`, '-uroot', '-psecret', '-N', '-B', '-e', 'types'];
    const { stdout } = await run('mariadb', args, { encoding: 'buffer' });
    const printed = stdout.toString('utf8');
    t.regex(printed, /^-128\t255\t-32768\t65535\t/);
    t.regex(printed, /\t-12345\.678\t0\.00\t12345678901234567890\.123456789\t/);
    t.regex(printed, /\t2024-02-29 23:59:59\.000001\t/);
    const python = `
import pymysql
c = pymysql.connect(host='127.0.0.1', port=${port}, user='root', password='secret')
k = c.cursor()
k.execute('types')
rows = k.fetchall()
assert rows[0][0] == -128 and rows[0][9] == 9223372036854775807, rows[0]
assert str(rows[0][10]) == '-12345.678', rows[0]
assert rows[0][17] == '\\u00e4\\u00f6\\u00fc', rows[0][17]
assert set(rows[1]) == {None}, rows[1]
`;
    await run('/usr/bin/python3', ['-c', python]);
  });
});

test('several statements give several results, each with its own end', async (t) => {
  const script: Script = async function* () {
    yield ok(3, 7n, 'Records: 3');
    yield rowsResult([computedColumn('a', bigint)], [[1n], [2n]]);
    yield rowsResult([computedColumn('b', text)], []);
    yield ok();
  };
  await withScript(script, async ({ port }) => {
    const client = await mysql.createConnection(options(port));
    const [results] = await client.query<mysql.RowDataPacket[][]>('four statements');
    t.is(results.length, 4);
    t.deepEqual(
      [...(results[1] ?? [])].map((row) => row['a']),
      ['1', '2'],
    );
    t.deepEqual(results[2], []);
    t.is((results[0] as unknown as mysql.ResultSetHeader).affectedRows, 3);
    t.is((results[0] as unknown as mysql.ResultSetHeader).info, 'Records: 3');
    await client.end();
  });
});

test('an error after a result follows that result, and the connection goes on', async (t) => {
  const script: Script = async function* (_session, sent) {
    yield ok(1);
    if (sent === 'bad') throw databaseError('unknownTable', { database: 'd', table: 't' });
  };
  await withScript(script, async ({ port }) => {
    const client = await mysql.createConnection(options(port));
    const error = await t.throwsAsync(client.query('bad'));
    const { errno, sqlState } = error as unknown as { errno: number; sqlState: string };
    t.deepEqual([errno, sqlState], [1146, '42S02']);
    const [result] = await client.query<mysql.ResultSetHeader>('good');
    t.is(result.affectedRows, 1);
    await client.end();
  });
});

test('rows that break off end in the error, whether some have left or not', async (t) => {
  const script: Script = (_session, sent) => {
    async function* batches() {
      for (let row = 0n; row < BigInt(sent); row += 1n) yield [[row]];
      throw databaseError('queryInterrupted', {});
    }
    return { kind: 'rows', columns: [computedColumn('a', bigint)], rows: batches() };
  };
  await withScript(script, async ({ port }) => {
    const client = await mysql.createConnection(options(port));
    for (const rows of [0, 1, 30_000]) {
      const error = await t.throwsAsync(client.query(String(rows)));
      t.is((error as unknown as { errno: number }).errno, 1317, String(rows));
    }
    await client.ping();
    await client.end();
  });
});

test('an unexpected error is told without its words', async (t) => {
  const script: Script = async function* () {
    yield ok();
    throw new TypeError("row value 'hunter2'");
  };
  await withScript(script, async ({ port }) => {
    const client = await mysql.createConnection(options(port));
    const error = await t.throwsAsync(client.query('x'));
    t.is((error as unknown as { errno: number }).errno, 1105);
    t.notRegex(error?.message ?? '', /hunter2/);
    await client.end();
  });
});

/** A row is the length of its value (4 bytes) and the value; a command is a byte and its text. */
const edges = [-2, -1, 0, 1].map((more) => 0xff_ffff + more);

test('rows beyond 16 MB arrive whole', async (t) => {
  const blob: ColumnType = { kind: 'binary', form: 'longblob', length: 4_294_967_295 };
  const script: Script = (_session, sent) =>
    rowsResult([computedColumn('v', blob)], [[new Uint8Array(Number(sent))], [new Uint8Array(1)]]);
  await withScript(script, async ({ port }) => {
    const client = await mysql.createConnection(options(port));
    for (const size of [...edges.map((edge) => edge - 4), 2 * 0xff_ffff - 4, 40_000_000]) {
      const [rows] = await client.query<mysql.RowDataPacket[]>(String(size));
      t.deepEqual(
        rows.map((row) => (row['v'] as Buffer).length),
        [size, 1],
      );
    }
    await client.end();
  });
});

test('commands beyond 16 MB arrive whole', async (t) => {
  const lengths: number[] = [];
  const script: Script = (_session, sent) => {
    lengths.push(sent.length);
    return ok();
  };
  await withScript(script, async ({ port }) => {
    const client = new RawClient(port);
    await client.enter();
    const sizes = [...edges.map((edge) => edge - 1), 2 * 0xff_ffff - 1, 40_000_000];
    for (const size of sizes) {
      client.send(...packets(Buffer.concat([Buffer.of(3), Buffer.alloc(size, 'x')])));
      t.is((await client.next())?.[0], 0);
    }
    t.deepEqual(lengths, sizes);
    await client.close();
  });
});

/** The payload in parts of 2^24-1 bytes; the last one is shorter, and may be empty. */
function packets(payload: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let begin = 0; begin <= payload.length; begin += 0xff_ffff) {
    parts.push(packet(parts.length, payload.subarray(begin, begin + 0xff_ffff)));
  }
  return parts;
}

test('a packet beyond max_allowed_packet is error 1153 and the end', async (t) => {
  await withScript(
    () => ok(),
    async ({ port, variables, texts }) => {
      variables.set(variables.definition('max_allowed_packet'), 1024n * 1024n);
      const client = new RawClient(port);
      await client.enter();
      client.send(command(0x03, 'x'.repeat(1024 * 1024 + 1)));
      t.is(errorNumber(await client.next()), 1153);
      t.is(await client.next(), null);
      t.deepEqual(texts, []);
    },
  );
});

test('flags tell of the transaction, of autocommit and of warnings', async (t) => {
  const script: Script = (session, sent) => {
    if (sent === 'begin') {
      const nothing = async () => undefined;
      session.transaction = {
        startedAt: 0n,
        savepoint: nothing,
        commit: nothing,
        rollback: nothing,
      };
    }
    if (sent === 'manual') session.variables.set('session', 'autocommit', 0n);
    if (sent === 'warn') session.warn('Warning', 1292, 'careful');
    return ok();
  };
  await withScript(script, async ({ port }) => {
    const client = await mysql.createConnection(options(port));
    const flags = async (sent: string) => {
      const [header] = await client.query<mysql.ResultSetHeader>(sent);
      return [header.serverStatus & 3, header.warningStatus];
    };
    t.deepEqual(await flags('plain'), [status.autocommit, 0]);
    t.deepEqual(await flags('begin'), [status.autocommit | status.inTransaction, 0]);
    t.deepEqual(await flags('manual'), [status.inTransaction, 0]);
    t.deepEqual(await flags('warn'), [status.inTransaction, 1]);
    await client.end();
  });
});

test('without DEPRECATE_EOF rows are framed by EOF packets', async (t) => {
  const script: Script = () => rowsResult([computedColumn('a', bigint)], [[1n]]);
  await withScript(script, async ({ port }) => {
    const client = new RawClient(port);
    await client.enter({ capabilities: basicCapabilities });
    client.send(command(0x03, 'select'));
    const payloads = [];
    for (let index = 0; index < 5; index += 1) payloads.push(await client.next());
    t.deepEqual(payloads[0], Buffer.of(1));
    t.deepEqual(payloads[2], Buffer.of(0xfe, 0, 0, 2, 0));
    t.deepEqual(payloads[3], Buffer.of(1, 0x31));
    t.deepEqual(payloads[4], Buffer.of(0xfe, 0, 0, 2, 0));
    await client.close();
  });
});

test('a latin1 client reads and writes latin1', async (t) => {
  const script: Script = (_session, sent) => {
    return sent.startsWith('select') ? rowsResult([computedColumn('a', text)], [[sent]]) : ok();
  };
  await withScript(script, async ({ port, texts }) => {
    const args = ['-h127.0.0.1', `-P${port}`, '-uroot', '-psecret', '-N'];
    const charset = '--default-character-set=latin1';
    const child = run('mariadb', [...args, charset, '-e', 'x'], { encoding: 'buffer' });
    await child;
    const client = await mysql.createConnection({ ...options(port), charset: 'latin1' });
    const [rows] = await client.query<mysql.RowDataPacket[]>('select äß');
    t.is(rows[0]?.['a'], 'select äß');
    t.true(texts.includes('select äß'));
    await client.end();
  });
});
