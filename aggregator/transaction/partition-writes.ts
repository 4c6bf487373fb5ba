// What a statement writes on its partitions, and what they answer.

import type { WriteStep, WriteStepResult } from '#shared/wire/message.ts';

/** What is written on one partition. */
export interface PartitionTask {
  readonly ordinal: number;
  readonly steps: readonly WriteStep[];
}

/** The tasks of one statement, at most one a partition. */
export interface PartitionWrites {
  readonly database: string;
  readonly catalogVersion: number;
  readonly tasks: readonly PartitionTask[];
  /** It may go on for long: it must be possible to end it. */
  readonly mayBeLong: boolean;
  /** More of the same statement comes before or behind: it is long, however short these are. */
  readonly isPart?: boolean;
}

/** The results of each task's steps, in the order of the tasks. */
export type TaskResults = readonly (readonly WriteStepResult[])[];

/** One after another on each partition. All are of one database and one version of its catalog. */
export function mergeWrites(first: PartitionWrites, others: readonly PartitionWrites[]) {
  const steps = new Map<number, WriteStep[]>();
  for (const { tasks } of [first, ...others]) {
    for (const task of tasks) {
      const known = steps.get(task.ordinal);
      if (known === undefined) steps.set(task.ordinal, [...task.steps]);
      else known.push(...task.steps);
    }
  }
  const tasks = [...steps].sort(([a], [b]) => a - b);
  return { ...first, tasks: tasks.map(([ordinal, all]) => ({ ordinal, steps: all })) };
}

/** The results of each of the writes that were merged, out of those of all together. */
export function splitResults(
  merged: PartitionWrites,
  results: TaskResults,
  parts: readonly PartitionWrites[],
): TaskResults[] {
  const left = new Map(merged.tasks.map(({ ordinal }, i) => [ordinal, [...(results[i] ?? [])]]));
  return parts.map(({ tasks }) =>
    tasks.map(({ ordinal, steps }) => left.get(ordinal)?.splice(0, steps.length) ?? []),
  );
}
