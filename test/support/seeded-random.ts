// Random numbers from a seed: the same seed, the same numbers. mulberry32.

/** Answers a uniform integer, 0 <= result < limit. */
export type RandomInteger = (limit: number) => number;

export function seededRandom(seed: number): RandomInteger {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
