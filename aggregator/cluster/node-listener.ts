// Nodes that came through the MySQL port: from here on they speak our protocol.
//
// The node has read the MySQL greeting and answered with the packet that begins with TWINLEAF
// (shared/wire/node-upgrade.ts has its part); the front door has read that packet away.

import type { Socket } from 'node:net';
import type { Clock } from '#shared/clock.ts';
import type { Logger } from '#shared/logger.ts';
import type { MasterService } from '#shared/wire/message.ts';
import { serveMaster } from './serve-master.ts';
import { NodeServer } from '#shared/wire/tcp-server.ts';
import type { ClusterIdentity } from './cluster-identity.ts';

export interface NodeListenerOptions {
  readonly identity: ClusterIdentity;
  readonly master: MasterService;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Takes sockets that the front door hands over. */
export class NodeListener {
  readonly #server: NodeServer;

  constructor(options: NodeListenerOptions) {
    const { identity, master, clock, logger } = options;
    const { clusterId, secret } = identity;
    this.#server = new NodeServer({
      verifier: { clusterId, clusterSecret: secret, clock },
      serveTo: serveMaster(master),
      logger,
    });
    this.#server.takeConnections();
  }

  /** Serves the connection to its end. The front door must have taken its listeners off. */
  accept(socket: Socket): void {
    void this.#server.accept(socket);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
