// Starts the master aggregator and stops it, part by part. Decides nothing.

import type { Subscription } from 'rxjs';
import type { Address } from '#shared/cluster/topology.ts';
import { lockDataDirectory, type DirectoryLock } from '#shared/directory-lock.ts';
import type { LeafService, MasterService } from '#shared/wire/message.ts';
import { openParts, type AggregatorParts } from './aggregator-parts.ts';
import { createMasterService } from './cluster/master-service.ts';
import { masterNodeId } from './cluster/membership.ts';
import { NodeListener } from './cluster/node-listener.ts';
import { resumeBackups } from './commands/backup/backup-record.ts';
import { resumeDefinitions } from './commands/definition/definition-commands.ts';
import { killConnection } from './commands/session/session-commands.ts';
import type { AggregatorSettings } from './config.ts';
import { FrontDoor } from './front-door/server.ts';
import { startRecovery, type RunningRecovery } from './recovery.ts';
import { runForwarded } from './run-forwarded.ts';
import { serverVersion } from './server-facts.ts';

/** How long a close waits for leaves that do not answer, in milliseconds. */
const LEAF_PATIENCE_MS = 2_000;

/** Open once it is constructed; takes clients and nodes from `listen` to `close`. */
export class Aggregator {
  /** For the nodes of this process. */
  readonly master: MasterService;
  readonly #settings: AggregatorSettings;
  readonly #lock: DirectoryLock;
  readonly #parts: AggregatorParts;
  readonly #nodes: NodeListener;
  readonly #door: FrontDoor;
  #recovery: RunningRecovery | null = null;
  #leavesOnline: Subscription | null = null;
  #resuming: Promise<void> = Promise.resolve();
  #closed: Promise<void> | null = null;

  private constructor(settings: AggregatorSettings, lock: DirectoryLock, parts: AggregatorParts) {
    const { clock, logger } = settings;
    const { identity } = parts;
    this.#settings = settings;
    this.#lock = lock;
    this.#parts = parts;
    this.master = masterServiceOf(parts);
    this.#nodes = new NodeListener({ identity, master: this.master, clock, logger });
    this.#door = new FrontDoor({
      engine: parts.engine,
      accounts: parts.accounts,
      variables: parts.variables,
      registry: parts.registry,
      clock,
      logger,
      serverVersion: serverVersion(settings.version),
      onNodeConnection: (socket) => this.#nodes.accept(socket),
      tls: parts.tls,
    });
  }

  /** Opens the data directory. Throws DataDirectoryError when it cannot be used. */
  static async open(settings: AggregatorSettings): Promise<Aggregator> {
    const lock = lockDataDirectory(settings.dataDir);
    try {
      return new Aggregator(settings, lock, await openParts(settings));
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  get clusterId(): string {
    return this.#parts.identity.clusterId;
  }

  get clusterSecret(): Uint8Array {
    return this.#parts.identity.secret;
  }

  /** Resolves, with the reason, when another node may be the master; never with a local file. */
  get lost(): Promise<Error> | null {
    return this.#parts.lease?.lost ?? null;
  }

  /** A leaf of this process has been registered: it is asked by calls from now on. */
  attachLeaf(nodeId: number, leaf: LeafService): void {
    this.#parts.leaves.attach(nodeId, leaf);
  }

  /** Takes clients, goes on with what a crash has cut off, and answers the port. */
  async listen(): Promise<number> {
    const { host, port, sharesPort = false, advertise, clock, logger } = this.#settings;
    const { socket = null } = this.#settings;
    const bound = await this.#door.listen({ host, port }, { shared: sharesPort });
    if (socket !== null) await this.#door.listenLocally(socket);
    const address = advertisedAddress(advertise ?? { host, port: 0 }, bound);
    await this.#parts.membership.register({ kind: 'aggregator', nodeId: masterNodeId, address });
    this.#recovery = startRecovery(this.#parts.transactions.recovery, { clock, logger });
    this.#leavesOnline = this.#parts.leaves.online$.subscribe(() => this.#recovery?.wake());
    this.#parts.referenceLinks.start();
    this.#resuming = this.#resume();
    return bound;
  }

  /**
   * Opens a port of this process alone, on the loopback interface: what comes to a shared port may
   * reach any of the processes. Answers the port.
   */
  async listenAlone(): Promise<number> {
    return this.#door.listen({ host: '127.0.0.1', port: 0 });
  }

  /** Takes no more clients and ends those that are there; leaves can still be asked. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Closes, then ends what goes on by itself, then closes files. */
  async stop(): Promise<void> {
    await this.close();
    const { leaves, membership, accounts, store, lease } = this.#parts;
    await leaves.stop();
    membership.close();
    accounts.close();
    await store.close();
    await lease?.release();
    this.#lock.release();
  }

  /**
   * A leaf that does not answer holds it up for a while only: then its connection is closed, by
   * which the leaf rolls back what it holds, and whoever waits for it is told that it is away.
   */
  async #close(): Promise<void> {
    const { clock } = this.#settings;
    const patience = clock.after(LEAF_PATIENCE_MS, () => void this.#parts.leaves.stop());
    try {
      await this.#closeParts();
    } finally {
      patience.cancel();
    }
  }

  async #closeParts(): Promise<void> {
    await this.#door.close();
    await this.#parts.engine.close?.();
    await this.#nodes.stop();
    this.#leavesOnline?.unsubscribe();
    await this.#recovery?.stop();
    await this.#parts.fence.stop();
    await this.#parts.referenceLinks.stop();
    await this.#parts.mover.stop();
    await this.#parts.replication.stop();
    this.#parts.backup.stop.abort();
    this.#parts.definition.changer.stop();
    this.#parts.definition.partitions.stop();
    await this.#resuming;
  }

  /** Leaves may be away for now: what needs them waits for them, clients do not. */
  async #resume(): Promise<void> {
    try {
      await resumeBackups(this.#parts.backup);
      await resumeDefinitions(this.#parts.definition);
      await this.#parts.mover.resume();
      await this.#parts.replication.start();
    } catch (error) {
      this.#settings.logger.error('what a crash has cut off could not be resumed', {}, error);
    }
  }
}

/** What the cluster's other nodes are served. */
function masterServiceOf(parts: AggregatorParts): MasterService {
  const { engine, variables, feed, registry, accounts, killOrders, userLocks } = parts;
  const allocateId = () => registry.allocateId();
  return createMasterService({
    clusterId: parts.identity.clusterId,
    membership: parts.membership,
    store: parts.store,
    ...{ feed, killOrders, userLocks },
    kill: async (order) => {
      if (registry.has(order.id)) killConnection({ accounts, registry }, order);
      else await killOrders.send(order);
    },
    forward: (statement, signal) =>
      runForwarded({ engine, variables, feed, allocateId }, statement, signal),
  });
}

function advertisedAddress(wanted: Address, bound: number): Address {
  return { host: wanted.host, port: wanted.port === 0 ? bound : wanted.port };
}
