// An operator of the plan tree to its rows: one switch.

import type { GatheredTable, Operator, ReadTask } from '#aggregator/planner/plan.ts';
import { combine, combineSteps, type GatheredSource } from './combine.ts';
import { concatenate } from './concatenate.ts';
import { rowsOfBatch } from '#shared/wire/row-batch.ts';
import type { EncodedBatches, Execution, RowBatches } from './execution.ts';
import { limitRows } from './limit.ts';
import { mergeSort } from './merge-sort.ts';
import { openPartition, ordinalsOf } from './read-partition.ts';
import { isTorn, readTogether } from './read-together.ts';

/** The rows of `operator`. Nothing is asked of a leaf before the first batch is asked for. */
export function runOperator(execution: Execution, operator: Operator): RowBatches {
  switch (operator.kind) {
    case 'read':
    case 'combine':
    case 'recurse':
      return decoded(execution, runEncoded(execution, operator));
    case 'mergeSort': {
      const parts = partitionRows(execution, operator.task);
      const sources = parts.map((part) => decoded(execution, part));
      return inTurns(execution, mergeSort(sources, operator.keys, operator.visible));
    }
    case 'virtual':
      return virtualRows(execution, operator.database, operator.name);
    case 'limit':
      return limitRows(runOperator(execution, operator.input), operator);
  }
}

/** As runOperator, for a consumer that may hand them on unread. */
export function runEncoded(execution: Execution, operator: Operator): EncodedBatches {
  switch (operator.kind) {
    case 'read': {
      const sources = partitionRows(execution, operator.task);
      const [only] = sources;
      return sources.length === 1 && only !== undefined ? only : concatenate(sources);
    }
    case 'combine':
      return combine(execution, sourcesOf(execution, operator.tables), operator.statement);
    case 'recurse':
      return combineSteps(execution, sourcesOf(execution, operator.tables), operator);
    default:
      return asBatches(runOperator(execution, operator));
  }
}

function sourcesOf(
  execution: Execution,
  tables: readonly GatheredTable[],
): readonly GatheredSource[] {
  return tables.map((table) => ({ table, rows: runEncoded(execution, table.rows) }));
}

/** Rows as they came, to rows. */
export async function* decoded(
  { breather }: Pick<Execution, 'breather'>,
  batches: EncodedBatches,
): RowBatches {
  for await (const batch of batches) {
    if (breather.isDue) await breather.pause();
    yield rowsOfBatch(batch);
  }
}

/** The same rows, with pauses: what is sorted here may have been here already. */
async function* inTurns({ breather }: Execution, rows: RowBatches): RowBatches {
  for await (const batch of rows) {
    if (breather.isDue) await breather.pause();
    yield batch;
  }
}

async function* asBatches(source: RowBatches): EncodedBatches {
  for await (const rows of source) yield { rows };
}

function partitionRows(execution: Execution, task: ReadTask): readonly EncodedBatches[] {
  const ordinals = ordinalsOf(execution, task);
  if (isTorn(execution, task, ordinals)) return readTogether(execution, task, ordinals);
  return ordinals.map((ordinal) => openPartition(execution, task, { ordinal }));
}

async function* virtualRows(execution: Execution, database: string, name: string): RowBatches {
  yield await execution.virtualRows(database, name);
}
