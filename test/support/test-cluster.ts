// A whole cluster in the test's own process: one leaf, one aggregator's engine, no sockets.

import { StatementCounts } from '#aggregator/statement-counts.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AggregatorContext, LeafDirectory } from '#aggregator/aggregator-context.ts';
import { DatabasePartitions } from '#aggregator/cluster/database-partitions.ts';
import { definitionCommands } from '#aggregator/commands/definition/definition-commands.ts';
import { SchemaChanger } from '#aggregator/commands/definition/schema-changer.ts';
import { backupCommands } from '#aggregator/commands/backup/backup-commands.ts';
import { createEvaluate } from '#aggregator/commands/evaluate.ts';
import { createTransactionCommands } from '#aggregator/commands/session/transaction-commands.ts';
import { createSetCommands } from '#aggregator/commands/set/set-command.ts';
import { LocalUserLocks } from '#aggregator/cluster/user-locks.ts';
import { PlanCache } from '#aggregator/kept-plans/plan-cache.ts';
import { Catalog } from '#aggregator/metadata/catalog.ts';
import { StoredSequences } from '#aggregator/metadata/sequences.ts';
import { SqliteMetadataStore } from '#aggregator/metadata/sqlite-metadata-store.ts';
import {
  createQueryEngine,
  type QueryEngine,
  type SyntaxEngine,
} from '#aggregator/query-engine.ts';
import { GlobalVariables } from '#aggregator/session-variables.ts';
import { Session } from '#aggregator/session.ts';
import { TransactionCoordinator } from '#aggregator/transaction/transaction-coordinator.ts';
import { LinkSet } from '#leaf/replication/link-set.ts';
import { LogSender } from '#leaf/replication/log-sender.ts';
import { PartitionSet } from '#leaf/partition-set.ts';
import { RequestHandler } from '#leaf/request-handler.ts';
import { realClock, type Clock } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import { createLogger } from '#shared/logger.ts';
import { must } from '#shared/assert.ts';
import type { LeafService } from '#shared/wire/message.ts';
import { testEnvironment } from './test-partition.ts';

const LEAF_ID = 2;

export interface TestCluster {
  readonly context: AggregatorContext;
  readonly catalog: Catalog;
  readonly engine: QueryEngine;
  readonly plans: PlanCache;
  readonly transactions: TransactionCoordinator;
  session(options?: { readonly foundRows?: boolean }): Session;
  close(): Promise<void>;
}

const logger = createLogger('error', {}, () => undefined);
const clock = realClock;

async function openLeaf(directory: string) {
  const sender = new LogSender({ clock, logger });
  const links = new LinkSet({
    dial: () => Promise.reject(databaseError('leafUnreachable', { leaf: 'none', reason: 'test' })),
    clusterId: () => 'test',
    address: () => 'test:0',
    clock,
    logger,
  });
  const listener = { opened: async () => undefined, closing: async () => undefined };
  const partitions = new PartitionSet(directory, testEnvironment(), listener);
  await partitions.open();
  const handler = new RequestHandler({ partitions, links, sender, clock, version: 'test' });
  return { partitions, handler };
}

function directoryOf(leaf: LeafService): LeafDirectory {
  const address = { host: 'test', port: 0 };
  return {
    nodes: () => [{ id: LEAF_ID, kind: 'leaf', address }],
    leaf: () => leaf,
    isOnline: () => true,
    isLeaving: () => false,
  };
}

/** `wrap` may stand between the aggregator and the leaf: to count, or to fail. */
export async function openTestCluster(
  options: {
    readonly wrap?: (leaf: LeafService) => LeafService;
    readonly keepPlans?: boolean;
    /** The aggregator's; the leaf has the machine's own. */
    readonly clock?: Clock;
  } = {},
): Promise<TestCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'twinleaf-engine-'));
  const { partitions: set, handler } = await openLeaf(join(directory, 'leaf'));
  const leaves = directoryOf(options.wrap?.(handler) ?? handler);
  const store = SqliteMetadataStore.open(join(directory, 'metadata.sqlite'));
  const catalog = await Catalog.open(store, clock);
  const sequences = new StoredSequences(store);
  const partitions = new DatabasePartitions({ clusterId: 'test', leaves, store, clock, logger });
  const changer = new SchemaChanger({ catalog, store, leaves, clock, logger });
  const context: AggregatorContext = {
    clusterId: 'test',
    nodeId: 1,
    catalog,
    sequences,
    leaves,
    userLocks: new LocalUserLocks(clock),
    clock: options.clock ?? clock,
    logger,
  };
  // The cluster's own timers keep no process alive, and there is no socket that would.
  const alive = setInterval(() => undefined, 1000);
  const transactions = new TransactionCoordinator(context);
  let engine: SyntaxEngine | null = null;
  const evaluate = createEvaluate(() => must(engine));
  const commands = {
    ...definitionCommands({
      catalog,
      sequences,
      partitions,
      changer,
      leaves,
      partitionsPerLeaf: 1,
      beforeDrop: async () => undefined,
      nowMs: () => clock.now(),
      engine: () => must(engine),
    }),
    ...backupCommands({
      ...{ clusterId: 'test', clusterSecret: new Uint8Array(32), version: 'test', store, catalog },
      ...{ sequences, partitions, leaves, clock, logger },
      inTurn: (name, work) => changer.inTurn(name, work),
      runStatement: async () => undefined,
      returning: new Set(),
      failpoint: () => undefined,
      backupDir: join(directory, 'backups'),
      stop: new AbortController(),
    }),
    ...createTransactionCommands({ transactions, disconnect: () => undefined }),
    ...createSetCommands({ evaluate, setPassword: async () => undefined }),
  };
  const plans = new PlanCache();
  const made = createQueryEngine({
    context,
    commands,
    transactions,
    virtualTables: { isVirtualDatabase: () => false, columns: () => null, rows: async () => [] },
    authorize: () => undefined,
    grantsVersion: () => 0,
    keepPlans: options.keepPlans ?? true,
    planCache: plans,
    counts: new StatementCounts(),
  });
  engine = made;
  const variables = new GlobalVariables({
    version: '8.0.36-test',
    hostname: 'test',
    port: 0,
    serverUuid: '00000000-0000-0000-0000-000000000000',
    dataDirectory: directory,
    maxConnections: 10,
  });
  let sessions = 0;
  return {
    context,
    catalog,
    engine: made,
    plans,
    transactions,
    session: ({ foundRows = false } = {}) => {
      const session = new Session({
        id: ++sessions,
        account: { user: 'root', host: '%' },
        peer: '127.0.0.1:1',
        variables: variables.createSession(),
        foundRowsFlag: foundRows,
      });
      session.variables.set('session', 'time_zone', '+00:00');
      return session;
    },
    async close() {
      clearInterval(alive);
      changer.stop();
      partitions.stop();
      await set.close();
      handler.close();
      store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
