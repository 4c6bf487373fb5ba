// What a run and its driver processes say to each other.

import type { Login } from '#benchmarks/peers/database-server.ts';
import type { Protocol } from './workload.ts';

export type DriverRequest =
  | {
      readonly kind: 'open';
      readonly workload: string;
      readonly login: Login;
      readonly protocol: Protocol;
      /** The number of this process's first client, and how many there are. */
      readonly firstClient: number;
      readonly clients: number;
    }
  | { readonly kind: 'run'; readonly seconds: number }
  | { readonly kind: 'close' };

export type DriverAnswer =
  | { readonly kind: 'opened' }
  | { readonly kind: 'ran'; readonly share: DriverShare }
  | { readonly kind: 'failed'; readonly reason: string };

/** What one driver process has done in one round. */
export interface DriverShare {
  readonly operations: number;
  readonly sum: number;
  /** Operations that were run again after a deadlock or a lock wait timeout. */
  readonly retries: number;
  readonly seconds: number;
  /** Of this driver process. */
  readonly cpuSeconds: number;
  /** Bucket and count of a LatencyHistogram. */
  readonly latencies: readonly (readonly [number, number])[];
}
