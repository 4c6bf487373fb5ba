// Rows as packets: a leaf of this process and one behind a connection write them alike, and as the
// long way writes them.

import test, { type ExecutionContext } from 'ava';
import type { PacketsResult, QuickResult } from '#aggregator/kept-plans/quick-read.ts';
import type { Session } from '#aggregator/session.ts';
import { serveLeaf } from '#leaf/serve-leaf.ts';
import { realClock } from '#shared/clock.ts';
import { PacketWriter } from '#shared/mysql/packet-writer.ts';
import { RowPackets } from '#shared/mysql/row-packets.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { memoryTransportPair } from '#test/shared/wire/memory-transport.ts';
import type { LeafService } from '#shared/wire/message.ts';
import type { PacketFormat } from '#shared/wire/packet-batch.ts';
import { Peer } from '#shared/wire/peer.ts';
import type { Transport } from '#shared/wire/transport.ts';
import { tcpPair } from '#test/shared/wire/tcp-pair.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { runSql } from '#test/support/run-sql.ts';
import { openTestCluster, type TestCluster } from '#test/support/test-cluster.ts';

/** The leaf as an aggregator meets it over this connection. */
function behind(leaf: LeafService, pair: readonly [Transport, Transport]): LeafService {
  const { logger } = quietLogger();
  const clock = realClock;
  const [near, far] = pair;
  const asking = new Peer({ transport: near, clock, logger, service: null });
  const service = serveLeaf(leaf)({ kind: 'node' });
  void new Peer({ transport: far, clock, logger, service });
  return {
    call: ((name: string, request: unknown, signal?: AbortSignal) =>
      asking.call(name, request, signal)) as LeafService['call'],
    stream: ((name: string, request: unknown, signal?: AbortSignal) =>
      asking.stream(name, request, signal)) as LeafService['stream'],
    readPackets: (request, signal) => asking.readPackets(request, signal),
  };
}

const columns =
  'id INT PRIMARY KEY, b BIGINT, de DECIMAL(10,2), wd DECIMAL(30,10), db DOUBLE, fl FLOAT, ' +
  'yr YEAR, vc VARCHAR(40), bn VARBINARY(40), tx TEXT, dt DATE, dm DATETIME(3), ' +
  'ts TIMESTAMP NULL, tm TIME, bi BIT(5), js JSON';
const values = [
  "1, 9223372036854775807, -1.50, '12345678901234567890.0000000001', 1e300, 1.5, " +
    "2024, 'Grüße 🌳', x'00ff', 'text', '2024-02-29', '2024-02-29 12:30:00.125', " +
    "'2024-07-01 10:00:00', " +
    "'-101:00:00', b'10101', '{\"a\": [1]}'",
  `2${', NULL'.repeat(15)}`,
  `3, 0, 0, 0, 0, 0, 1901, '${'x'.repeat(40)}', '', '${'y'.repeat(3000)}', '0001-01-01', ` +
    "'9999-12-31 23:59:59', '1971-01-01 00:00:00', '00:00:00', 0, 'null'",
];

async function filled(t: ExecutionContext, wrap?: (leaf: LeafService) => LeafService) {
  const cluster = await openTestCluster(wrap === undefined ? {} : { wrap });
  t.teardown(() => cluster.close());
  const session = cluster.session();
  const run = (text: string) => runSql(cluster.engine, session, text);
  await run('CREATE DATABASE packets PARTITIONS 4');
  session.database = 'packets';
  await run(`CREATE TABLE e (${columns})`);
  for (const row of values) await run(`INSERT INTO e VALUES (${row})`);
  const keys = 'PRIMARY KEY (owner, id), SHARD KEY (owner)';
  await run(`CREATE TABLE n (owner INT, id INT, s VARCHAR(200), ${keys})`);
  for (let at = 0; at < 3000; at += 500) {
    const some = Array.from({ length: 500 }, (_, i) => `(7, ${at + i}, '${'z'.repeat(100)}')`);
    await run(`INSERT INTO n VALUES ${some.join(', ')}`);
  }
  return { cluster, session, run };
}

