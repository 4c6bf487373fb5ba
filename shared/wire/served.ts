// A service without its types, as it meets the network: names and requests that must be checked.

import type { ConnectionIdentity } from './credentials.ts';
import type { ServedRead } from './read-shape.ts';

/** The untyped face of a Service (message.ts). */
export interface ServedService {
  call(name: string, request: unknown, signal?: AbortSignal): Promise<unknown>;
  stream(name: string, request: unknown, signal?: AbortSignal): AsyncIterable<unknown>;
  /**
   * The short way of the stream `readPackets`: a shape, checked once for all its reads. Absent:
   * there are none. Throws malformedPacket, or what refuses it.
   */
  prepareRead?(shape: unknown): ServedRead;
  /** The connection has ended: what it held is let go. */
  disconnected?(): void;
}

/**
 * What a connection may ask for, decided once it has proved who it is. The service must check
 * every name and request that reaches it.
 */
export type ServeTo = (identity: ConnectionIdentity) => ServedService;
