// What a link is made with.

import type { Clock } from '#shared/clock.ts';
import type { Address } from '#shared/cluster/topology.ts';
import type { Logger } from '#shared/logger.ts';
import type { LeafService, LinkSource, Ticket } from '#shared/wire/message.ts';
import type { Partition } from '#leaf/partition/partition.ts';
import type { CheckSettings } from './link-check.ts';
import type { Pace } from './pace.ts';

/** Reaches another leaf. No ticket: one of our own cluster, met with its secret. */
export type DialLeaf = (
  address: Address,
  ticket: Ticket | null,
  signal: AbortSignal,
) => Promise<LeafService & { close(): void }>;

export interface LinkOptions {
  readonly partition: Partition;
  readonly source: LinkSource;
  readonly paused: boolean;
  /** `<cluster>/<name>`: what the primary knows us by. */
  readonly followerId: string;
  /** Our own leaf, `host:port`. */
  readonly address: string;
  readonly dial: DialLeaf;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Null: this leaf compares nothing. */
  readonly checks: CheckSettings | null;
  /** Null: everything is applied as it comes. */
  readonly pace: Pace | null;
}
