// The leaves of the cluster by node id: one of this process by a call, another by the network.

import { Subject, type Observable, type Subscription } from 'rxjs';
import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Clock } from '#shared/clock.ts';
import type { NodeDescription } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { LeafService } from '#shared/wire/message.ts';
import { RemoteService } from '#shared/wire/remote-service.ts';
import type { Membership } from './membership.ts';

export interface LeafDirectoryOptions {
  readonly membership: Membership;
  readonly clusterSecret: Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface RemoteLeaf {
  readonly node: NodeDescription;
  readonly service: RemoteService;
}

/** Follows the membership: keeps one connection to every leaf that is not in this process. */
export class ClusterLeafDirectory implements LeafDirectory {
  readonly #options: LeafDirectoryOptions;
  readonly #near = new Map<number, LeafService>();
  readonly #far = new Map<number, RemoteLeaf>();
  readonly #online = new Subject<number>();
  readonly #leaving = new Set<number>();
  readonly #subscriptions: readonly Subscription[];

  constructor(options: LeafDirectoryOptions) {
    this.#options = options;
    const { nodes$, registered$ } = options.membership;
    this.#subscriptions = [
      nodes$.subscribe((nodes) => this.#follow(nodes)),
      registered$.subscribe((nodeId) => this.#far.get(nodeId)?.service.hurry()),
    ];
  }

  /** The id of a leaf, each time that its connection (or its service here) is there anew. */
  get online$(): Observable<number> {
    return this.#online.asObservable();
  }

  nodes(): readonly NodeDescription[] {
    return this.#options.membership.nodes();
  }

  leaf(nodeId: number): LeafService {
    const leaf = this.#near.get(nodeId) ?? this.#far.get(nodeId)?.service;
    if (leaf !== undefined) return leaf;
    const reason = 'no such leaf in this cluster';
    throw databaseError('leafUnreachable', { leaf: `node ${nodeId}`, reason });
  }

  /** Of a leaf: whether it can be asked; of a child aggregator: whether it was heard of lately. */
  isOnline(nodeId: number): boolean {
    if (this.#near.has(nodeId)) return true;
    const far = this.#far.get(nodeId);
    return far === undefined ? this.#options.membership.isAlive(nodeId) : far.service.online;
  }

  isLeaving(nodeId: number): boolean {
    return this.#leaving.has(nodeId);
  }

  setLeaving(nodeId: number, isLeaving: boolean): void {
    if (isLeaving) this.#leaving.add(nodeId);
    else this.#leaving.delete(nodeId);
  }

  /** True of a leaf of this process. */
  isNear(nodeId: number): boolean {
    return this.#near.has(nodeId);
  }

  /** A leaf of this process: from now on it is asked by calls. */
  attach(nodeId: number, leaf: LeafService): void {
    this.#near.set(nodeId, leaf);
    this.#close(nodeId);
    this.#online.next(nodeId);
  }

  /** The leaf of this process has stopped. */
  detach(nodeId: number): void {
    this.#near.delete(nodeId);
  }

  async stop(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#online.complete();
    const services = [...this.#far.values()].map((leaf) => leaf.service);
    this.#far.clear();
    this.#near.clear();
    await Promise.all(services.map((service) => service.close()));
  }

  #follow(nodes: readonly NodeDescription[]): void {
    const leaves = new Map<number, NodeDescription>();
    for (const node of nodes) if (node.kind === 'leaf') leaves.set(node.id, node);
    for (const [id, { node }] of this.#far) {
      const now = leaves.get(id)?.address;
      const same = now?.host === node.address.host && now.port === node.address.port;
      if (!same) this.#close(id);
    }
    for (const node of leaves.values()) {
      if (!this.#near.has(node.id) && !this.#far.has(node.id)) this.#connect(node);
    }
  }

  #connect(node: NodeDescription): void {
    const { clusterSecret, clock, logger } = this.#options;
    const service = new RemoteService({
      address: node.address,
      credentials: { kind: 'cluster', secret: clusterSecret },
      clock,
      logger: logger.with({ node: node.id }),
      onChange: (online) => {
        if (online) this.#online.next(node.id);
      },
    });
    this.#far.set(node.id, { node, service });
  }

  #close(nodeId: number): void {
    const leaf = this.#far.get(nodeId);
    this.#far.delete(nodeId);
    if (leaf !== undefined) void leaf.service.close();
  }
}
