// Wires the parts of a leaf, starts them and stops them. Decides nothing.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { must } from '#shared/assert.ts';
import { addressText, type Address } from '#shared/cluster/topology.ts';
import { HybridClock } from '#shared/log/hybrid-clock.ts';
import { openNodeIdentity, writeNodeIdentity } from '#shared/node-identity.ts';
import type { Credentials } from '#shared/wire/credentials.ts';
import { dial } from '#shared/wire/dial.ts';
import { MasterLink } from '#shared/wire/master-link.ts';
import type { LeafService, Ticket } from '#shared/wire/message.ts';
import { NodeServer } from '#shared/wire/tcp-server.ts';
import { failpointFromEnvironment, type LeafSettings } from './config.ts';
import { defaultRetention } from './log/log-retention.ts';
import { openPlace, type LeafPlace } from './leaf-place.ts';
import { Checkpointer } from './partition/checkpointer.ts';
import type { PartitionEnvironment } from './partition/partition-options.ts';
import { ThreadVerifier } from './partition/verifier.ts';
import { ContentReader } from './partition/content-reader.ts';
import { PartitionSet } from './partition-set.ts';
import { LinkSet } from './replication/link-set.ts';
import { Pace } from './replication/pace.ts';
import { LogSender } from './replication/log-sender.ts';
import { WorkerPool } from './worker/worker-pool.ts';
import { RequestHandler } from './request-handler.ts';
import { serveLeaf } from './serve-leaf.ts';

/** Between two comparisons of a secondary partition with its primary, in milliseconds. */
const checkIntervalMs = 60 * 60 * 1000;
/** A log segment is closed when it is longer than this, in bytes. */
const segmentBytesMax = 64 * 1024 * 1024;
/** A transaction that nobody has used for so long is rolled back, in milliseconds. */
const idleTransactionMsMax = 10 * 60 * 1000;

/** SQLite workers of a leaf: as many long statements as it runs at once. */
const workersMin = 2;
const workersMax = 4;

/** Invariant: nobody is answered before every partition is known, if only as recovering. */
export class Leaf {
  readonly clusterId: string;
  /** Answers in this process what the port answers to others. */
  readonly service: LeafService;
  readonly #settings: LeafSettings;
  readonly #place: LeafPlace;
  readonly #checkpointer = new Checkpointer();
  readonly #walStarter = new Checkpointer();
  readonly #verifier = new ThreadVerifier();
  readonly #workers: WorkerPool;
  readonly #content = new ContentReader();
  readonly #sender: LogSender;
  readonly #pace: Pace;
  readonly #links: LinkSet;
  readonly #partitions: PartitionSet;
  readonly #handler: RequestHandler;
  readonly #server: NodeServer;
  #address: Address;
  #port = 0;
  #master: MasterLink | null = null;
  #recovered: Promise<unknown> = Promise.resolve();

