// Makes the parts of the master aggregator, lowest first, each given what it needs.

import { hostname } from 'node:os';
import { join } from 'node:path';
import { openClusterIdentity, type ClusterIdentity } from './cluster/cluster-identity.ts';
import { DatabasePartitions } from './cluster/database-partitions.ts';
import { ClusterLeafDirectory } from './cluster/leaf-directory.ts';
import { KillOrders } from './cluster/kill-orders.ts';
import { masterNodeId, Membership } from './cluster/membership.ts';
import { MetadataFeed } from './cluster/metadata-feed.ts';
import { PartitionMover } from './cluster/partition-mover.ts';
import { WriteFence } from './cluster/write-fence.ts';
import type { AggregatorContext } from './aggregator-context.ts';
import { backupCommands } from './commands/backup/backup-commands.ts';
import type { BackupParts } from './commands/backup/backup-parts.ts';
import { accountCommands, createClientCommands } from './commands/client-commands.ts';
import {
  definitionCommands,
  type DefinitionParts,
} from './commands/definition/definition-commands.ts';
import { SchemaChanger } from './commands/definition/schema-changer.ts';
import { partitionCommands } from './commands/partition/partition-commands.ts';
import { fenceCommands } from './commands/replication/fence-commands.ts';
import { replicationCommands } from './commands/replication/replication-commands.ts';
import { showReplication } from './commands/replication/show-replication.ts';
import {
  coordinatorFailpointFromEnvironment,
  replicationFailpointFromEnvironment,
  type AggregatorSettings,
} from './config.ts';
import { openTls, reloadTls, type ServerTls } from './front-door/server-tls.ts';
import { PlanCache } from './kept-plans/plan-cache.ts';
import { Accounts } from './metadata/accounts.ts';
import { createAuthorizer } from './metadata/authorize.ts';
import { Catalog } from './metadata/catalog.ts';
import type { VirtualTable } from './metadata/information-schema/virtual-table.ts';
import { InformationSchema } from './metadata/information-schema.ts';
import type { MetadataStore } from './metadata/metadata-store.ts';
import { StoredSequences } from './metadata/sequences.ts';
import { SqliteMetadataStore } from './metadata/sqlite-metadata-store.ts';
import { ownAccount, runOwnStatement } from './own-session.ts';
import { createQueryEngine, type QueryEngine } from './query-engine.ts';
import { ReplicationController } from './replication/replication-controller.ts';
import type { ReplicationParts } from './replication/replication-parts.ts';
import { replicationViews } from './replication/replication-views.ts';
import { SessionRegistry } from './session-registry.ts';
import { GlobalVariables } from './session-variables.ts';
import type { ServerFacts } from './system-variable-table.ts';
import { TransactionCoordinator } from './transaction/transaction-coordinator.ts';

const DECOY_SECRET_BYTES = 32;

/** Clients at once, where the settings do not say. */
const connectionsMax = 1000;

/** What main.ts starts and stops. */
export interface AggregatorParts {
  readonly identity: ClusterIdentity;
  readonly store: MetadataStore;
  readonly membership: Membership;
  readonly leaves: ClusterLeafDirectory;
  readonly accounts: Accounts;
  readonly definition: DefinitionParts;
  readonly replication: ReplicationController;
  readonly backup: BackupParts;
  readonly transactions: TransactionCoordinator;
  readonly variables: GlobalVariables;
  readonly registry: SessionRegistry;
  readonly fence: WriteFence;
  readonly mover: PartitionMover;
  readonly engine: QueryEngine;
  readonly tls: ServerTls | null;
  readonly feed: MetadataFeed;
  readonly killOrders: KillOrders;
}

