// A plan as indented text: which planner and why, and the SQLite text of every step.

import type { Fragment } from './deparse/fragment.ts';
import type { GatheredTable, Operator, QueryPlan, ReadTask, Target } from './plan.ts';

/** The lines of EXPLAIN, two spaces a level. */
export function explainQuery(plan: QueryPlan): readonly string[] {
  return [`${plan.planner}: ${plan.reason}`, ...indent(explainOperator(plan.rows))];
}

function explainOperator(operator: Operator): readonly string[] {
  switch (operator.kind) {
    case 'read':
      return explainTask('read', operator.task);
    case 'mergeSort': {
      const keys = operator.keys.map(({ index, descending }) => {
        return `${index + 1}${descending ? ' desc' : ''}`;
      });
      return explainTask(`merge-sort by columns ${keys.join(', ')} of`, operator.task);
    }
    case 'virtual':
      return [`rows of ${operator.database}.${operator.name}`];
    case 'recurse': {
      const { start, members, distinct, depthMax } = operator;
      const steps = members.map((member) => `then: ${explainFragment(member)}`);
      return [
        `${distinct ? 'recursion without duplicates' : 'recursion'}, at most ${depthMax} steps: ` +
          explainFragment(start),
        ...indent([...steps, ...explainTables(operator.tables)]),
      ];
    }
    case 'combine': {
      const tables = explainTables(operator.tables);
      const [first] = operator.tables;
      const title = first === undefined ? 'run here' : 'gather and combine';
      return [`${title}: ${explainFragment(operator.statement)}`, ...indent(tables)];
    }
    case 'limit': {
      const count = operator.count === Number.MAX_SAFE_INTEGER ? 'all' : operator.count;
      const offset = operator.offset === 0 ? '' : ` offset ${operator.offset}`;
      return [`limit ${count}${offset}`, ...indent(explainOperator(operator.input))];
    }
  }
}

function explainTables(tables: readonly GatheredTable[]): readonly string[] {
  return tables.flatMap(({ name, rows }) => [`${name}:`, ...indent(explainOperator(rows))]);
}

function explainTask(title: string, task: ReadTask): readonly string[] {
  const where = `${task.database}, ${explainTarget(task.target)}`;
  return [`${title} ${where}: ${explainFragment(task.statement)}`];
}

/** A target in words. */
export function explainTarget(target: Target): string {
  switch (target.kind) {
    case 'none':
      return 'no partition';
    case 'one':
      return target.ordinal < 0 ? 'the reference partition' : `partition ${target.ordinal}`;
    case 'some':
      return `partitions ${target.ordinals.join(', ')}`;
    case 'all':
      return 'all partitions';
  }
}

/** SQLite text with the constants that are bound to it. */
export function explainFragment({ sql, parameters }: Fragment): string {
  if (parameters.length === 0) return sql;
  const values = parameters.map((parameter) => {
    switch (parameter.kind) {
      case 'constant':
        return explainValue(parameter.value);
      case 'parameter':
        return `?${parameter.index + 1}`;
      case 'slot':
        return '?';
      case 'context':
      case 'userVariable':
        return parameter.name;
    }
  });
  return `${sql} [${values.join(', ')}]`;
}

function explainValue(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  return String(value);
}

/** One level deeper. */
export function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
