// Partitions for tests: one in a directory of its own, and tasks in short form.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { defaultRetention } from '#leaf/log/log-retention.ts';
import { verifyClosedSegment } from '#leaf/log/verify-segment.ts';
import { checkFile } from '#leaf/partition/check-file.ts';
import { checkpointFile, startWal } from '#leaf/partition/checkpoint-file.ts';
import { noFailpoint } from '#leaf/partition/failpoint.ts';
import { Partition } from '#leaf/partition/partition.ts';
import type { PartitionEnvironment, PartitionPlace } from '#leaf/partition/partition-options.ts';
import type { PartitionRole } from '#leaf/partition/partition-options.ts';
import { ReferenceFile } from '#leaf/partition/reference-file.ts';
import type { Verifier } from '#leaf/partition/verifier.ts';
import type { ReadRequest, WriteRequest } from '#leaf/partition/partition.ts';
import { realClock } from '#shared/clock.ts';
import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import { HybridClock } from '#shared/log/hybrid-clock.ts';
import { createLogger } from '#shared/logger.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { TransactionTag, WriteStep } from '#shared/wire/message.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const integer = { kind: 'integer', bits: 32, unsigned: false } as const;

/** `account(id, owner, balance)`. */
export const accountTable: TableDefinition = {
  id: 1,
  name: 'account',
  spread: 'sharded',
  shardKey: ['id'],
  shardKeyExplicit: false,
  columns: ['id', 'balance'].map((name) => ({
    name,
    type: integer,
    nullable: false,
    default: { kind: 'none' },
    autoIncrement: false,
    onUpdateCurrentTimestamp: false,
    comment: '',
    hidden: false,
  })),
  indexes: [
    { name: 'PRIMARY', kind: 'primary', parts: [{ column: 'id', descending: false }], comment: '' },
  ],
  foreignKeys: [],
  checks: [],
  collation: 'utf8mb4_general_ci',
  comment: '',
};

export const createAccount =
  'CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0))';

/** A step that changes every row of `account`. */
export const addNote = {
  version: 2,
  sqlite: ['ALTER TABLE account ADD COLUMN note TEXT', 'UPDATE account SET note = id'],
  put: [accountTable],
  drop: [],
};

/** Accounts 1 to `count`. */
export function fillOf(count: number, before = 0): WriteRequest {
  return writeOf(`
    INSERT INTO account (id, balance)
    WITH RECURSIVE n(i) AS (
      SELECT ${before + 1} UNION ALL SELECT i + 1 FROM n WHERE i < ${before + count})
    SELECT i, i FROM n`);
}

/** A table with these many rows is changed in a worker; so many more are a long record. */
export const FILLED_ROWS = 20_000;
export const LONG_ROWS = 48_000;

/** Looks through files at once, without a thread. */
const inlineVerifier: Verifier = {
  file: async (path) => checkFile(path, 'quick'),
  segment: async (path, next) => verifyClosedSegment(path, next),
};

/** What a partition of a test runs with; `changes` say what differs. */
export function testEnvironment(changes: Partial<PartitionEnvironment> = {}): PartitionEnvironment {
  return {
    clock: realClock,
    hybridClock: new HybridClock(realClock),
    logger: createLogger('error', {}, () => undefined),
    failpoint: noFailpoint,
    retention: defaultRetention,
    segmentBytesMax: 1024 * 1024,
    idleTransactionMsMax: 60_000,
    verifier: inlineVerifier,
    checkpoint: async (path) => checkpointFile(path),
    startWal: async (path) => void startWal(path),
    workers: null,
    waitForFollowers: async () => undefined,
    ...changes,
  };
}

const nobodyCares = {
  onFileReplaced: () => undefined,
  onOpenedAgain: () => undefined,
  onBegunAnew: () => undefined,
};

export function testPlace(directory: string, ordinal = 0): PartitionPlace {
  const key = { database: 'shop', ordinal };
  return { directory, key, reference: new ReferenceFile(null), ...nobodyCares };
}

/** For a partition of this test; gone when it ends. */
export function testDirectory(t: ExecutionContext<unknown>): string {
  return join(temporaryDirectory(t), 'shop_0');
}

/**
 * A new partition in that directory, or in one of the test's own; a primary with the table
 * `account`, at catalog version 1.
 */
export async function createTestPartition(
  home: ExecutionContext<unknown> | string,
  options: {
    readonly role?: PartitionRole;
    readonly durability?: 'sync' | 'async';
    readonly environment?: PartitionEnvironment;
  } = {},
): Promise<Partition> {
  const { role = 'primary', durability = 'sync' } = options;
  const place = testPlace(typeof home === 'string' ? home : testDirectory(home));
  const identity = { role, durability, origin: 'test' };
  const environment = options.environment ?? testEnvironment();
  const partition = await Partition.create(place, identity, environment);
  if (role === 'primary') {
    const change = { version: 1, sqlite: [createAccount], put: [accountTable], drop: [] };
    await partition.define(change);
  }
  return partition;
}

/** A write task of one statement. */
export function writeOf(
  sql: string,
  parameters: Row = [],
  transaction: TransactionTag | null = null,
): WriteRequest {
  const steps: WriteStep[] = [{ kind: 'statement', sql, parameters, returning: false }];
  return { catalogVersion: 1, transaction, steps, lockWaitTimeoutMs: 5000, foreignKeyChecks: true };
}

export function insertOf(
  id: number,
  balance: number,
  transaction: TransactionTag | null = null,
): WriteRequest {
  const row = [BigInt(id), BigInt(balance)];
  return writeOf('INSERT INTO account (id, balance) VALUES (?, ?)', row, transaction);
}

/** A read task of one statement. */
export function readOf(sql: string, more: Partial<ReadRequest> = {}): ReadRequest {
  return {
    catalogVersion: 1,
    transaction: null,
    statement: { sql, parameters: [] },
    columns: [],
    forUpdate: false,
    lockWaitTimeoutMs: 5000,
    ...more,
  };
}

/** All rows that a statement reads. */
export async function rowsOf(
  partition: Partition,
  sql = 'SELECT id, balance FROM account ORDER BY id',
  more: Partial<ReadRequest> = {},
  signal?: AbortSignal,
): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const batch of partition.read(readOf(sql, more), signal))
    rows.push(...rowsOfBatch(batch));
  return rows;
}

/** A transaction's tag: the smaller `startedAt`, the older. */
export function tagOf(id: string, startedAt: number, joined = false): TransactionTag {
  return { id, startedAt: BigInt(startedAt), joined };
}
