// Loopback ports that nothing listens on.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below those that systems give to connections: one of them could take a port in between. */
const [portMin, portEnd] = [10_240, 32_768];

interface Listening {
  readonly server: Server;
  readonly port: number;
}

/** One that listens somewhere; `taken` are left alone. */
async function listen(taken: Set<number>): Promise<Listening> {
  for (;;) {
    const port = randomInt(portMin, portEnd);
    if (taken.has(port)) continue;
    taken.add(port);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return { server, port };
    } catch {
      server.close();
    }
  }
}

/** `count` different ports, free at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const taken = new Set<number>();
  const listening: Listening[] = [];
  for (let index = 0; index < count; index += 1) listening.push(await listen(taken));
  await Promise.all(listening.map(({ server }) => once(server.close(), 'close')));
  return listening.map(({ port }) => port);
}
