// Accepts clients' sockets and keeps account of them: the one place where they are opened.

import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import type { Timer } from '#shared/clock.ts';
import { databaseError, type DatabaseError } from '#shared/error.ts';
import { Connection } from './connection.ts';
import { writeEarlyError } from './error-packet.ts';
import type { ConnectionParts, FrontDoorParts } from './front-door-parts.ts';
import { FullAuthentication } from './full-authentication.ts';
import { Nonces } from './nonces.ts';
import { ListenError, makeRoom } from './socket-file.ts';
import { SharedFlush } from './shared-flush.ts';
import { PacketWriter } from '#shared/mysql/packet-writer.ts';

/** How often connections are looked at for their wait_timeout. */
const IDLE_SWEEP_MS = 1000;
/**
 * A client that is silent is probed by the system after this long, and each second from then on;
 * when it has missed ten probes, its host is gone, and its transaction with it.
 */
const KEEP_ALIVE_DELAY_MS = 15_000;
/** Bytes that are read of a connection at once. */
const READ_BYTES = 64 * 1024;

export class FrontDoor {
  readonly #parts: ConnectionParts;
  readonly #servers: Server[] = [];
  readonly #connections = new Map<Connection, Promise<void>>();
  #sweep: Timer | null = null;

  constructor(parts: FrontDoorParts) {
    const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const nonces = new Nonces(parts.clock);
    const sharedFlush = new SharedFlush();
    this.#parts = { ...parts, full: new FullAuthentication(), nonces, readBuffer, sharedFlush };
  }

  /** Clients that are connected, logged in or not. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * Opens a port, the first or a further one (0: any free one) and answers which. Rejects when
   * it cannot. `shared`: other processes listen on it too, and the system spreads the clients
   * over them.
   */
  async listen(
    address: { readonly host: string; readonly port: number },
    { shared = false }: { readonly shared?: boolean } = {},
  ): Promise<number> {
    const server = createServer(
      { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS },
      (socket) => this.#accept(socket, false),
    );
    await this.#open(server, { ...address, reusePort: shared });
    const bound = server.address();
    return bound === null || typeof bound === 'string' ? address.port : bound.port;
  }

  /**
   * Opens a UNIX socket, which every user of this machine may connect to: those clients come from
   * `localhost`. Its file goes with the door. Rejects with ListenError.
   */
  async listenLocally(path: string): Promise<void> {
    await makeRoom(path);
    const server = createServer((socket) => this.#accept(socket, true));
    try {
      await this.#open(server, { path, readableAll: true, writableAll: true });
    } catch (cause) {
      throw new ListenError(path, cause instanceof Error ? cause.message : String(cause));
    }
  }

  async #open(server: Server, options: ListenOptions): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#servers.push(server);
    // What fails later (too many open files) fails one accept; the door stays open.
    server.on('error', (cause) => {
      this.#parts.logger.error('a client could not be accepted', {}, cause);
    });
    if (this.#sweep === null) this.#watchIdle();
  }

  /**
   * Closes the port and every connection; resolves when their transactions are rolled back. A
   * socket that was handed over to a node is not waited for: it ends with that node's listener.
   */
  async close(): Promise<void> {
    this.#sweep?.cancel();
    this.#sweep = null;
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections.keys()) connection.disconnect();
    await Promise.all(this.#connections.values());
  }

  /** One more than @@max_connections may try to log in: it might be who can end others. */
  #accept(socket: Socket, isLocal: boolean): void {
    const { registry, variables } = this.#parts;
    registry.counters.connections += 1;
    const variable = (name: string) => Number(variables.get(variables.definition(name)));
    const host = isLocal ? 'localhost' : hostOf(socket);
    const count = this.#connections.size;
    const max = variable('max_connections');
    if (registry.loginGuard.isBlocked(host, variable('max_connect_errors'))) {
      refuse(socket, databaseError('hostBlocked', { host }));
    } else if (count > max) {
      refuse(socket, databaseError('tooManyConnections', {}));
    } else {
      const place = { isLast: count === max, isLocal, host };
      const connection = new Connection(socket, this.#parts, place);
      this.#connections.set(connection, this.#serve(connection));
    }
  }

  async #serve(connection: Connection): Promise<void> {
    await connection.serve();
    this.#connections.delete(connection);
  }

  #watchIdle(): void {
    this.#sweep = this.#parts.clock.after(IDLE_SWEEP_MS, () => {
      const now = this.#parts.clock.monotonicMs();
      for (const connection of this.#connections.keys()) connection.closeIfIdle(now);
      this.#watchIdle();
    });
  }
}

function hostOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
}

/** An error instead of a greeting, without an SQLSTATE, as the protocol has it there. */
function refuse(socket: Socket, error: DatabaseError): void {
  const writer = new PacketWriter();
  writeEarlyError(writer, error);
  socket.on('error', () => socket.destroy());
  socket.end(writer.bytes());
}