/** Opens what is kept in the data directory, which the caller has locked. */
export async function openParts(settings: AggregatorSettings): Promise<AggregatorParts> {
  const { dataDir, clock, logger } = settings;
  const identity = openClusterIdentity(dataDir, clock);
  const store = SqliteMetadataStore.open(join(dataDir, 'metadata.sqlite'));
  const membership = await Membership.open(store, clock, logger);
  const clusterSecret = identity.secret;
  const leaves = new ClusterLeafDirectory({ membership, clusterSecret, clock, logger });
  const catalog = await Catalog.open(store, clock);
  const sequences = new StoredSequences(store);
  const { rootPassword } = settings;
  const decoySecret = clock.randomBytes(DECOY_SECRET_BYTES);
  const accounts = await Accounts.open({ store, rootPassword, decoySecret });
  const { clusterId } = identity;
  const context: AggregatorContext = {
    clusterId,
    nodeId: masterNodeId,
    catalog,
    sequences,
    leaves,
    clock,
    logger,
  };
  const changer = new SchemaChanger({
    ...{ catalog, store, leaves, clock, logger },
    checkUnfenced: () => fence.check(),
  });
  const partitions = new DatabasePartitions({ clusterId, leaves, store, clock, logger });
  const { version } = settings;
  const replicationParts: ReplicationParts = {
    ...{ clusterId, clusterSecret, version, store, catalog, sequences, partitions, leaves },
    inTurn: (database, work) => changer.inTurn(database, work),
    failpoint: settings.replicationFailpoint ?? replicationFailpointFromEnvironment(),
    runStatement: (text, parameters) => runOwnStatement({ engine, variables }, text, parameters),
    clock,
    logger,
  };
  const replication = new ReplicationController(replicationParts);
  const mover = new PartitionMover({
    ...{ clusterId, catalog, store, leaves, partitions, clock, logger },
    failpoint: replicationParts.failpoint,
    inTurn: (database, work) => changer.inTurn(database, work),
  });
  const definition: DefinitionParts = {
    ...{ catalog, sequences, partitions, changer, leaves },
    partitionsPerLeaf: settings.partitionsPerLeaf,
    beforeDrop: async ({ name }) => {
      await mover.forget(name);
      await replication.forget(name);
    },
    nowMs: () => clock.now(),
  };
  const backupDir = settings.backupDir ?? join(dataDir, 'backups');
  const backup: BackupParts = { ...replicationParts, backupDir, stop: new AbortController() };
  const registry = new SessionRegistry(clock);
  const inTurn = changer.inTurn.bind(changer);
  const fence = new WriteFence({ catalog, leaves, registry, inTurn, clock, logger });
  const tls = openTls(settings.tls);
  const transactions = new TransactionCoordinator(context, coordinatorFailpointFromEnvironment());
  const variables = new GlobalVariables(serverFacts(settings, clusterId));
  const killOrders = new KillOrders();
  const engine = makeEngine({
    ...{ context, accounts, sequences, definition, replication, replicationParts, backup },
    ...{ registry, transactions, killOrders, tls, fence, mover },
  });
  return {
    ...{ identity, store, membership, leaves, accounts, definition, replication, backup },
    ...{ transactions, variables, registry, engine, killOrders, tls, fence, mover },
    feed: await MetadataFeed.open(store),
  };
}

/** What the system variables say of the server. */
export function serverFacts(
  settings: Pick<
    AggregatorSettings,
    'advertise' | 'dataDir' | 'maxConnections' | 'port' | 'tls' | 'version'
  >,
  clusterId: string,
): ServerFacts {
  const digits = clusterId.padEnd(32, '0');
  const groups = [8, 12, 16, 20, 32].map((end, index, ends) => {
    return digits.slice(index === 0 ? 0 : ends[index - 1], end);
  });
  return {
    version: serverVersion(settings.version),
    hostname: settings.advertise?.host ?? hostname(),
    port: settings.port,
    serverUuid: groups.join('-'),
    dataDirectory: settings.dataDir,
    maxConnections: settings.maxConnections ?? connectionsMax,
    tls: settings.tls ?? null,
  };
}

/** What clients read as the server's version: the MySQL whose language it speaks, and ours. */
export function serverVersion(version: string): string {
  return `8.0.36-twinleaf-${version}`;
}

interface EngineParts {
  readonly context: AggregatorContext;
  readonly accounts: Accounts;
  readonly sequences: StoredSequences;
  readonly definition: DefinitionParts;
  readonly replication: ReplicationController;
  readonly replicationParts: ReplicationParts;
  readonly backup: BackupParts;
  readonly registry: SessionRegistry;
  readonly transactions: TransactionCoordinator;
  readonly killOrders: KillOrders;
  readonly tls: ServerTls | null;
  readonly fence: WriteFence;
  readonly mover: PartitionMover;
}

function makeEngine(parts: EngineParts): QueryEngine {
  const { context, accounts, registry, transactions, replicationParts } = parts;
  const { catalog, leaves, clock, nodeId } = context;
  const nextNumber = (database: string, tableId: number) => parts.sequences.next(database, tableId);
  const planCache = new PlanCache();
  const schema = new InformationSchema(
    { catalog, accounts, registry, plans: planCache, leaves, clock, nodeId, nextNumber },
    replicationTables(replicationParts),
  );
  const authorizer = createAuthorizer(accounts);
  const engine: QueryEngine = createQueryEngine({
    context,
    virtualTables: schema,
    transactions,
    authorize: (session, statement) => {
      if (session.account !== ownAccount) authorizer.authorize(session, statement);
    },
    grantsVersion: () => authorizer.version,
    planCache,
    commands: {
      ...definitionCommands(parts.definition),
      ...backupCommands(parts.backup),
      ...partitionCommands(parts.mover),
      ...replicationCommands(parts.replication, replicationParts),
      ...accountCommands(accounts),
      ...createClientCommands({
        ...{ accounts, schema, registry, transactions },
        reloadTls: () => reloadTls(parts.tls),
        killElsewhere: (order) => parts.killOrders.send(order),
        engine: () => engine,
        showReplication: (session, what) => showReplication(replicationParts, session, what),
      }),
      ...fenceCommands(parts.fence),
    },
  });
  return engine;
}

/** The links' views, as tables of information_schema. */
function replicationTables(parts: ReplicationParts): readonly VirtualTable[] {
  return replicationViews(parts).map(({ name, columns, rows }) => ({
    name,
    columns,
    rows: async () =>
      (await rows()).map((row) =>
        Object.fromEntries(columns.map((column, index) => [column.name, row[index] ?? null])),
      ),
  }));
}
