// The settings of an aggregator, as its maker gives them: nothing is read from the environment.

import type { Clock } from '#shared/clock.ts';
import type { Address } from '#shared/cluster/topology.ts';
import type { Logger } from '#shared/logger.ts';

export interface AggregatorSettings {
  /** Made when it is not there; one process at a time. */
  readonly dataDir: string;
  /** The interface to listen on, for MySQL clients and for nodes that join. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** What others are told to dial; null: host and port as they are bound; port 0: as bound. */
  readonly advertise: Address | null;
  /** Partitions of a CREATE DATABASE that does not say PARTITIONS: so many for each leaf. */
  readonly partitionsPerLeaf: number;
  /** Root's password from this start on; null leaves it as it is (at the first start: none). */
  readonly rootPassword: string | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The product's version. */
  readonly version: string;
}
