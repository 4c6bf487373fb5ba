// What a connection may ask of this leaf: a node of its cluster everything, a ticket little.

import { ticketPermits } from '#shared/cluster/ticket.ts';
import { databaseError } from '#shared/error.ts';
import type { ConnectionIdentity } from '#shared/wire/credentials.ts';
import type { LeafCalls, LeafService, LeafStreams } from '#shared/wire/message.ts';
import type { ServeTo } from '#shared/wire/served.ts';

/** The leaf as the network meets it. The leaf itself checks names and requests. */
export function serveLeaf(leaf: LeafService): ServeTo {
  return (identity) => ({
    async call(name, request, signal) {
      permit(identity, name, request);
      return leaf.call(name as keyof LeafCalls, request as never, signal);
    },
    async *stream(name, request, signal) {
      permit(identity, name, request);
      yield* leaf.stream(name as keyof LeafStreams, request as never, signal);
    },
  });
}

function permit(identity: ConnectionIdentity, name: string, request: unknown): void {
  if (identity.kind === 'node' || ticketPermits(identity.claims, name, request)) return;
  throw databaseError('ticketRefused', { reason: `it does not give leave to '${name}'` });
}
