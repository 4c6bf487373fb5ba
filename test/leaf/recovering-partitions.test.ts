// After a leaf's start each partition serves once it is open; who asks before waits, or is refused.

import test, { type ExecutionContext } from 'ava';
import { PartitionSet } from '#leaf/partition-set.ts';
import { RecoveringPartitions } from '#leaf/recovering-partitions.ts';
import { LinkSet } from '#leaf/replication/link-set.ts';
import { LogSender } from '#leaf/replication/log-sender.ts';
import { RequestHandler } from '#leaf/request-handler.ts';
import { realClock } from '#shared/clock.ts';
import { partitionName, REFERENCE_ORDINAL, type PartitionKey } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import { quietLogger } from '#test/support/quiet-logger.ts';
import { temporaryDirectory } from '#test/support/temporary-directory.ts';
import {
  accountTable,
  createAccount,
  insertOf,
  testEnvironment,
} from '#test/support/test-partition.ts';
import { until } from '#test/support/wait.ts';

const key = (ordinal: number, database = 'shop'): PartitionKey => ({ database, ordinal });

/** Opens what it is told when the test says so, and notes what was begun. */
class Gates {
  readonly begun: string[] = [];
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  readonly open = async (of: PartitionKey): Promise<void> => {
    this.begun.push(partitionName(of));
    await this.#gate(partitionName(of)).promise;
  };

  let(name: string): void {
    this.#gate(name).resolve();
  }

  #gate(name: string): PromiseWithResolvers<void> {
    const known = this.#gates.get(name) ?? Promise.withResolvers<void>();
    this.#gates.set(name, known);
    return known;
  }
}

test('recovering: the reference partition is opened before those that read it', async (t) => {
  const recovering = new RecoveringPartitions(realClock);
  const gates = new Gates();
  const keys = [key(0), key(1), key(REFERENCE_ORDINAL), key(0, 'other')];
  const opened = recovering.open(keys, gates.open);
  t.true(keys.every((each) => recovering.has(each)));
  t.deepEqual(recovering.keys('other'), [key(0, 'other')]);
  await until('the first to be begun', () => gates.begun.length === 2);
  t.deepEqual(gates.begun.toSorted(), ['other_0', 'shop_reference']);
  gates.let('shop_reference');
  await until('the others to be begun', () => gates.begun.length === 4);
  t.false(recovering.has(key(REFERENCE_ORDINAL)));
  gates.let('shop_0');
  await recovering.wait(key(0));
  t.false(recovering.has(key(0)));
  t.true(recovering.has(key(1)) && recovering.has(key(0, 'other')));
  gates.let('shop_1');
  gates.let('other_0');
  await opened;
  t.deepEqual(recovering.keys(null), []);
});

test('recovering: who waits too long is refused, and may try again', async (t) => {
  const late: (() => void)[] = [];
  const clock = {
    ...realClock,
    after: (_ms: number, action: () => void) => {
      late.push(action);
      return { cancel: () => undefined };
    },
  };
  const recovering = new RecoveringPartitions(clock);
  const gates = new Gates();
  const opened = recovering.open([key(0)], gates.open);
  const waiting = recovering.wait(key(0));
  late[0]?.();
  const error = await t.throwsAsync(waiting, { instanceOf: DatabaseError });
  t.true(error?.is('partitionRecovering'));
  t.is(error?.errno, 1731);
  gates.let('shop_0');
  await recovering.wait(key(0));
  await opened;
});

test('recovering: a stop begins no more', async (t) => {
  const recovering = new RecoveringPartitions(realClock);
  const gates = new Gates();
  const opened = recovering.open([key(REFERENCE_ORDINAL), key(0), key(1)], gates.open);
  await until('the first to be begun', () => gates.begun.length === 1);
  recovering.stop();
  gates.let('shop_reference');
  await opened;
  t.deepEqual(gates.begun, ['shop_reference']);
});

