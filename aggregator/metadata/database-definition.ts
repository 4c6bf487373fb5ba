// A database as the cluster knows it: one version of its schema, and where its partitions are.

import type { TableDefinition } from '#shared/cluster/table-definition.ts';
import type {
  DatabaseRole,
  DatabaseState,
  Durability,
  PartitionPlacement,
} from '#shared/cluster/topology.ts';
import type { Collation } from '#shared/sql/column-type.ts';

/** Plain data; a change makes a new one. stored-database.ts says how the store keeps it. */
export interface DatabaseDefinition {
  readonly name: string;
  readonly role: DatabaseRole;
  readonly state: DatabaseState;
  readonly durability: Durability;
  readonly collation: Collation;
  /** Hash partitions, without the reference partition. */
  readonly partitionCount: number;
  /** Every partition, the reference partition too. */
  readonly placements: readonly PartitionPlacement[];
  /** Raised by every change of the schema; a task carries the version it was planned for. */
  readonly catalogVersion: number;
  /** Which database of its name it is, for plan-version.ts; absent: 0. */
  readonly incarnation?: number;
  readonly tables: Readonly<Record<string, TableDefinition>>;
  readonly nextTableId: number;
  /** `host:port/database` of the primary, for a secondary; else ''. */
  readonly primaryUri: string;
}
