// Which partitions a kept plan goes to, told by the values that its shard key has in each run.

import { partitionOfSlot, slotOf } from '#shared/cluster/partition-hash.ts';
import type { ColumnType, StoredValue } from '#shared/sql/column-type.ts';
import type { ConstantExpression } from './functions/build.ts';
import type { SlotRun } from './literal-slot.ts';

/** One of the values that a column of the shard key can have. */
export interface KeyChoice {
  readonly constant: ConstantExpression;
  /** The type by which it is hashed. */
  readonly type: ColumnType;
}

/** For each column of the shard key the values that it can have, one of them at least. */
export type Route = readonly (readonly KeyChoice[])[];

/** The partitions of all combinations of the values, ascending. */
export function routeOrdinals(
  route: Route,
  run: SlotRun,
  partitionCount: number,
): readonly number[] {
  // Not by destructuring: to look at a traced constant's value is to hold the plan to it.
  const read = (constant: ConstantExpression): StoredValue =>
    constant.slot === undefined ? constant.value : constant.slot.read(run);
  const only = route.length === 1 && route[0]?.length === 1 ? route[0][0] : undefined;
  if (only !== undefined) {
    return [partitionOfSlot(slotOf([read(only.constant)], [only.type]), partitionCount)];
  }
  const ordinals = new Set(
    combinations(route).map((choices) => {
      const values = choices.map(({ constant }): StoredValue => read(constant));
      const types = choices.map(({ type }) => type);
      return partitionOfSlot(slotOf(values, types), partitionCount);
    }),
  );
  return [...ordinals].sort((a, b) => a - b);
}

/** Every way to choose one value for each column. */
export function combinations(route: Route): readonly (readonly KeyChoice[])[] {
  let rows: readonly (readonly KeyChoice[])[] = [[]];
  for (const choices of route) {
    rows = rows.flatMap((row) => choices.map((choice) => [...row, choice]));
  }
  return rows;
}

/** True where both always lead to the same partitions. */
export function sameRoute(left: Route, right: Route): boolean {
  return (
    left.length === right.length &&
    left.every((choices, column) => {
      const others = right[column] ?? [];
      return (
        choices.length === others.length &&
        choices.every(({ constant, type }, i) => {
          const other = others[i];
          return other?.constant === constant && other.type.kind === type.kind;
        })
      );
    })
  );
}

/** From here on the plan holds for these very values. */
export function noteRoute(route: Route): void {
  for (const choices of route) for (const { constant } of choices) constant.slot?.note();
}

/** True where it always leads to one partition. */
export function isSingle(route: Route): boolean {
  return route.every((choices) => choices.length === 1);
}
