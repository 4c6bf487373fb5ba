// The settings of an aggregator: what its maker gives, and the failpoint that tests name.

import type { Clock } from '#shared/clock.ts';
import type { Address } from '#shared/cluster/topology.ts';
import type { Logger } from '#shared/logger.ts';
import type { NatsServers } from './metadata/nats-metadata-store.ts';
import { replicationFailpointAt, type ReplicationFailpoint } from './replication/failpoint.ts';
import {
  coordinatorFailpointAt,
  noCoordinatorFailpoint,
  type CoordinatorFailpoint,
} from './transaction/failpoint.ts';

export interface AggregatorSettings {
  /** Made when it is not there; one process at a time. */
  readonly dataDir: string;
  /** Where BACKUP DATABASE may write; `backups` in dataDir unless given. */
  readonly backupDir?: string;
  /** The NATS servers that keep the metadata; absent or null: a file in dataDir does. */
  readonly metadataNats?: NatsServers | null;
  /** The interface to listen on, for MySQL clients and for nodes that join. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** The file of a UNIX socket to listen on, too; absent or null: none. */
  readonly socket?: string | null;
  /** Listens on a port that further processes of this cluster listen on too; absent: alone. */
  readonly sharesPort?: boolean;
  /** What others are told to dial; null: host and port as they are bound; port 0: as bound. */
  readonly advertise: Address | null;
  /** Partitions of a CREATE DATABASE that does not say PARTITIONS: so many for each leaf. */
  readonly partitionsPerLeaf: number;
  /** Root's password from this start on; null leaves it as it is (at the first start: none). */
  readonly rootPassword: string | null;
  /** Clients at once, as @@max_connections begins; absent: 1000. */
  readonly maxConnections?: number;
  /** PEM files for TLS with clients; absent or null: none is offered. */
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    readonly ca: string | null;
  } | null;
  /** Absent: the place that TWINLEAF_FAILPOINT names. */
  readonly replicationFailpoint?: ReplicationFailpoint;
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

/** The same for the places of a promotion and a failback. */
export function replicationFailpointFromEnvironment(): ReplicationFailpoint {
  return replicationFailpointAt(process.env['TWINLEAF_FAILPOINT'] ?? null);
}
