// What following needs of its aggregator, given once by main.ts.

import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { DatabasePartitions } from '#aggregator/cluster/database-partitions.ts';
import type { Catalog } from '#aggregator/metadata/catalog.ts';
import type { MetadataStore } from '#aggregator/metadata/metadata-store.ts';
import type { StoredSequences } from '#aggregator/metadata/sequences.ts';
import type { Clock } from '#shared/clock.ts';
import type { Logger } from '#shared/logger.ts';
import type { SourceValue } from '#shared/sql/source-value.ts';
import type { ReplicationFailpoint } from './failpoint.ts';

export interface ReplicationParts {
  readonly clusterId: string;
  readonly clusterSecret: Uint8Array;
  /** The product's version. */
  readonly version: string;
  readonly store: MetadataStore;
  readonly catalog: Catalog;
  readonly sequences: StoredSequences;
  readonly partitions: DatabasePartitions;
  readonly leaves: LeafDirectory;
  /** Runs work on one database after the other work on it: SchemaChanger.inTurn. */
  readonly inTurn: <T>(database: string, work: () => Promise<T>) => Promise<T>;
  /** Runs a statement in the cluster's own name. */
  readonly runStatement: (text: string, parameters: readonly SourceValue[]) => Promise<void>;
  /** Databases that are about to give up what they did by themselves: no primaries for others. */
  readonly returning: Set<string>;
  readonly failpoint: ReplicationFailpoint;
  readonly clock: Clock;
  readonly logger: Logger;
}
