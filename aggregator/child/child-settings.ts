// The settings of a child aggregator, as its maker gives them.

import type { AggregatorSettings } from '#aggregator/config.ts';
import type { Address } from '#shared/cluster/topology.ts';

type Shared = Omit<AggregatorSettings, 'partitionsPerLeaf' | 'rootPassword'>;

export interface ChildAggregatorSettings extends Shared {
  readonly clusterId: string;
  /** 32 bytes, from the join token. */
  readonly clusterSecret: Uint8Array;
  /** Where the master aggregator takes nodes: its MySQL port, or the one for its own processes. */
  readonly master: Address;
}
