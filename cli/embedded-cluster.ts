// A whole cluster in one process: the only file that needs both houses.
//
// The aggregator reaches the leaves of this process by calls. Each leaf listens on its own port all
// the same, because the leaves of another cluster come to it.

import { join } from 'node:path';
import { Aggregator } from '#aggregator/main.ts';
import type { ReplicationFailpointName } from '#aggregator/replication/failpoint.ts';
import { openPlaces, type LeafPlace } from '#leaf/leaf-place.ts';
import { Leaf } from '#leaf/main.ts';
import type { LeafSettings } from '#leaf/config.ts';
import { must } from '#shared/assert.ts';
import type { Clock } from '#shared/clock.ts';
import { lockDataDirectory } from '#shared/directory-lock.ts';
import type { Logger } from '#shared/logger.ts';

export interface EmbeddedClusterSettings {
  readonly dataDir: string;
  /** Where BACKUP DATABASE may write; `backups` in dataDir unless given. */
  readonly backupDir?: string;
  readonly host: string;
  /** The host that other clusters dial to reach this one's nodes. */
  readonly advertiseHost: string;
  /** MySQL clients connect here; 0 picks a free port. */
  readonly port: number;
  /** The file of a UNIX socket that they may connect to as well; absent or null: none. */
  readonly socket?: string | null;
  /** The first leaf's, the others follow; 0 picks free ones. */
  readonly leafPort: number;
  /** Leaves; more than at the last start are added, fewer leave partitions without their leaf. */
  readonly leaves: number;
  /** Listens on a port that further aggregators of this machine listen on too; absent: alone. */
  readonly sharesPort?: boolean;
  readonly partitionsPerLeaf: number;
  /** Null: root keeps the password it has, at the first start none. */
  readonly rootPassword: string | null;
  /** Clients at once; absent: 1000. */
  readonly maxConnections?: number;
  /** PEM files for TLS with clients; absent or null: none is offered. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string | null } | null;
  /** For tests: called at each step of a promotion and a failback. */
  readonly replicationFailpoint?: (name: ReplicationFailpointName) => void;
  /** Between two comparisons of a secondary with its primary; absent: an hour; 0: never. */
  readonly checkIntervalMs?: number;
  /** The changes of one transaction on one partition, in bytes; absent: 128 MiB. */
  readonly transactionBytesMax?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}

export interface EmbeddedCluster {
  readonly clusterId: string;
  /** Where MySQL clients connect. */
  readonly port: number;
  readonly leafPorts: readonly number[];
  readonly clusterSecret: Uint8Array;
  /** Resolves when every partition is open, or is known to be unrecoverable. */
  readonly recovered: Promise<unknown>;
  /** Opens a port that reaches the aggregator of this process alone. */
  listenAlone(): Promise<number>;
  /** Closes connections, then files. */
  stop(): Promise<void>;
}

/**
 * Starts the cluster, or starts it again on its directory. Takes clients when it resolves;
 * partitions may be recovering then (`recovered`), and serve once they are open.
 */
export async function startEmbeddedCluster(
  settings: EmbeddedClusterSettings,
): Promise<EmbeddedCluster> {
  const lock = lockDataDirectory(settings.dataDir);
  const leaves: Leaf[] = [];
  const places: LeafPlace[] = [];
  let aggregator: Aggregator | null = null;
  async function stop(): Promise<void> {
    await aggregator?.close();
    await Promise.all(leaves.map((leaf) => leaf.stop()));
    await Promise.all(places.map((place) => place.close()));
    await aggregator?.stop();
    lock.release();
  }
  try {
    aggregator = await Aggregator.open({
      ...settings,
      dataDir: join(settings.dataDir, 'aggregator'),
      backupDir: settings.backupDir ?? join(settings.dataDir, 'backups'),
      advertise: { host: settings.advertiseHost, port: 0 },
      logger: settings.logger.with({ node: 'aggregator' }),
    });
    const names = Array.from({ length: settings.leaves }, (_, index) => `leaf-${index + 1}`);
    const dataDirs = names.map((name) => join(settings.dataDir, name));
    places.push(...openPlaces(dataDirs, settings.clock));
    for (const [index, name] of names.entries()) {
      // From here on it is the leaf's to close.
      const place = must(places.shift());
      leaves.push(await startLeaf(settings, aggregator, { index, name, place }));
    }
    const opened = aggregator;
    const port = await opened.listen();
    const leafPorts = leaves.map((leaf) => leaf.port);
    const { clusterId, clusterSecret } = aggregator;
    const listenAlone = () => opened.listenAlone();
    const recovered = Promise.all(leaves.map((leaf) => leaf.recovered));
    return { clusterId, clusterSecret, port, leafPorts, recovered, listenAlone, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startLeaf(
  settings: EmbeddedClusterSettings,
  aggregator: Aggregator,
  {
    index,
    name,
    place,
  }: { readonly index: number; readonly name: string; readonly place: LeafPlace },
): Promise<Leaf> {
  const leafSettings: LeafSettings = {
    dataDir: join(settings.dataDir, name),
    host: settings.host,
    port: settings.leafPort === 0 ? 0 : settings.leafPort + index,
    advertise: { host: settings.advertiseHost, port: 0 },
    clusterId: aggregator.clusterId,
    clusterSecret: aggregator.clusterSecret,
    master: { kind: 'near', service: aggregator.master },
    ...(settings.checkIntervalMs === undefined
      ? {}
      : { checkIntervalMs: settings.checkIntervalMs }),
    ...(settings.transactionBytesMax === undefined
      ? {}
      : { transactionBytesMax: settings.transactionBytesMax }),
    clock: settings.clock,
    logger: settings.logger.with({ node: name }),
    version: settings.version,
  };
  const leaf = await Leaf.start(leafSettings, place);
  aggregator.attachLeaf(await leaf.registered(), leaf.service);
  return leaf;
}