const queries = [
  'SELECT * FROM e WHERE id = 1',
  'SELECT * FROM e WHERE id = 2',
  'SELECT * FROM e WHERE id = 3',
  'SELECT * FROM e WHERE id = 4',
  'SELECT id, vc AS name FROM e WHERE id = 1 LIMIT 1',
  'SELECT id, s FROM n WHERE owner = 7 AND id < 50 ORDER BY id',
  'SELECT id, s FROM n WHERE owner = 7 ORDER BY id',
];

const formats: readonly PacketFormat[] = [
  { protocol: 'text', timeZone: 'UTC' },
  { protocol: 'text', timeZone: '+05:30' },
  { protocol: 'binary', timeZone: 'Europe/Vienna' },
];

async function packetsOf(result: QuickResult | null): Promise<Buffer | null> {
  if (result?.kind !== 'packets') return null;
  const writer = new PacketWriter();
  writer.append(result.answer.first.packets);
  for await (const batch of result.answer.rest ?? []) writer.append(batch.packets);
  return Buffer.from(writer.bytes());
}

async function quickly(cluster: TestCluster, session: Session, text: string, format: PacketFormat) {
  const options = { parameters: [], format };
  return packetsOf((await cluster.engine.executePackets?.(session, text, options)) ?? null);
}

/** The rows of the long way, written here. */
async function slowly(cluster: TestCluster, session: Session, text: string, format: PacketFormat) {
  const writer = new PacketWriter();
  for await (const result of cluster.engine.execute(session, text)) {
    if (result.kind !== 'rows') continue;
    const types = result.columns.map(({ type }) => type);
    const rows: Row[] = [];
    for await (const batch of result.rows) rows.push(...batch);
    writer.append(new RowPackets().encode(rows, types, format).packets);
  }
  return Buffer.from(writer.bytes());
}

type Between = (t: ExecutionContext) => Promise<((leaf: LeafService) => LeafService) | undefined>;

const places: readonly (readonly [string, Between])[] = [
  ['in this process', async () => undefined],
  ['behind a memory transport', async () => (leaf) => behind(leaf, memoryTransportPair())],
  [
    'behind TCP',
    async (t) => {
      const pair = await tcpPair(t);
      return (leaf) => behind(leaf, pair);
    },
  ],
];

for (const [place, between] of places) {
  test(`a leaf ${place} writes what the long way writes`, async (t) => {
    const { cluster, session } = await filled(t, await between(t));
    for (const text of queries) {
      for (const format of formats) {
        const expected = await slowly(cluster, session, text, format);
        const actual = await quickly(cluster, session, text, format);
        t.deepEqual(actual, expected, `${text} ${JSON.stringify(format)}`);
      }
    }
    session.beginStatement();
    const missing = cluster.engine.executePackets?.(session, 'SELECT * FROM nowhere WHERE id = 1', {
      parameters: [],
      format: { protocol: 'text', timeZone: 'UTC' },
    });
    t.is(missing, null);
  });
}

test('reads that fail, wait or are abandoned behind a connection', async (t) => {
  let leafOf: LeafService | null = null;
  const { cluster, session, run } = await filled(t, (leaf) => {
    leafOf = behind(leaf, memoryTransportPair());
    return leafOf;
  });
  const format = { protocol: 'text', timeZone: 'UTC' } as const;
  await run('SELECT s FROM n WHERE owner = 7 AND id = 1');
  // A long read is abandoned with its session, and the next one finds the leaf as it was.
  const long = await cluster.engine.executePackets?.(
    session,
    'SELECT id, s FROM n WHERE owner = 7',
    {
      parameters: [],
      format,
    },
  );
  t.is(long, null);
  await run('SELECT id, s FROM n WHERE owner = 7');
  const begun = await cluster.engine.executePackets?.(
    session,
    'SELECT id, s FROM n WHERE owner = 8',
    {
      parameters: [],
      format,
    },
  );
  t.is(begun?.kind === 'packets' ? begun.answer.first.count : null, 0);
  const far = leafOf as LeafService | null;
  const request = {
    key: { database: 'packets', ordinal: 99 },
    catalogVersion: 1,
    transaction: null,
    statement: { sql: 'SELECT 1', parameters: [] },
    columns: [],
    forUpdate: false,
    lockWaitTimeoutMs: 1000,
    format,
  };
  await t.throwsAsync(async () => far?.readPackets?.(request), { message: /not on this leaf/ });
  const wrong = { ...request, columns: [], catalogVersion: 'x' as never };
  await t.throwsAsync(async () => far?.readPackets?.(wrong), { message: /[Mm]alformed/ });
  const gone = new AbortController();
  gone.abort();
  await t.throwsAsync(async () => far?.readPackets?.(request, gone.signal), {
    message: /interrupted/,
  });
});

