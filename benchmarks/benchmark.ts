// What `npm run bench` can run.

import type { BenchArguments } from './arguments.ts';

/** Lines for people as they come. */
export type Print = (line: string) => void;

export interface Benchmark {
  readonly name: string;
  readonly summary: string;
  /** Measures and prints; answers the figures, for JSON. Throws when a check fails. */
  run(args: BenchArguments, print: Print): Promise<unknown>;
}
