// Makes the parts of a child aggregator: those of the master's that clients need, on a copy of its
// metadata.

import type { AggregatorContext } from '#aggregator/aggregator-context.ts';
import { serverFacts } from '#aggregator/aggregator-parts.ts';
import { connectionIdBase } from '#aggregator/cluster/connection-owner.ts';
import { ClusterLeafDirectory } from '#aggregator/cluster/leaf-directory.ts';
import { Membership } from '#aggregator/cluster/membership.ts';
import { createClientCommands } from '#aggregator/commands/client-commands.ts';
import type { CommandTable } from '#aggregator/commands/command.ts';
import { coordinatorFailpointFromEnvironment } from '#aggregator/config.ts';
import { openTls, reloadTls, type ServerTls } from '#aggregator/front-door/server-tls.ts';
import { Accounts } from '#aggregator/metadata/accounts.ts';
import { createAuthorizer } from '#aggregator/metadata/authorize.ts';
import { Catalog } from '#aggregator/metadata/catalog.ts';
import { InformationSchema } from '#aggregator/metadata/information-schema.ts';
import { virtualTable } from '#aggregator/metadata/information-schema/virtual-table.ts';
import { sequencePrefix, StoredSequences } from '#aggregator/metadata/sequences.ts';
import { createQueryEngine, type QueryEngine } from '#aggregator/query-engine.ts';
import { replicationViews } from '#aggregator/replication/replication-views.ts';
import { SessionRegistry } from '#aggregator/session-registry.ts';
import { GlobalVariables } from '#aggregator/session-variables.ts';
import { TransactionCoordinator } from '#aggregator/transaction/transaction-coordinator.ts';
import { databaseError } from '#shared/error.ts';
import type { ChildAggregatorSettings } from './child-settings.ts';
import type { FollowedMetadata } from './followed-metadata.ts';
import { forwardStatement } from './forward-statement.ts';
import { isMasterOnly } from './master-only.ts';

const decoySecretBytes = 32;

/** What child-aggregator.ts starts and stops. */
export interface ChildParts {
  readonly membership: Membership;
  readonly leaves: ClusterLeafDirectory;
  readonly accounts: Accounts;
  readonly transactions: TransactionCoordinator;
  readonly variables: GlobalVariables;
  readonly registry: SessionRegistry;
  readonly tls: ServerTls | null;
  readonly engine: QueryEngine;
}

/** `metadata` is complete, and the cluster has given this node its id. */
export async function openChildParts(
  settings: ChildAggregatorSettings,
  metadata: FollowedMetadata,
  nodeId: number,
): Promise<ChildParts> {
  const { clusterId, clusterSecret, clock, logger } = settings;
  const membership = await Membership.open(metadata, clock, logger);
  const leaves = new ClusterLeafDirectory({ membership, clusterSecret, clock, logger });
  const catalog = await Catalog.open(metadata, clock);
  await catalog.followStore();
  const sequences = new StoredSequences(metadata);
  (await metadata.watch(sequencePrefix)).subscribe((change) => {
    if (change.kind === 'delete') sequences.drop(change.key);
  });
  const decoySecret = clock.randomBytes(decoySecretBytes);
  const accounts = await Accounts.open({ store: metadata, rootPassword: null, decoySecret });
  const context = { clusterId, nodeId, catalog, sequences, leaves, clock, logger };
  const registry = new SessionRegistry(clock, connectionIdBase(nodeId));
  const transactions = new TransactionCoordinator(context, coordinatorFailpointFromEnvironment());
  const variables = new GlobalVariables(serverFacts(settings, clusterId));
  const tls = openTls(settings.tls);
  const made = { membership, leaves, accounts, transactions, variables, registry, tls };
  return { ...made, engine: makeEngine({ ...made, context, sequences, metadata }) };
}

interface EngineParts extends Omit<ChildParts, 'engine'> {
  readonly context: AggregatorContext;
  readonly sequences: StoredSequences;
  readonly metadata: FollowedMetadata;
}

function makeEngine(parts: EngineParts): QueryEngine {
  const { context, accounts, registry, transactions, metadata } = parts;
  const { catalog, leaves, clock, nodeId } = context;
  const nextNumber = (database: string, tableId: number) => parts.sequences.next(database, tableId);
  const schema = new InformationSchema(
    { catalog, accounts, registry, leaves, clock, nodeId, nextNumber },
    replicationViews({ catalog, leaves, clock }).map(({ name, columns, rows }) =>
      virtualTable(name, columns, rows),
    ),
  );
  const { authorize } = createAuthorizer(accounts);
  const commands: CommandTable = createClientCommands({
    ...{ accounts, schema, registry, transactions },
    reloadTls: () => reloadTls(parts.tls),
    killElsewhere: async (order) => {
      await metadata.master.call('kill', order);
    },
    engine: () => engine,
    showReplication: async () => null,
    setPassword: async () => {
      throw databaseError('notMasterAggregator', {});
    },
  });
  const engine: QueryEngine = createQueryEngine({
    context,
    virtualTables: schema,
    transactions,
    authorize,
    commands,
    forwarding: {
      takes: (statement) => isMasterOnly(statement, commands),
      run: (session, text) => forwardStatement(metadata, session, text, (ms) => clock.sleep(ms)),
    },
  });
  return engine;
}