test('several near partitions are answered in one turn', async (t) => {
  const { cluster, session, run } = await filled(t);
  const text = 'SELECT id FROM e WHERE id BETWEEN 1 AND 3';
  await run(text);
  const format = { protocol: 'text', timeZone: 'UTC' } as const;
  const result = cluster.engine.executePackets?.(session, text, { parameters: [], format });
  t.false(result instanceof Promise);
  t.is((result as PacketsResult).answer.first.count, 3);
});

const spread = [
  'SELECT * FROM e WHERE id BETWEEN 1 AND 3',
  'SELECT id, b FROM e WHERE id BETWEEN 1 AND 3 ORDER BY id DESC LIMIT 2',
  'SELECT SUM(de), COUNT(*) FROM e WHERE id BETWEEN 1 AND 3',
  'SELECT DISTINCT db FROM e WHERE id > 0 ORDER BY db',
];

test('several partitions of a leaf elsewhere are asked and answered by one message', async (t) => {
  const format = { protocol: 'text', timeZone: 'UTC' } as const;
  const asked: string[] = [];
  const far = await filled(t, (leaf) => {
    const there = behind(leaf, memoryTransportPair());
    return {
      ...there,
      call: ((name: 'ping', request: never, signal?: AbortSignal) => {
        asked.push(name);
        return there.call(name, request, signal);
      }) as LeafService['call'],
      stream: (name, request, signal) => {
        asked.push(name);
        return there.stream(name, request, signal);
      },
    };
  });
  const near = await filled(t);
  for (const text of spread) {
    const expected = await slowly(near.cluster, near.session, text, format);
    asked.length = 0;
    t.deepEqual(await slowly(far.cluster, far.session, text, format), expected, text);
    t.deepEqual(asked, ['readTogether'], text);
  }
  const [simple = ''] = spread;
  const expected = await quickly(near.cluster, near.session, simple, format);
  asked.length = 0;
  t.deepEqual(await quickly(far.cluster, far.session, simple, format), expected);
  t.deepEqual(asked, ['readTogether']);
});

test('a transaction reads its own rows among those of other partitions elsewhere', async (t) => {
  const { run } = await filled(t, (leaf) => behind(leaf, memoryTransportPair()));
  await run('BEGIN');
  await run('UPDATE e SET vc = "own" WHERE id = 2');
  const rows = await run('SELECT id, vc FROM e WHERE id BETWEEN 2 AND 3 ORDER BY id');
  t.deepEqual(rows.rows[0], ['2', 'own']);
  await run('ROLLBACK');
  const after = await run('SELECT vc FROM e WHERE id IN (2, 3) ORDER BY id LIMIT 1');
  t.deepEqual(after.rows, [[null]]);
});

test('packets from elsewhere are numbered on, and only whole ones are taken', (t) => {
  const one = new PacketWriter();
  for (const byte of [1, 2, 3]) {
    one.start();
    one.uint8(byte);
    one.finish();
  }
  const writer = new PacketWriter();
  writer.sequence = 254;
  writer.append(one.bytes());
  t.deepEqual(
    [...writer.bytes()].filter((_, i) => i % 5 === 3),
    [254, 255, 0],
  );
  t.is(writer.sequence, 1);
  t.throws(() => writer.append(Uint8Array.of(9, 0, 0, 0, 1)), { message: /whole/ });
});
