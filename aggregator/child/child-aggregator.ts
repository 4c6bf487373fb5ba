// Starts a child aggregator and stops it: clients as at the master, and metadata that follows it.

import { NodeRelay } from './relay-node.ts';
import { killConnection, type KillParts } from '#aggregator/commands/session/session-commands.ts';
import { FrontDoor } from '#aggregator/front-door/server.ts';
import { startRecovery, type RunningRecovery } from '#aggregator/recovery.ts';
import { serverVersion } from '#aggregator/server-facts.ts';
import type { Address } from '#shared/cluster/topology.ts';
import { lockDataDirectory, type DirectoryLock } from '#shared/directory-lock.ts';
import { DatabaseError } from '#shared/error.ts';
import { openNodeIdentity, writeNodeIdentity } from '#shared/node-identity.ts';
import { MasterLink } from '#shared/wire/master-link.ts';
import type { MasterService, NumberedKillOrder } from '#shared/wire/message.ts';
import { openChildParts, type ChildParts } from './child-parts.ts';
import type { ChildAggregatorSettings } from './child-settings.ts';
import { FollowedMetadata } from './followed-metadata.ts';
import { FollowedUserLocks } from './followed-user-locks.ts';

/** Takes clients once it is started; while the master is away they can read and write rows. */
export class ChildAggregator {
  readonly nodeId: number;
  readonly #lock: DirectoryLock;
  readonly #link: MasterLink;
  readonly #metadata: FollowedMetadata;
  readonly #parts: ChildParts;
  readonly #door: FrontDoor;
  readonly #relay: NodeRelay;
  readonly #recovery: RunningRecovery;

  private constructor(joined: Joined, settings: ChildAggregatorSettings, parts: ChildParts) {
    const { clock, logger, master } = settings;
    this.nodeId = joined.nodeId;
    this.#lock = joined.lock;
    this.#link = joined.link;
    this.#metadata = joined.metadata;
    this.#parts = parts;
    this.#relay = new NodeRelay({ master, clock, logger });
    const { engine, accounts, variables, registry, tls } = parts;
    this.#door = new FrontDoor({
      ...{ engine, accounts, variables, registry, tls, clock, logger },
      serverVersion: serverVersion(settings.version),
      onNodeConnection: (socket) => void this.#relay.accept(socket),
    });
    this.#recovery = startRecovery(parts.transactions.recovery, { clock, logger });
    parts.leaves.online$.subscribe(() => this.#recovery.wake());
  }

  /**
   * Joins the cluster, whose master may be away for now, copies its metadata and takes clients.
   * Throws DataDirectoryError, nodeRefused, tlsFilesUnusable, or the system's error for the port.
   */
  static async start(settings: ChildAggregatorSettings): Promise<ChildAggregator> {
    const lock = lockDataDirectory(settings.dataDir);
    let joined: Joined | null = null;
    try {
      joined = await join(settings, lock);
      const parts = await openChildParts(settings, joined);
      joined.killParts.resolve(parts);
      const child = new ChildAggregator(joined, settings, parts);
      const { host, port, socket = null, sharesPort = false } = settings;
      await child.#door.listen({ host, port }, { shared: sharesPort });
      if (socket !== null) await child.#door.listenLocally(socket);
      return child;
    } catch (error) {
      await joined?.link.stop();
      lock.release();
      throw error;
    }
  }

  /** Ends its clients, then what goes on by itself. */
  async stop(): Promise<void> {
    await this.#door.close();
    await this.#parts.engine.close?.();
    this.#relay.stop();
    await this.#recovery.stop();
    await this.#link.stop();
    await this.#parts.leaves.stop();
    this.#parts.membership.close();
    this.#parts.accounts.close();
    await this.#metadata.close();
    this.#lock.release();
  }
}

/** A node that the cluster has taken in, with the whole of its metadata. */
interface Joined {
  readonly nodeId: number;
  readonly lock: DirectoryLock;
  readonly link: MasterLink;
  readonly metadata: FollowedMetadata;
  readonly userLocks: FollowedUserLocks;
  /** Orders to kill wait until there can be clients. */
  readonly killParts: PromiseWithResolvers<KillParts>;
}

async function join(settings: ChildAggregatorSettings, lock: DirectoryLock): Promise<Joined> {
  const { clusterId, clusterSecret, dataDir, clock, logger, version } = settings;
  const known = openNodeIdentity(dataDir, clusterId);
  const metadata = new FollowedMetadata();
  const killParts = Promise.withResolvers<KillParts>();
  const userLocks = new FollowedUserLocks((holder) => void endHolder(killParts.promise, holder));
  let id = known.nodeId;
  const link = new MasterLink({
    kind: 'aggregator',
    route: { kind: 'far', address: settings.master },
    ...{ clusterSecret, nodeId: known.nodeId, version, clock, logger },
    address: advertised(settings),
    onRegistered: (nodeId) => {
      if (nodeId !== id) writeNodeIdentity(dataDir, { clusterId, nodeId });
      id = nodeId;
    },
    accompany: async (master, signal) => {
      const orders = takeKillOrders(master, id, killParts.promise, signal);
      const locks = userLocks.follow(master, id, signal);
      await Promise.all([metadata.follow(master, signal), orders, locks]);
    },
  });
  try {
    const nodeId = await link.registered;
    await metadata.complete;
    return { nodeId, lock, link, metadata, userLocks, killParts };
  } catch (error) {
    await link.stop();
    throw error;
  }
}

/** A client whose user locks were lost with the master. */
async function endHolder(parts: Promise<KillParts>, holder: number): Promise<void> {
  const { registry } = await parts;
  if (registry.has(holder)) registry.kill(holder, 'connection');
}

function advertised({ advertise, host, port }: ChildAggregatorSettings): Address {
  if (advertise === null) return { host, port };
  return { host: advertise.host, port: advertise.port === 0 ? port : advertise.port };
}

/** Does what others want killed here, for as long as the connection lives. */
async function takeKillOrders(
  master: MasterService,
  nodeId: number,
  parts: Promise<KillParts>,
  signal: AbortSignal,
): Promise<void> {
  for await (const order of master.stream('killOrders', { nodeId }, signal)) {
    const refusal = carryOut(await parts, order);
    await master.call('killed', { number: order.number, id: order.id, refusal }, signal);
  }
}

function carryOut(
  parts: KillParts,
  order: NumberedKillOrder,
): 'noSuchThread' | 'killDenied' | null {
  try {
    killConnection(parts, order);
    return null;
  } catch (error) {
    if (error instanceof DatabaseError && error.is('killDenied')) return 'killDenied';
    return 'noSuchThread';
  }
}