  private constructor(settings: LeafSettings, place: LeafPlace) {
    const { clusterId, clusterSecret, clock, logger, version } = settings;
    this.clusterId = clusterId;
    this.#settings = settings;
    this.#place = place;
    this.#address = settings.advertise ?? { host: settings.host, port: settings.port };
    const content = this.#content;
    this.#pace = new Pace(clock);
    this.#sender = new LogSender({ clock, logger, content });
    this.#links = new LinkSet({
      dial: (address, ticket, signal) => this.#dial(address, ticket, signal),
      clusterId: () => clusterId,
      address: () => addressText(this.#address),
      clock,
      logger,
      checks: { content, intervalMs: settings.checkIntervalMs ?? checkIntervalMs },
      pace: this.#pace,
    });
    this.#workers = new WorkerPool({ size: workerCount(), clock, logger });
    this.#partitions = this.#makePartitions();
    this.#handler = new RequestHandler({
      partitions: this.#partitions,
      links: this.#links,
      sender: this.#sender,
      clock,
      version,
    });
    this.service = this.#handler;
    const verifier = { clusterId, clusterSecret, clock };
    this.#server = new NodeServer({ verifier, serveTo: serveLeaf(this.service), logger });
  }

  /**
   * Listens, and says so to the master aggregator, who may be away for now; the partitions are
   * opened meanwhile (`recovered`), and each serves once it is open. `place` is one of several of
   * this process, where there are several; the leaf closes it.
   * Throws DataDirectoryError, nodeRefused, or the system's error for the port.
   */
  static async start(settings: LeafSettings, place?: LeafPlace): Promise<Leaf> {
    const own = place ?? openPlace(settings.dataDir, settings.clock);
    try {
      const { nodeId } = openNodeIdentity(settings.dataDir, settings.clusterId);
      const leaf = new Leaf(settings, own);
      await leaf.#start(nodeId);
      return leaf;
    } catch (error) {
      await own.close();
      throw error;
    }
  }

  /** Where it listens. */
  get port(): number {
    return this.#port;
  }

  /**
   * This leaf's node id, once the cluster has taken it in. Rejects when it is refused for good: the
   * leaf has stopped then.
   */
  async registered(): Promise<number> {
    try {
      return await must(this.#master, 'a leaf that has started has a link').registered;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Resolves when every partition is open, or is known to be unrecoverable. */
  get recovered(): Promise<unknown> {
    return this.#recovered;
  }

  /** Connections first, then links, then files. */
  async stop(): Promise<void> {
    await this.#master?.stop();
    await this.#server.stop();
    await this.#links.close();
    await this.#partitions.close();
    await this.#verifier.close();
    await this.#content.close();
    await this.#checkpointer.close();
    await this.#walStarter.close();
    await this.#workers.close();
    this.#handler.close();
    await this.#place.close();
  }

  async #start(nodeId: number): Promise<void> {
    const { host, port, advertise, master: route, clusterSecret, clock, logger } = this.#settings;
    try {
      await this.#open(host, port, advertise);
    } catch (error) {
      await this.#server.stop();
      await this.#checkpointer.close();
      await this.#walStarter.close();
      await this.#verifier.close();
      throw error;
    }
    const { clusterId, dataDir, version } = this.#settings;
    this.#master = new MasterLink({
      kind: 'leaf',
      route,
      clusterSecret,
      nodeId,
      address: this.#address,
      version,
      clock,
      logger,
      onRegistered: (id) => {
        if (id !== nodeId) writeNodeIdentity(dataDir, { clusterId, nodeId: id });
      },
    });
  }

  /** Links want to know our address when their partition opens, so the port is bound first. */
  async #open(host: string, port: number, advertise: Address | null): Promise<void> {
    const reserved = await this.#server.listen({ host, port });
    this.#port = reserved;
    const advertised = advertise ?? { host, port: 0 };
    this.#address = { ...advertised, port: advertised.port === 0 ? reserved : advertised.port };
    this.#recovered = this.#partitions.open();
    this.#server.takeConnections();
  }

  #makePartitions(): PartitionSet {
    const { clock, logger } = this.#settings;
    const environment: PartitionEnvironment = {
      clock,
      hybridClock: new HybridClock(clock),
      logger,
      failpoint: failpointFromEnvironment(),
      retention: defaultRetention,
      segmentBytesMax,
      journal: this.#place.journal,
      gathering: this.#place.gathering,
      lockWaits: this.#place.lockWaits,
      noteRead: this.#pace.noteRead,
      idleTransactionMsMax,
      transactionBytesMax: this.#settings.transactionBytesMax,
      verifier: this.#verifier,
      checkpoint: (path) => this.#checkpointer.checkpoint(path),
      startWal: (path) => this.#walStarter.startWal(path),
      workers: this.#workers,
      waitForFollowers: (key, lsn) => this.#sender.waitForFollowers(key, lsn),
      followed: (key) => this.#sender.followed(key),
    };
    return new PartitionSet(join(this.#settings.dataDir, 'partitions'), environment, {
      opened: (partition) => this.#links.resume(partition),
      closing: async (partition) => {
        this.#sender.endAll(partition.key);
        await this.#links.stop(partition);
      },
    });
  }

  #dial(address: Address, ticket: Ticket | null, signal: AbortSignal) {
    const { clusterSecret, clock, logger } = this.#settings;
    const credentials: Credentials =
      ticket === null ? { kind: 'cluster', secret: clusterSecret } : { kind: 'ticket', ticket };
    return dial({ address, credentials, clock, logger, signal });
  }
}

function workerCount(): number {
  return Math.max(workersMin, Math.min(workersMax, availableParallelism()));
}
