// A node's word to the master aggregator: I am here, at this address, and I live.

import type { Clock } from '#shared/clock.ts';
import type { Address, NodeKind } from '#shared/cluster/topology.ts';
import { DatabaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import { keepRunning, type KeptRunning } from '#shared/service.ts';
import { dialMaster } from './dial.ts';
import type { MasterService } from './message.ts';

/** How the node reaches the master aggregator: in the same process, or at its MySQL port. */
export type MasterRoute =
  | { readonly kind: 'near'; readonly service: MasterService }
  | { readonly kind: 'far'; readonly address: Address };

/** How often a node says that it lives, in milliseconds. */
const heartbeatIntervalMs = 3000;
/** The waits between attempts to reach the master aggregator, in milliseconds. */
const backoffMinMs = 100;
const backoffMaxMs = 3000;

export interface MasterLinkOptions {
  readonly kind: NodeKind;
  readonly route: MasterRoute;
  readonly clusterSecret: Uint8Array;
  /** 0: the node has no id yet. */
  readonly nodeId: number;
  readonly address: Address;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of the id before anyone else acts on it; keeps it durably. */
  readonly onRegistered: (nodeId: number) => void;
  /**
   * What else goes on as long as the connection lives, from each registration on. Ends when
   * `signal` fires; its error ends the connection, and another attempt follows.
   */
  readonly accompany?: (master: MasterService, signal: AbortSignal) => Promise<void>;
}

/** Registers, then sends heartbeats; begins again whenever the master was away. */
export class MasterLink {
  readonly #options: MasterLinkOptions;
  readonly #loop: KeptRunning;
  readonly #registered = Promise.withResolvers<number>();
  #nodeId: number;

  constructor(options: MasterLinkOptions) {
    this.#options = options;
    this.#nodeId = options.nodeId;
    // Nobody may be waiting yet when the cluster refuses this node.
    void swallow(this.registered);
    this.#loop = keepRunning({
      clock: options.clock,
      backoffMinMs,
      backoffMaxMs,
      run: (signal, healthy) => this.#run(signal, healthy),
      onFailure: (error) => this.#fail(error),
    });
  }

  /** This node's id, once the cluster has taken it in. Rejects when it is refused for good. */
  get registered(): Promise<number> {
    return this.#registered.promise;
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #run(signal: AbortSignal, healthy: () => void): Promise<void> {
    const { route } = this.#options;
    if (route.kind === 'near') return this.#live(route.service, signal, healthy);
    const { clusterSecret, clock, logger } = this.#options;
    const credentials = { kind: 'cluster', secret: clusterSecret } as const;
    const { address } = route;
    const master = await dialMaster({ address, credentials, clock, logger, signal });
    try {
      await this.#live(master, signal, healthy);
    } finally {
      master.close();
    }
  }

  /** Ends by the first error of what goes on while the connection lives. */
  async #live(master: MasterService, signal: AbortSignal, healthy: () => void): Promise<void> {
    await this.#register(master);
    healthy();
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    try {
      const accompanied = this.#options.accompany?.(master, either);
      await Promise.all([this.#beat(master, either), accompanied]);
    } finally {
      over.abort();
    }
  }

  async #register(master: MasterService): Promise<void> {
    const { kind, address, version, onRegistered } = this.#options;
    const request = { kind, nodeId: this.#nodeId, address, version };
    const { nodeId } = await master.call('register', request);
    this.#nodeId = nodeId;
    onRegistered(nodeId);
    this.#registered.resolve(nodeId);
  }

  async #beat(master: MasterService, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(heartbeatIntervalMs, signal);
      await master.call('heartbeat', { nodeId: this.#nodeId }, signal);
    }
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.logger.warn('master aggregator not reached', { reason });
    if (error instanceof DatabaseError && error.is('nodeRefused')) this.#registered.reject(error);
  }
}

async function swallow(promise: Promise<unknown>): Promise<void> {
  try {
    await promise;
  } catch {
    // Whoever waits for it is told.
  }
}
