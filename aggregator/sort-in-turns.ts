// Sorts many items so that others have turns: short runs by themselves, then merged two by two.

import { forEachInTurn, type Breather } from './breather.ts';

/** Items that are sorted in one go: about a millisecond. */
const RUN_ITEMS = 1024;

/** Merged items between two looks at the clock. */
const ITEMS_TOGETHER = 64;

/** Below zero: `left` comes first; zero: they stay in their order. */
export type Compare<T> = (left: T, right: T) => number;

/** The items in their order by `compare`. Rejects with queryInterrupted as the breather says. */
export async function sortInTurns<T>(
  breather: Breather,
  items: readonly T[],
  compare: Compare<T>,
): Promise<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let at = 0; at < items.length; at += RUN_ITEMS) {
    if (breather.isDue) await breather.pause();
    runs.push(items.slice(at, at + RUN_ITEMS).sort(compare));
  }
  while (runs.length > 1) {
    const longer: (readonly T[])[] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const [left = [], right = []] = runs.slice(at, at + 2);
      longer.push(right.length === 0 ? left : await merged(breather, [left, right], compare));
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

async function merged<T>(
  breather: Breather,
  [left, right]: readonly [readonly T[], readonly T[]],
  compare: Compare<T>,
): Promise<readonly T[]> {
  const result: T[] = [];
  let [l, r] = [0, 0];
  for (let count = 1; l < left.length && r < right.length; count += 1) {
    if (count % ITEMS_TOGETHER === 0 && breather.isDue) await breather.pause();
    const [one, other] = [left[l] as T, right[r] as T];
    if (compare(one, other) <= 0) {
      result.push(one);
      l += 1;
    } else {
      result.push(other);
      r += 1;
    }
  }
  const rest = l < left.length ? left.slice(l) : right.slice(r);
  await forEachInTurn(breather, rest, (item) => void result.push(item));
  return result;
}
