// Listens for nodes: each connection proves who it is, then asks what it may.

import { createServer, type Server, type Socket } from 'node:net';
import type { Address } from '#shared/cluster/topology.ts';
import type { Logger } from '#shared/logger.ts';
import type { ConnectionIdentity } from './credentials.ts';
import { challengeDialler, type Verifier } from './mutual-challenge.ts';
import { Peer } from './peer.ts';
import type { ServeTo } from './served.ts';
import { TcpTransport } from './tcp-transport.ts';

/** Connections of nodes that one listener keeps at once. */
const connectionsMax = 2048;

export interface NodeServerOptions {
  readonly verifier: Verifier;
  readonly serveTo: ServeTo;
  readonly logger: Logger;
}

/** Takes sockets over, from its own port (`listen`) or handed to it (`accept`). */
export class NodeServer {
  readonly #options: NodeServerOptions;
  readonly #transports = new Set<TcpTransport>();
  #server: Server | null = null;
  #stopped = false;
  readonly #open = Promise.withResolvers<void>();

  constructor(options: NodeServerOptions) {
    this.#options = options;
  }

  /**
   * Binds the port; who connects waits until `takeConnections`. Port 0 picks a free one.
   * Answers the port. Rejects with the system's error.
   */
  async listen(address: Address): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => void this.accept(socket));
    server.maxConnections = connectionsMax;
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject).listen(address.port, address.host, resolve);
    await promise;
    server.off('error', reject);
    server.on('error', (error) => this.#options.logger.warn('listener failed', {}, error));
    const bound = server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : address.port;
  }

  /** From here on connections are served. */
  takeConnections(): void {
    this.#open.resolve();
  }

  /** Serves one connection to its end. Never throws. */
  async accept(socket: Socket): Promise<void> {
    const transport = new TcpTransport(socket);
    if (this.#stopped || this.#transports.size >= connectionsMax) {
      transport.close('not taking connections');
      return;
    }
    this.#transports.add(transport);
    try {
      await this.#open.promise;
      await this.#serve(transport);
    } finally {
      this.#transports.delete(transport);
    }
  }

  /** Stops listening and closes every connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#open.resolve();
    for (const transport of this.#transports) transport.close('the node is stopping');
    const server = this.#server;
    if (server === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    await promise;
  }

  async #serve(transport: TcpTransport): Promise<void> {
    const { verifier, serveTo, logger } = this.#options;
    let identity: ConnectionIdentity;
    try {
      identity = await challengeDialler(transport, verifier);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn('connection refused', { peer: transport.peer, reason });
      return;
    }
    transport.proven();
    const service = serveTo(identity);
    const peer = new Peer({ transport, clock: verifier.clock, logger, service });
    logger.debug('node connected', { peer: transport.peer, identity: identity.kind });
    const reason = await peer.closed;
    service.disconnected?.();
    logger.debug('node gone', { peer: transport.peer, reason });
  }
}
