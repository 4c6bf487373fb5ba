// Several partitions' rows, one partition after the other, all of them working at once.

import { must } from '#shared/assert.ts';

/**
 * The sources in their order. Each is asked for its first batch at once, so that all partitions
 * work together; a source holds at most one batch until it is its turn.
 */
export async function* concatenate<T>(
  sources: readonly AsyncIterable<T>[],
): AsyncGenerator<T, void, undefined> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const firsts = iterators.map((iterator) => quietly(iterator.next()));
  try {
    // All have begun, or none has: what one refuses at its start comes before the first row.
    for (const [index, first] of (await Promise.all(firsts)).entries()) {
      const iterator = must(iterators[index]);
      for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
    }
  } finally {
    await closeAll(iterators);
  }
}

/** The same promise, whose failure is no unhandled rejection while nobody waits for it yet. */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  void Promise.allSettled([promise]);
  return promise;
}

/** Ends sources early. One that fails while it ends has nothing left to tell. */
export async function closeAll(iterators: readonly AsyncIterator<unknown>[]): Promise<void> {
  await Promise.allSettled(iterators.map((iterator) => iterator.return?.()));
}
