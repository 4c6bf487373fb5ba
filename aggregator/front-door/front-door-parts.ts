// What every connection of a front door shares, given once at its construction.

import type { Socket } from 'node:net';
import type { QueryEngine } from '#aggregator/query-engine.ts';
import type { SessionRegistry } from '#aggregator/session-registry.ts';
import type { GlobalVariables } from '#aggregator/session-variables.ts';
import type { Clock } from '#shared/clock.ts';
import type { Logger } from '#shared/logger.ts';
import type { AccountDirectory } from './login.ts';
import type { FullAuthentication } from './full-authentication.ts';
import type { Nonces } from './nonces.ts';
import type { SharedFlush } from './shared-flush.ts';
import type { ServerTls } from './server-tls.ts';

export interface FrontDoorParts {
  readonly engine: QueryEngine;
  readonly accounts: AccountDirectory;
  readonly variables: GlobalVariables;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent or null: no client is offered TLS. */
  readonly tls?: ServerTls | null;
  /** What the greeting says, `8.0.36-twinleaf-…`. */
  readonly serverVersion: string;
  /**
   * Takes the socket of a node that joins through this port, and its first packet's payload. The
   * socket is paused and holds what was not read; it begins to flow when this returns.
   */
  readonly onNodeConnection: (socket: Socket, firstPacket: Buffer) => void;
}

/** And what the front door itself keeps for all of them. */
export interface ConnectionParts extends FrontDoorParts {
  readonly full: FullAuthentication;
  readonly nonces: Nonces;
  /** What the connections that go on are read into, one after another. */
  readonly readBuffer: Buffer;
  /** Where short answers of connections wait for each other. */
  readonly sharedFlush: SharedFlush;
}
