// What the items of one subscription are applied with.

import type { Clock } from '#shared/clock.ts';
import type { PartitionKey } from '#shared/cluster/topology.ts';
import type { LSN } from '#shared/log/lsn.ts';
import type { LeafService } from '#shared/wire/message.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import { Acknowledger } from './acknowledger.ts';
import { Hardener } from './hardener.ts';
import { Intake } from './intake.ts';
import type { Pace } from './pace.ts';

export interface SubscriptionOptions {
  readonly partition: Partition;
  /** The partition at the primary. */
  readonly key: PartitionKey;
  readonly followerId: string;
  readonly clock: Clock;
  readonly pace: Pace | null;
  readonly leaf: LeafService;
  /** Fires when the connection is of no more use. */
  readonly signal: AbortSignal;
  /** Applies whole frames, all or nothing. */
  readonly apply: (frames: Uint8Array) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

export interface Subscription {
  readonly acknowledger: Acknowledger;
  readonly intake: Intake;
  readonly hardener: Hardener;
  /** The tail the primary had when we came; null until its first heartbeat. */
  firstTail: LSN | null;
}

/** Begins to take items; they go from the intake to `apply`, and from there to the hardener. */
export function openSubscription(options: SubscriptionOptions): Subscription {
  const { partition, pace, apply, onFailure } = options;
  const synchronous = partition.role === 'replica';
  const acknowledger = new Acknowledger({ ...options, synchronous });
  const mayHold = (): boolean => partition.provisioned;
  return {
    acknowledger,
    intake: new Intake({ pace: synchronous ? null : pace, mayHold, apply, onFailure }),
    hardener: new Hardener({
      harden: () => partition.harden(),
      onDurable: (lsn) => acknowledger.confirm(lsn),
      onFailure,
    }),
    firstTail: null,
  };
}
