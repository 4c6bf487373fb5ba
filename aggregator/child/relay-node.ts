// Nodes that dial a child aggregator's port are passed on to the master: any address of the
// cluster will do to join it.

import { connect, type Socket } from 'node:net';
import type { Clock } from '#shared/clock.ts';
import type { Address } from '#shared/cluster/topology.ts';
import type { Logger } from '#shared/logger.ts';
import { upgradeConnection } from '#shared/wire/node-upgrade.ts';

/** Nodes passed on at once. */
const relaysMax = 2048;

export interface NodeRelayOptions {
  readonly master: Address;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Copies bytes both ways; the node and the master prove themselves to each other through it. */
export class NodeRelay {
  readonly #options: NodeRelayOptions;
  readonly #sockets = new Set<Socket>();

  constructor(options: NodeRelayOptions) {
    this.#options = options;
  }

  /** Serves the node's connection to its end. Never throws. */
  async accept(node: Socket): Promise<void> {
    node.on('error', () => node.destroy());
    if (this.#sockets.size >= 2 * relaysMax) {
      node.destroy();
      return;
    }
    const { host, port } = this.#options.master;
    const master = connect({ host, port, noDelay: true });
    this.#keep(node, master);
    this.#keep(master, node);
    try {
      node.pause();
      await upgradeConnection(master, this.#options.clock);
      node.pipe(master);
      master.pipe(node);
    } catch (error) {
      this.#options.logger.warn(
        'a node could not be passed on to the master aggregator',
        {},
        error,
      );
      node.destroy();
    }
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The end of one side is the end of the other. */
  #keep(socket: Socket, other: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      other.destroy();
    });
  }
}
