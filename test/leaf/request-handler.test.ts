// A leaf answers what it is asked, and refuses by name what makes no sense.

import test, { type ExecutionContext } from 'ava';
import { PartitionSet } from '#leaf/partition-set.ts';
import { LinkSet } from '#leaf/replication/link-set.ts';
import { LogSender } from '#leaf/replication/log-sender.ts';
import { RequestHandler } from '#leaf/request-handler.ts';
import { realClock } from '#shared/clock.ts';
import { DatabaseError, databaseError } from '#shared/error.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import {
  accountTable,
  createAccount,
  insertOf,
  testEnvironment,
} from '#test/support/test-partition.ts';

const key = { database: 'shop', ordinal: 0 };
const change = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };

async function leafOf(t: ExecutionContext): Promise<RequestHandler> {
  const clock = realClock;
  const { logger } = quietLogger();
  const sender = new LogSender({ clock, logger });
  const links = new LinkSet({
    dial: async () => {
      throw databaseError('leafUnreachable', { leaf: 'x', reason: 'a test has no network' });
    },
    clusterId: () => 'here',
    address: () => 'localhost:1',
    clock,
    logger,
  });
  const listener = { opened: async () => undefined, closing: async () => undefined };
  const partitions = new PartitionSet(temporaryDirectory(t), testEnvironment(), listener);
  await partitions.open();
  const handler = new RequestHandler({ partitions, links, sender, clock, version: '1.2.3' });
  t.teardown(async () => {
    await partitions.close();
    handler.close();
  });
  return handler;
}

test('leaf: creates, defines, writes, reads, says how it is, and drops', async (t) => {
  const leaf = await leafOf(t);
  await leaf.call('createPartition', { key, role: 'primary', durability: 'sync', origin: 'o' });
  await leaf.call('define', { key, change });
  await leaf.call('write', { key, ...insertOf(1, 10) });
  const rows: Row[] = [];
  const statement = { sql: 'SELECT balance FROM account WHERE id = ?', parameters: [1n] };
  const read = { key, catalogVersion: 1, transaction: null, statement, columns: [] };
  const locks = { forUpdate: false, lockWaitTimeoutMs: 100 };
  for await (const batch of leaf.stream('read', { ...read, ...locks }))
    rows.push(...rowsOfBatch(batch));
  t.deepEqual(rows, [[10]]);
  const { partitions } = await leaf.call('partitionStatus', { database: 'shop' });
  t.is(partitions.length, 1);
  t.is(partitions[0]?.state, 'online');
  t.is(partitions[0]?.link, null);
  const { tables } = await leaf.call('checksum', { key });
  t.deepEqual(
    tables.map(({ name, rows: count }) => [name, count]),
    [['account', 1]],
  );
  t.is((await leaf.call('partitionSchema', { key })).tables[0]?.name, 'account');
  const status = await leaf.call('ping', {});
  t.is(status.version, '1.2.3');
  t.true(status.rssBytes > 0 && status.eventLoopDelayMs.max >= 0);
  await leaf.call('dropPartition', { key });
  const error = await t.throwsAsync(leaf.call('checksum', { key }));
  t.true(error instanceof DatabaseError && error.is('partitionNotOnline'));
});

test('leaf: a request that is not what it should be is refused', async (t) => {
  const leaf = await leafOf(t);
  await leaf.call('createPartition', { key, role: 'primary', durability: 'sync', origin: 'o' });
  const good = { key, ...insertOf(1, 10) };
  const wrong: [string, unknown][] = [
    ['write', null],
    ['write', { ...good, key: { database: 7, ordinal: 0 } }],
    ['write', { ...good, key: { database: 'shop', ordinal: -2 } }],
    ['write', { ...good, steps: [{ kind: 'other' }] }],
    ['write', { ...good, steps: [{ kind: 'rows', sql: 'x', rows: [[{}]] }] }],
    ['write', { ...good, transaction: { id: 't', startedAt: 5, joined: true } }],
    ['createPartition', { key, role: 'king', durability: 'sync', origin: '' }],
    ['decide', { key, transactionId: 't', verdict: 'maybe' }],
    ['constructor', {}],
    ['nothing', {}],
  ];
  for (const [name, request] of wrong) {
    const error = await t.throwsAsync(leaf.call(name as 'ping', request as never));
    t.true(error instanceof DatabaseError && error.is('malformedPacket'), name);
  }
  const stream = leaf.stream('read', { key } as never)[Symbol.asyncIterator]();
  const error = await t.throwsAsync(stream.next());
  t.true(error instanceof DatabaseError && error.is('malformedPacket'));
});

test('leaf: it says how it is while the files of a partition are being replaced', async (t) => {
  const leaf = await leafOf(t);
  await leaf.call('createPartition', { key, role: 'primary', durability: 'sync', origin: 'o' });
  await leaf.call('define', { key, change });
  const seen = new Set<string>();
  let isDone = false;
  const demote = async (): Promise<void> => {
    await leaf.call('demote', { key });
    isDone = true;
  };
  const demoted = demote();
  while (!isDone) {
    const { partitions } = await leaf.call('partitionStatus', { database: 'shop' });
    seen.add(partitions[0]?.state ?? '');
    await new Promise((resolve) => setImmediate(resolve));
  }
  await demoted;
  t.true(seen.has('recovering'), [...seen].join());
  const { partitions } = await leaf.call('partitionStatus', { database: 'shop' });
  t.is(partitions[0]?.state, 'replicating');
});
