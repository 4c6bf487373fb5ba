// The rows of an operator all at once, where all that it reads is short; else not at all.

import type { Operator, ReadTask } from '#aggregator/planner/plan.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { combineNow, computeNow } from './combine.ts';
import type { Execution } from './execution.ts';
import { HERE_ROWS_MAX } from './gather-size.ts';
import { compareRows } from './merge-sort.ts';
import { readLeaves } from './read-leaves.ts';
import { readAllNow } from './read-now.ts';

/** What each partition has. */
type Parts = readonly (readonly Row[])[];

/**
 * All rows at once, from leaves of this process; null where the operator is to run the long way,
 * by runOperator.
 */
export function runNow(execution: Execution, operator: Operator): readonly Row[] | null {
  if (operator.kind === 'combine' && operator.tables.length === 0) {
    return computeNow(execution, operator.statement);
  }
  const task = onlyTask(operator);
  const parts = task === null ? null : readAllNow(execution, task);
  return parts === null ? null : runOver(execution, operator, parts);
}

/** As runNow, from leaves elsewhere: one message to each, and one back. */
export async function runSoon(
  execution: Execution,
  operator: Operator,
): Promise<readonly Row[] | null> {
  const task = onlyTask(operator);
  const answers = task === null ? null : await readLeaves(execution, task, null);
  if (answers === null) return null;
  const parts = answers.map((part) => (part.kind === 'rows' ? part.rows : []));
  // Together they may be too many for the event loop, where each partition's are few.
  const count = parts.reduce((sum, rows) => sum + rows.length, 0);
  return count > HERE_ROWS_MAX ? null : runOver(execution, operator, parts);
}

/** The one task that all rows come from; null where there are others, or none. */
function onlyTask(operator: Operator): ReadTask | null {
  switch (operator.kind) {
    case 'read':
    case 'mergeSort':
      return operator.task;
    case 'virtual':
    case 'recurse':
      return null;
    case 'combine': {
      const [table, second] = operator.tables;
      // A join of several may have any number of rows.
      return table === undefined || second !== undefined ? null : onlyTask(table.rows);
    }
    case 'limit':
      return onlyTask(operator.input);
  }
}

function runOver(execution: Execution, operator: Operator, parts: Parts): readonly Row[] | null {
  switch (operator.kind) {
    case 'read':
      return parts.flat();
    case 'mergeSort': {
      const { keys, visible } = operator;
      // A stable sort: rows that compare equal stay in the order of their partitions.
      const rows = parts.flat().sort((a, b) => compareRows(a, b, keys));
      return rows.map((row) => (row.length > visible ? row.slice(0, visible) : row));
    }
    case 'virtual':
    case 'recurse':
      return null;
    case 'combine': {
      const [table] = operator.tables;
      const rows = table === undefined ? null : runOver(execution, table.rows, parts);
      if (table === undefined || rows === null) return null;
      return combineNow(execution, { table, rows }, operator.statement);
    }
    case 'limit': {
      const rows = runOver(execution, operator.input, parts);
      return rows === null ? null : rows.slice(operator.offset, operator.offset + operator.count);
    }
  }
}
