// Opens the parts that an aggregator needs for its clients, master or child, on its metadata.

import type { AggregatorContext, UserLocks } from './aggregator-context.ts';
import { connectionIdBase } from './cluster/connection-owner.ts';
import { ClusterLeafDirectory } from './cluster/leaf-directory.ts';
import { Membership } from './cluster/membership.ts';
import { coordinatorFailpointFromEnvironment, type AggregatorSettings } from './config.ts';
import { openTls, type ServerTls } from './front-door/server-tls.ts';
import { Accounts } from './metadata/accounts.ts';
import type { Catalog } from './metadata/catalog.ts';
import type { MetadataStore } from './metadata/metadata-store.ts';
import type { StoredSequences } from './metadata/sequences.ts';
import { serverFacts } from './server-facts.ts';
import { SessionRegistry } from './session-registry.ts';
import { GlobalVariables } from './session-variables.ts';
import { TransactionCoordinator } from './transaction/transaction-coordinator.ts';

const decoySecretBytes = 32;

export interface ClientParts {
  readonly context: AggregatorContext;
  readonly sequences: StoredSequences;
  readonly membership: Membership;
  readonly leaves: ClusterLeafDirectory;
  readonly accounts: Accounts;
  readonly transactions: TransactionCoordinator;
  readonly variables: GlobalVariables;
  readonly registry: SessionRegistry;
  readonly tls: ServerTls | null;
}

/** Throws tlsFilesUnusable. */
export async function openClientParts(
  settings: Omit<AggregatorSettings, 'partitionsPerLeaf'>,
  options: {
    readonly clusterId: string;
    readonly clusterSecret: Uint8Array;
    readonly nodeId: number;
    readonly store: MetadataStore;
    readonly catalog: Catalog;
    readonly sequences: StoredSequences;
    readonly userLocks: UserLocks;
  },
): Promise<ClientParts> {
  const { clock, logger, rootPassword } = settings;
  const { clusterId, clusterSecret, nodeId, store, catalog, sequences, userLocks } = options;
  const membership = await Membership.open(store, clock, logger);
  const leaves = new ClusterLeafDirectory({ membership, clusterSecret, clock, logger });
  const decoySecret = clock.randomBytes(decoySecretBytes);
  const accounts = await Accounts.open({ store, rootPassword, decoySecret });
  const context = { clusterId, nodeId, catalog, sequences, leaves, userLocks, clock, logger };
  return {
    ...{ context, sequences, membership, leaves, accounts },
    registry: new SessionRegistry(clock, connectionIdBase(nodeId)),
    transactions: new TransactionCoordinator(context, coordinatorFailpointFromEnvironment()),
    variables: new GlobalVariables(serverFacts(settings, clusterId)),
    tls: openTls(settings.tls),
  };
}
