// Makes the parts of the master aggregator, lowest first, each given what it needs.

import { join } from 'node:path';
import { openClusterIdentity, type ClusterIdentity } from './cluster/cluster-identity.ts';
import { DatabasePartitions } from './cluster/database-partitions.ts';
import { KillOrders } from './cluster/kill-orders.ts';
import { masterNodeId } from './cluster/membership.ts';
import { MetadataFeed } from './cluster/metadata-feed.ts';
import { ServedUserLocks } from './cluster/served-user-locks.ts';
import { LocalUserLocks } from './cluster/user-locks.ts';
import { PartitionMover } from './cluster/partition-mover.ts';
import { ReferenceLinks } from './cluster/reference-links.ts';
import { WriteFence } from './cluster/write-fence.ts';
import { makeAggregatorEngine } from './aggregator-engine.ts';
import { openClientParts, type ClientParts } from './client-parts.ts';
import { backupCommands } from './commands/backup/backup-commands.ts';
import type { BackupParts } from './commands/backup/backup-parts.ts';
import { accountCommands } from './commands/client-commands.ts';
import {
  definitionCommands,
  type DefinitionParts,
} from './commands/definition/definition-commands.ts';
import { SchemaChanger } from './commands/definition/schema-changer.ts';
import { partitionCommands } from './commands/partition/partition-commands.ts';
import { fenceCommands } from './commands/replication/fence-commands.ts';
import { replicationCommands } from './commands/replication/replication-commands.ts';
import { showReplication } from './commands/replication/show-replication.ts';
import { replicationFailpointFromEnvironment, type AggregatorSettings } from './config.ts';
import { Catalog } from './metadata/catalog.ts';
import type { MetadataStore } from './metadata/metadata-store.ts';
import { StoredSequences } from './metadata/sequences.ts';
import type { MasterLease } from './metadata/master-lease.ts';
import { openMetadata } from './metadata/open-metadata-store.ts';
import { runOwnStatement } from './own-session.ts';
import type { QueryEngine, SyntaxEngine } from './query-engine.ts';
import { ReplicationController } from './replication/replication-controller.ts';
import type { ReplicationParts } from './replication/replication-parts.ts';

/** What main.ts starts and stops. */
export interface AggregatorParts extends ClientParts {
  readonly identity: ClusterIdentity;
  readonly store: MetadataStore;
  readonly definition: DefinitionParts;
  readonly replication: ReplicationController;
  readonly backup: BackupParts;
  readonly fence: WriteFence;
  readonly mover: PartitionMover;
  readonly referenceLinks: ReferenceLinks;
  readonly engine: QueryEngine;
  readonly feed: MetadataFeed;
  /** Null where the store is a file of this directory. */
  readonly lease: MasterLease | null;
  readonly killOrders: KillOrders;
  readonly userLocks: ServedUserLocks;
}

/** Opens what is kept in the data directory, which the caller has locked. */
export async function openParts(settings: AggregatorSettings): Promise<AggregatorParts> {
  const { dataDir, clock, logger } = settings;
  const identity = openClusterIdentity(dataDir, clock);
  const { clusterId, secret: clusterSecret } = identity;
  const nats = settings.metadataNats ?? null;
  const { store, lease } = await openMetadata({ dataDir, clusterId, nats, clock, logger });
  const catalog = await Catalog.open(store, clock);
  const sequences = new StoredSequences(store);
  const nodeId = masterNodeId;
  const userLocks = new LocalUserLocks(clock);
  const options = { clusterId, clusterSecret, nodeId, store, catalog, sequences, userLocks };
  const parts = await openClientParts(settings, options);
  const { leaves, membership, registry, variables } = parts;
  const changer = new SchemaChanger({
    ...{ catalog, store, leaves, clock, logger },
    checkUnfenced: () => fence.check(),
  });
  const inTurn = changer.inTurn.bind(changer);
  const partitions = new DatabasePartitions({ clusterId, leaves, store, clock, logger });
  const failpoint = settings.replicationFailpoint ?? replicationFailpointFromEnvironment();
  const { version } = settings;
  const replicationParts: ReplicationParts = {
    ...{ clusterId, clusterSecret, version, store, catalog, sequences, partitions, leaves },
    ...{ inTurn, failpoint, clock, logger },
    returning: new Set(),
    runStatement: (text, parameters) => runOwnStatement({ engine, variables }, text, parameters),
  };
  const replication = new ReplicationController(replicationParts);
  const troubleOf = replication.troubleOf.bind(replication);
  const shownParts = { ...replicationParts, troubleOf };
  const mover = new PartitionMover({
    ...{ clusterId, catalog, store, leaves, partitions, inTurn, failpoint, clock, logger },
  });
  const definition: DefinitionParts = {
    ...{ catalog, sequences, partitions, changer, leaves },
    partitionsPerLeaf: settings.partitionsPerLeaf,
    beforeDrop: async ({ name }) => {
      await mover.forget(name);
      await replication.forget(name);
    },
    nowMs: () => clock.now(),
    engine: () => engine,
  };
  const backupDir = settings.backupDir ?? join(dataDir, 'backups');
  const backup: BackupParts = { ...replicationParts, backupDir, stop: new AbortController() };
  const fence = new WriteFence({ catalog, leaves, registry, inTurn, clock, logger });
  const killOrders = new KillOrders();
  const engine: SyntaxEngine = makeAggregatorEngine({
    ...parts,
    killElsewhere: (order) => killOrders.send(order),
    showReplication: (session, what) => showReplication(shownParts, session, what),
    clusterCommands: {
      ...definitionCommands(definition),
      ...backupCommands(backup),
      ...partitionCommands({ ...replicationParts, leaves, membership, mover }),
      ...replicationCommands(replication, replicationParts),
      ...accountCommands(parts.accounts),
      ...fenceCommands(fence),
    },
  });
  return {
    ...parts,
    ...{ identity, store, definition, replication, backup, fence, mover, engine, killOrders },
    referenceLinks: new ReferenceLinks({ catalog, leaves, inTurn, clock, logger }),
    lease,
    userLocks: new ServedUserLocks(userLocks, clock),
    feed: await MetadataFeed.open(store),
  };
}
