// Makes the parts of a child aggregator: those of the master's that clients need, on a copy of its
// metadata.

import { makeAggregatorEngine } from '#aggregator/aggregator-engine.ts';
import { openClientParts, type ClientParts } from '#aggregator/client-parts.ts';
import { Catalog } from '#aggregator/metadata/catalog.ts';
import { sequencePrefix, StoredSequences } from '#aggregator/metadata/sequences.ts';
import type { QueryEngine } from '#aggregator/query-engine.ts';
import { databaseError } from '#shared/error.ts';
import type { ChildAggregatorSettings } from './child-settings.ts';
import type { FollowedMetadata } from './followed-metadata.ts';
import type { FollowedUserLocks } from './followed-user-locks.ts';
import { forwardStatement } from './forward-statement.ts';
import { isMasterOnly } from './master-only.ts';

/** What child-aggregator.ts starts and stops. */
export interface ChildParts extends ClientParts {
  readonly engine: QueryEngine;
}

/** What a child has of its master's, and what it is to it. */
export interface ChildFoundations {
  readonly metadata: FollowedMetadata;
  readonly userLocks: FollowedUserLocks;
  readonly nodeId: number;
}

/** `metadata` is complete, and the cluster has given this node its id. */
export async function openChildParts(
  settings: ChildAggregatorSettings,
  { metadata, userLocks, nodeId }: ChildFoundations,
): Promise<ChildParts> {
  const { clusterId, clusterSecret, clock } = settings;
  const catalog = await Catalog.open(metadata, clock);
  await catalog.followStore();
  const sequences = new StoredSequences(metadata);
  (await metadata.watch(sequencePrefix)).subscribe((change) => {
    if (change.kind === 'delete') sequences.drop(change.key);
  });
  const parts = await openClientParts(
    { ...settings, rootPassword: null },
    { clusterId, clusterSecret, nodeId, store: metadata, catalog, sequences, userLocks },
  );
  const engine = makeAggregatorEngine({
    ...parts,
    killElsewhere: async (order) => {
      await metadata.master.call('kill', order);
    },
    showReplication: async () => null,
    setPassword: async () => {
      throw databaseError('notMasterAggregator', {});
    },
    forwarding: (commands) => ({
      takes: (statement) => isMasterOnly(statement, commands),
      run: (session, text) => forwardStatement(metadata, session, text, (ms) => clock.sleep(ms)),
    }),
  });
  return { ...parts, engine };
}