const identity = { role: 'primary', durability: 'sync', origin: 'test' } as const;
const account = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };

function handlerOf(t: ExecutionContext, partitions: PartitionSet): RequestHandler {
  const clock = realClock;
  const { logger } = quietLogger();
  const sender = new LogSender({ clock, logger });
  const dial = async () => {
    throw databaseError('leafUnreachable', { leaf: 'x', reason: 'a test has no network' });
  };
  const links = new LinkSet({ dial, clusterId: () => '', address: () => '', clock, logger });
  const handler = new RequestHandler({ partitions, links, sender, clock, version: '1' });
  t.teardown(() => handler.close());
  return handler;
}

const columns = [{ kind: 'integer', bits: 32, unsigned: false }] as const;

function readOf(ordinal: number) {
  const statement = { sql: 'SELECT balance FROM account WHERE id = 1', parameters: [] };
  const locks = { forUpdate: false, lockWaitTimeoutMs: 100 };
  return { key: key(ordinal), catalogVersion: 1, transaction: null, statement, columns, ...locks };
}

test('recovering: a leaf answers for the others, and holds requests for those', async (t) => {
  const directory = temporaryDirectory(t);
  const nobody = { opened: async () => undefined, closing: async () => undefined };
  const first = new PartitionSet(directory, testEnvironment(), nobody);
  await first.open();
  for (const ordinal of [0, 1]) {
    await first.create(key(ordinal), identity);
    await first.find(key(ordinal)).define(account);
    await first.find(key(ordinal)).write(insertOf(1, 10 + ordinal));
  }
  await first.close();

  const gates = new Gates();
  const opened = async (partition: { readonly key: PartitionKey }) => gates.open(partition.key);
  const partitions = new PartitionSet(directory, testEnvironment(), { ...nobody, opened });
  t.teardown(() => partitions.close());
  const leaf = handlerOf(t, partitions);
  const all = partitions.open();
  gates.let('shop_0');
  await partitions.recovered(key(0));
  const states = async () =>
    (await leaf.call('partitionStatus', { database: 'shop' })).partitions
      .toSorted((a, b) => a.key.ordinal - b.key.ordinal)
      .map(({ key: { ordinal }, state, role }) => `${ordinal} ${state} ${role}`);
  t.deepEqual(await states(), ['0 online primary', '1 recovering primary']);
  t.deepEqual(leaf.readNow(readOf(0)), [[10]]);
  t.throws(() => partitions.find(key(1)), { message: /shop_1 is recovering/ });

  // The ways that answer at once hand over to the ways that wait.
  t.is(leaf.readNow(readOf(1)), null);
  const packets = { ...readOf(1), format: { protocol: 'text', timeZone: '+00:00' } } as const;
  t.is(leaf.readPacketsNow(packets), null);
  const { statement } = readOf(1);
  const together = { windowMs: 1, about: [] };
  const both = { database: 'shop', ordinals: [0, 1], mayLimit: false, format: null, together };
  const reads = { ...both, statement, columns, catalogVersion: 1, lockWaitTimeoutMs: 100 };
  t.deepEqual(await leaf.call('readTogether', reads), { parts: null });
  const [read, packet, written, packetStream] = [
    leaf.stream('read', readOf(1))[Symbol.asyncIterator]().next(),
    leaf.readPackets(packets),
    leaf.call('write', { key: key(1), ...insertOf(2, 20) }),
    leaf.stream('readPackets', packets)[Symbol.asyncIterator]().next(),
  ];
  t.deepEqual(await states(), ['0 online primary', '1 recovering primary']);
  gates.let('shop_1');
  const batch = await read;
  t.deepEqual(batch.done === true ? [] : [...rowsOfBatch(batch.value)], [[11]]);
  t.is((await packet).first.count, 1);
  t.is((await written).results.length, 1);
  t.false((await packetStream).done);
  await all;
  t.deepEqual(await states(), ['0 online primary', '1 online primary']);
});
