// The way to a site: every byte to its ports goes through here, and a test can cut it or spoil it.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import type { ExecutionContext } from 'ava';

/** What happens to bytes from the site on their way out. */
export type Spoil = (bytes: Buffer, port: number) => Buffer;

/**
 * Listens on `host` (a loopback address of its own, such as 127.0.0.9) at the very ports that the
 * site has on 127.0.0.1: nodes that advertise `host` are reached through here alone.
 */
export class SiteProxy {
  readonly host: string;
  readonly #servers = new Map<number, Server>();
  readonly #sockets = new Map<Socket, number>();
  /** Nobody gets through: connections are refused. */
  #closed = false;
  /** Ports whose bytes wait, with the connections left open. */
  readonly #stalled = new Set<number>();
  spoil: Spoil = (bytes) => bytes;
  /** Bytes that have come from the site. */
  bytes = 0;

  private constructor(host: string) {
    this.host = host;
  }

  static async start(
    t: ExecutionContext,
    options: { readonly host: string; readonly ports: readonly number[] },
  ): Promise<SiteProxy> {
    const proxy = new SiteProxy(options.host);
    for (const port of options.ports) {
      const server = createServer((socket) => proxy.#join(socket, port));
      server.listen(port, options.host);
      await once(server, 'listening');
      proxy.#servers.set(port, server);
    }
    t.teardown(() => {
      proxy.cut();
      for (const server of proxy.#servers.values()) server.close();
    });
    return proxy;
  }

  /** Breaks all connections, and lets none through until `heal`. */
  cut(): void {
    this.#closed = true;
    this.breakAll();
  }

  heal(): void {
    this.#closed = false;
  }

  /** Breaks the connections there are; new ones are let through. */
  breakAll(): void {
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  /** Nothing comes from the port any more, and nobody is told. */
  stall(port: number): void {
    this.#stalled.add(port);
    for (const [socket, at] of this.#sockets) if (at === port) socket.pause();
  }

  flow(port: number): void {
    this.#stalled.delete(port);
    for (const [socket, at] of this.#sockets) if (at === port) socket.resume();
  }

  #join(near: Socket, port: number): void {
    if (this.#closed) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    this.#pass(near, far, { port, spoils: false });
    this.#pass(far, near, { port, spoils: true });
  }

  #pass(from: Socket, to: Socket, how: { port: number; spoils: boolean }): void {
    this.#sockets.set(from, how.port);
    from.on('data', (bytes: Buffer) => {
      if (how.spoils) this.bytes += bytes.length;
      const passed = how.spoils ? this.spoil(bytes, how.port) : bytes;
      if (to.write(passed)) return;
      from.pause();
      to.once('drain', () => {
        if (!this.#stalled.has(how.port)) from.resume();
      });
    });
    if (this.#stalled.has(how.port)) from.pause();
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
