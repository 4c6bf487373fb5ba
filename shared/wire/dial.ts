// Opens one connection to a node: reach it, prove ourselves, and ask.

import { connect, type Socket } from 'node:net';
import type { Clock } from '#shared/clock.ts';
import { addressText, type Address } from '#shared/cluster/topology.ts';
import { databaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import type { Credentials } from './credentials.ts';
import type { LeafService, MasterService } from './message.ts';
import { HandshakeError, proveToListener } from './mutual-challenge.ts';
import { upgradeConnection } from './node-upgrade.ts';
import { Peer } from './peer.ts';
import { TcpTransport } from './tcp-transport.ts';

/** A node that does not take the connection within this many milliseconds is unreachable. */
const connectTimeoutMs = 5000;

export interface DialOptions {
  readonly address: Address;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Fires: the attempt ends. */
  readonly signal?: AbortSignal;
}

/** An open connection, which the caller closes. */
export interface Connection {
  /** Resolves with the reason when the connection is over. Never rejects. */
  readonly closed: Promise<string>;
  close(): void;
}

/** The leaf at the address. Throws leafUnreachable, which names it and says why. */
export async function dial(options: DialOptions): Promise<LeafService & Connection> {
  return asLeaf(await connectPeer(options, false));
}

/** The master aggregator whose MySQL port is at the address. Throws leafUnreachable. */
export async function dialMaster(options: DialOptions): Promise<MasterService & Connection> {
  return asMaster(await connectPeer(options, true));
}

function asLeaf(peer: Peer): LeafService & Connection {
  return {
    call: ((name: string, request: unknown, signal?: AbortSignal) =>
      peer.call(name, request, signal)) as LeafService['call'],
    stream: ((name: string, request: unknown, signal?: AbortSignal) =>
      peer.stream(name, request, signal)) as LeafService['stream'],
    readPackets: (request, signal) => peer.readPackets(request, signal),
    closed: peer.closed,
    close: () => peer.close(),
  };
}

function asMaster(peer: Peer): MasterService & Connection {
  return {
    call: ((name: string, request: unknown, signal?: AbortSignal) =>
      peer.call(name, request, signal)) as MasterService['call'],
    stream: ((name: string, request: unknown, signal?: AbortSignal) =>
      peer.stream(name, request, signal)) as MasterService['stream'],
    closed: peer.closed,
    close: () => peer.close(),
  };
}

async function connectPeer(options: DialOptions, throughMysqlPort: boolean): Promise<Peer> {
  const { address, credentials, clock, logger } = options;
  const leaf = addressText(address);
  let socket: Socket | null = null;
  try {
    socket = await connectSocket(options);
    if (throughMysqlPort) await upgradeConnection(socket, clock);
    const transport = new TcpTransport(socket, leaf);
    await proveToListener(transport, credentials, clock);
    transport.proven();
    return new Peer({ transport, clock, logger, service: null });
  } catch (error) {
    socket?.destroy();
    if (options.signal?.aborted === true) throw databaseError('queryInterrupted', {});
    throw databaseError('leafUnreachable', { leaf, reason: reasonOf(error) }, error);
  }
}

async function connectSocket(options: DialOptions): Promise<Socket> {
  const { address, clock, signal } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: address.host, port: address.port, noDelay: true });
  const late = `no answer within ${connectTimeoutMs} ms`;
  const timer = clock.after(connectTimeoutMs, () => socket.destroy(new HandshakeError(late)));
  const abort = () => socket.destroy(new HandshakeError('interrupted'));
  signal?.addEventListener('abort', abort, { once: true });
  socket.once('connect', resolve).once('error', reject);
  try {
    if (signal?.aborted === true) abort();
    await promise;
    return socket;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', abort);
    socket.off('error', reject);
    // An error between here and the transport's own listener has nobody to tell, and ends nothing.
    socket.on('error', () => undefined);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : null;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'host name not found';
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'no route to it';
  return error.message === '' ? String(code ?? error.name) : error.message;
}
