// Loopback ports that nothing listens on.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below those that systems give to connections: one of them could take a port in between. */
const [portMin, portEnd] = [10_240, 32_768];

/** One that listens somewhere; `taken` are left alone. */
async function listen(taken: Set<number>): Promise<Server> {
  for (;;) {
    const port = randomInt(portMin, portEnd);
    if (taken.has(port)) continue;
    taken.add(port);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return server;
    } catch {
      server.close();
    }
  }
}

/** `count` different ports, free at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const taken = new Set<number>();
  const servers: { readonly server: Server; readonly port: number }[] = [];
  for (let index = 0; index < count; index += 1) {
    const server = await listen(taken);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('it has a port');
    servers.push({ server, port: address.port });
  }
  await Promise.all(servers.map(({ server }) => once(server.close(), 'close')));
  return servers.map(({ port }) => port);
}
