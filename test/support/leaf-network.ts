// The ways between leaves: each has an address of its own, and a test cuts one off or holds bytes.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

/** A connection's end from which bytes come, and how many more of them get through. */
interface Way {
  /** Who made the connection. */
  readonly dialler: string;
  /** Whom it was made to. */
  readonly host: string;
  /** Bytes of the host's. */
  readonly isAnswer: boolean;
  left: number;
}

/**
 * Nodes that are started with `environmentOf` a loopback address dial from it, and are dialled at
 * it once `open` was called for their ports: then every byte to and from them goes through here.
 */
export class LeafNetwork {
  readonly #ways = new Map<Socket, Way>();
  readonly #cutOff = new Set<string>();
  /** By who dials: the bytes that each connection of it may still get. */
  readonly #held = new Map<string, number>();
  readonly #t: ExecutionContext;

  constructor(t: ExecutionContext) {
    this.#t = t;
    t.teardown(() => {
      for (const socket of this.#ways.keys()) socket.destroy();
    });
  }

  /** The environment of a node whose connections leave from the address. */
  environmentOf(host: string): Readonly<Record<string, string>> {
    const preload = new URL('./dial-from.ts', import.meta.url).href;
    return { NODE_OPTIONS: `--import=${preload}`, TWINLEAF_TEST_DIAL_FROM: host };
  }

  /** From now on the port, which is open on 127.0.0.1, is reached at the address too. */
  async open(host: string, port: number): Promise<void> {
    const server = createServer((socket) => this.#join(socket, host, port));
    server.listen(port, host);
    await once(server, 'listening');
    this.#t.teardown(() => server.close());
  }

  /** Breaks all connections from and to the address, and refuses new ones until `heal`. */
  cut(host: string): void {
    this.#cutOff.add(host);
    for (const [socket, way] of this.#ways) {
      if (way.host === host || way.dialler === host) socket.destroy();
    }
  }

  heal(host: string): void {
    this.#cutOff.delete(host);
  }

  /** Each connection that the address makes or has made gets so many bytes more, then none. */
  hold(dialler: string, bytes: number): void {
    this.#held.set(dialler, bytes);
    for (const way of this.#ways.values()) {
      if (way.dialler === dialler && way.isAnswer) way.left = bytes;
    }
  }

  release(dialler: string): void {
    this.#held.delete(dialler);
    for (const [socket, way] of this.#ways) {
      if (way.dialler !== dialler) continue;
      way.left = Infinity;
      socket.resume();
    }
  }

  #join(near: Socket, host: string, port: number): void {
    const dialler = near.remoteAddress ?? '';
    if (this.#cutOff.has(host) || this.#cutOff.has(dialler)) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    this.#pass(near, far, { dialler, host, isAnswer: false, left: Infinity });
    const left = this.#held.get(dialler) ?? Infinity;
    this.#pass(far, near, { dialler, host, isAnswer: true, left });
  }

  #pass(from: Socket, to: Socket, way: Way): void {
    this.#ways.set(from, way);
    from.on('data', (bytes: Buffer) => {
      const passed = bytes.subarray(0, way.left);
      way.left -= passed.length;
      const isFull = !to.write(passed);
      if (isFull || way.left === 0) from.pause();
      // The rest comes again once it is let through.
      if (passed.length < bytes.length) from.unshift(bytes.subarray(passed.length));
      if (isFull) to.once('drain', () => way.left > 0 && from.resume());
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#ways.delete(from);
      to.destroy();
    });
  }
}
