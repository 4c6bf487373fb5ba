// Reads that leaves of this process answer at once: nothing of them waits, so that several
// partitions are read as of one moment.

import { leafOfPartition } from '#aggregator/transaction/partition-client.ts';
import type { ReadTask } from '#aggregator/planner/plan.ts';
import type { Row } from '#shared/sql/column-type.ts';
import type { LeafService, LeafStreams } from '#shared/wire/message.ts';
import type { Execution } from './execution.ts';
import { HERE_ROWS_MAX } from './gather-size.ts';
import { ordinalsOf } from './read-partition.ts';
import { bindFragment } from './statement-values.ts';

type Request = LeafStreams['read']['request'];

/** A read of one partition, and its leaf, which is in this process. */
export interface NearRead {
  readonly leaf: LeafService;
  readonly request: Request;
}

/** The leaves' own windows are for reads that wait. */
const together = { windowMs: 0, about: [] };

/** A task's reads, one a partition; null where a leaf is far, or the transaction has rows there. */
export function nearReads(execution: Execution, task: ReadTask): readonly NearRead[] | null {
  const { transaction, context } = execution;
  if (task.forUpdate) return null;
  const ordinals = ordinalsOf(execution, task);
  const statement = bindFragment(task.statement, execution.values);
  const reads: NearRead[] = [];
  for (const ordinal of ordinals) {
    const key = { database: task.database, ordinal };
    if (transaction !== null && transaction.takesPart(key)) return null;
    const leaf = leafOfPartition(context, key);
    if (leaf.readNow === undefined) return null;
    const request: Request = {
      key,
      catalogVersion: task.catalogVersion,
      transaction: null,
      statement,
      columns: task.columns,
      forUpdate: false,
      lockWaitTimeoutMs: execution.lockWaitTimeoutMs,
      mayLimit: task.mayLimit,
      ...(ordinals.length > 1 ? { together } : {}),
    };
    reads.push({ leaf, request });
  }
  return reads;
}

/** The rows of each partition; null where one of them goes the long way. */
export function readAllNow(
  execution: Execution,
  task: ReadTask,
): readonly (readonly Row[])[] | null {
  const reads = nearReads(execution, task);
  if (reads === null) return null;
  const results: (readonly Row[])[] = [];
  let room = HERE_ROWS_MAX;
  for (const { leaf, request } of reads) {
    const rows = leaf.readNow?.(request) ?? null;
    room -= rows?.length ?? 0;
    // Together they may be too many for the event loop, where each partition's are few.
    if (rows === null || room < 0) return null;
    results.push(rows);
  }
  return results;
}
