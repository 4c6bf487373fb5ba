// Two TCP transports on loopback that are joined, for tests.

import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import { TcpTransport } from '#shared/wire/tcp-transport.ts';

/** Both sockets of one connection; destroyed when the test ends. */
export async function socketPair(t: ExecutionContext<unknown>): Promise<[Socket, Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dialled = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  server.close();
  if (dialled.connecting) await once(dialled, 'connect');
  t.teardown(() => {
    dialled.destroy();
    accepted.destroy();
  });
  return [dialled, accepted];
}

/** Both ends of one connection, that have proved themselves. */
export async function tcpPair(t: ExecutionContext<unknown>): Promise<[TcpTransport, TcpTransport]> {
  const sockets = await socketPair(t);
  const [one, two] = [new TcpTransport(sockets[0]), new TcpTransport(sockets[1])];
  t.teardown(() => {
    one.close('the test has ended');
    two.close('the test has ended');
  });
  one.proven();
  two.proven();
  return [one, two];
}
