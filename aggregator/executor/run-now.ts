// The rows of an operator at once, where all that it reads is near and short; else not at all.

import type { Operator } from '#aggregator/planner/plan.ts';
import type { Row } from '#shared/sql/column-type.ts';
import { combineNow } from './combine.ts';
import type { Execution } from './execution.ts';
import { compareRows } from './merge-sort.ts';
import { readAllNow } from './read-now.ts';

/** All rows; null where the operator is to run the long way, by runOperator. */
export function runNow(execution: Execution, operator: Operator): readonly Row[] | null {
  switch (operator.kind) {
    case 'read': {
      const parts = readAllNow(execution, operator.task);
      return parts === null ? null : parts.flat();
    }
    case 'mergeSort': {
      const parts = readAllNow(execution, operator.task);
      if (parts === null) return null;
      const { keys, visible } = operator;
      // A stable sort: rows that compare equal stay in the order of their partitions.
      const rows = parts.flat().sort((a, b) => compareRows(a, b, keys));
      return rows.map((row) => (row.length > visible ? row.slice(0, visible) : row));
    }
    case 'virtual':
      return null;
    case 'combine': {
      const [table, second] = operator.tables;
      // A join of several may have any number of rows.
      if (table === undefined || second !== undefined) return null;
      const rows = runNow(execution, table.rows);
      return rows === null ? null : combineNow(execution, { table, rows }, operator.statement);
    }
    case 'limit': {
      const rows = runNow(execution, operator.input);
      return rows === null ? null : rows.slice(operator.offset, operator.offset + operator.count);
    }
  }
}
