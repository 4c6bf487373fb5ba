// The settings of a leaf: what its maker gives, and the failpoint that tests name.

import type { Clock } from '#shared/clock.ts';
import type { Address } from '#shared/cluster/topology.ts';
import { killAtPlace } from '#shared/kill-at.ts';
import type { Logger } from '#shared/logger.ts';
import type { MasterRoute } from '#shared/wire/master-link.ts';
import { noFailpoint, type Failpoint } from './partition/failpoint.ts';

export interface LeafSettings {
  /** Made when it is not there; one process at a time. */
  readonly dataDir: string;
  /** The interface to listen on. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** What other nodes dial; null: host and port as they are bound; port 0: as bound. */
  readonly advertise: Address | null;
  readonly clusterId: string;
  /** 32 bytes, from the join token. */
  readonly clusterSecret: Uint8Array;
  readonly master: MasterRoute;
  /** Between two comparisons of a secondary partition with its primary; 0: never by itself. */
  readonly checkIntervalMs?: number;
  /** The changes of one transaction on one partition, in bytes; 128 MiB unless it is given. */
  readonly transactionBytesMax?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The product's version, for SHOW LEAVES. */
  readonly version: string;
}

/** The place where a test wants the process to end, by TWINLEAF_FAILPOINT; none otherwise. */
export function failpointFromEnvironment(): Failpoint {
  const name = process.env['TWINLEAF_FAILPOINT'];
  return name === undefined || name === '' ? noFailpoint : killAtPlace(name);
}
