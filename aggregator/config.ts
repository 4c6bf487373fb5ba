// The settings of an aggregator: what its maker gives, and the failpoint that tests name.

import type { Clock } from '#shared/clock.ts';
import type { Address } from '#shared/cluster/topology.ts';
import type { Logger } from '#shared/logger.ts';
import {
  coordinatorFailpointAt,
  noCoordinatorFailpoint,
  type CoordinatorFailpoint,
} from './transaction/failpoint.ts';

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

/** The place where a test wants the process to end, by TWINLEAF_FAILPOINT; none otherwise. */
export function coordinatorFailpointFromEnvironment(): CoordinatorFailpoint {
  const place = process.env['TWINLEAF_FAILPOINT'];
  const isNamed = place !== undefined && place !== '';
  return isNamed ? coordinatorFailpointAt(place) : noCoordinatorFailpoint;
}
