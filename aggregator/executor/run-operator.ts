// An operator of the plan tree to its rows: one switch.

import type { Operator, ReadTask } from '#aggregator/planner/plan.ts';
import { combine } from './combine.ts';
import { concatenate } from './concatenate.ts';
import type { Execution, RowBatches } from './execution.ts';
import { limitRows } from './limit.ts';
import { mergeSort } from './merge-sort.ts';
import { ordinalsOf, readPartition } from './read-partition.ts';
import { readTogether } from './read-together.ts';

/** The rows of `operator`. Nothing is asked of a leaf before the first batch is asked for. */
export function runOperator(execution: Execution, operator: Operator): RowBatches {
  switch (operator.kind) {
    case 'read': {
      const sources = partitionRows(execution, operator.task);
      const [only] = sources;
      return sources.length === 1 && only !== undefined ? only : concatenate(sources);
    }
    case 'mergeSort':
      return mergeSort(partitionRows(execution, operator.task), operator.keys, operator.visible);
    case 'virtual':
      return virtualRows(execution, operator.database, operator.name);
    case 'combine': {
      const sources = operator.tables.map((table) => ({
        table,
        rows: runOperator(execution, table.rows),
      }));
      return combine(execution, sources, operator.statement);
    }
    case 'limit':
      return limitRows(runOperator(execution, operator.input), operator);
  }
}

function partitionRows(execution: Execution, task: ReadTask): readonly RowBatches[] {
  const ordinals = ordinalsOf(execution, task);
  if (isTorn(execution, task, ordinals)) return readTogether(execution, task, ordinals);
  return ordinals.map((ordinal) => readPartition(execution, task, ordinal));
}

/**
 * True where reads of each partition by itself might see a transaction in one and miss it in
 * another. Locked partitions keep still; a secondary's are each as far as their links have come.
 */
function isTorn({ context, transaction }: Execution, task: ReadTask, ordinals: readonly number[]) {
  if (ordinals.length < 2 || (task.forUpdate && transaction !== null)) return false;
  return context.catalog.database(task.database).role === 'primary';
}

async function* virtualRows(execution: Execution, database: string, name: string): RowBatches {
  yield await execution.virtualRows(database, name);
}
