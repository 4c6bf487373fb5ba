// The replication views of information_schema: the links as tables to select from.

import type { CatalogReader } from '#aggregator/aggregator-context.ts';
import type { ResultColumn } from '#aggregator/statement-result.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { clusterColumns, clusterStatus } from './cluster-status.ts';
import { databaseSummary, databaseSummaryColumns } from './database-summary.ts';
import { gatherLeafStatuses, type LeafPartitions } from './leaf-statuses.ts';
import {
  aggregatedReplicationViewRows,
  localReplicationViewColumns,
  localReplicationViewRows,
  replicationViewColumns,
  replicationViewRows,
} from './replication-status.ts';
import type { ReplicationParts } from './replication-parts.ts';

export interface ReplicationView {
  readonly name: string;
  readonly columns: readonly ResultColumn[];
  readonly rows: () => Promise<readonly Row[]>;
}

/** The views; each asks the leaves when it is read. */
export function replicationViews(
  parts: Pick<ReplicationParts, 'leaves' | 'clock'> & { readonly catalog: CatalogReader },
): readonly ReplicationView[] {
  const view = (
    name: string,
    columns: readonly ResultColumn[],
    toRows: (leaves: readonly LeafPartitions[]) => readonly Row[],
  ): ReplicationView => ({
    name,
    columns,
    rows: async () => toRows(await gatherLeafStatuses(parts, null)),
  });
  return [
    view('MV_REPLICATION_STATUS', replicationViewColumns, replicationViewRows),
    view('LMV_REPLICATION_STATUS', localReplicationViewColumns, localReplicationViewRows),
    view('MV_AGGREGATED_REPLICATION_STATUS', replicationViewColumns, aggregatedReplicationViewRows),
    view('MV_CLUSTER_STATUS', clusterColumns, (leaves) => {
      return clusterStatus(parts.catalog.databases(), leaves).rows;
    }),
    view('MV_DISTRIBUTED_DATABASES_STATUS', databaseSummaryColumns, (leaves) => {
      return parts.catalog.databases().map((database) => databaseSummary(database, leaves));
    }),
  ];
}
