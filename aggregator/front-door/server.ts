// Accepts clients' sockets and keeps account of them: the one place where they are opened.

import { createServer, type Server, type Socket } from 'node:net';
import type { Timer } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import { Connection } from './connection.ts';
import { writeError } from './error-packet.ts';
import type { FrontDoorParts } from './front-door-parts.ts';
import { PacketWriter } from './packet-writer.ts';

export interface FrontDoorOptions extends FrontDoorParts {
  /** Connections beyond these are told error 1040. */
  readonly maxConnections: number;
}

/** How often connections are looked at for their wait_timeout. */
const IDLE_SWEEP_MS = 1000;

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #server: Server;
  readonly #connections = new Map<Connection, Promise<void>>();
  #sweep: Timer | null = null;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Clients that are connected, logged in or not. */
  get size(): number {
    return this.#connections.size;
  }

  /** Opens the port (0: any free one) and answers which. Rejects when it cannot. */
  async listen(address: { readonly host: string; readonly port: number }): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address.port, address.host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    // What fails later (too many open files) fails one accept; the door stays open.
    this.#server.on('error', (cause) => {
      this.#options.logger.error('a client could not be accepted', {}, cause);
    });
    this.#watchIdle();
    const bound = this.#server.address();
    return bound === null || typeof bound === 'string' ? address.port : bound.port;
  }

  /**
   * Closes the port and every connection; resolves when their transactions are rolled back. A
   * socket that was handed over to a node is not waited for: it ends with that node's listener.
   */
  async close(): Promise<void> {
    this.#sweep?.cancel();
    this.#sweep = null;
    this.#server.close();
    for (const connection of this.#connections.keys()) connection.disconnect();
    await Promise.all(this.#connections.values());
  }

  #accept(socket: Socket): void {
    const { maxConnections, registry } = this.#options;
    registry.counters.connections += 1;
    if (this.#connections.size >= maxConnections) {
      refuse(socket);
      return;
    }
    const connection = new Connection(socket, this.#options);
    this.#connections.set(connection, this.#serve(connection));
  }

  async #serve(connection: Connection): Promise<void> {
    await connection.serve();
    this.#connections.delete(connection);
  }

  #watchIdle(): void {
    this.#sweep = this.#options.clock.after(IDLE_SWEEP_MS, () => {
      const now = this.#options.clock.monotonicMs();
      for (const connection of this.#connections.keys()) connection.closeIfIdle(now);
      this.#watchIdle();
    });
  }
}

/** Error 1040 instead of a greeting, without an SQLSTATE, as the protocol has it there. */
function refuse(socket: Socket): void {
  const writer = new PacketWriter();
  writeError(writer, databaseError('tooManyConnections', {}), false);
  socket.on('error', () => socket.destroy());
  socket.end(writer.bytes());
}
