// What a connection may ask of a leaf: a node of its cluster everything, a ticket little.

import { ticketPermits } from '#shared/cluster/ticket.ts';
import { databaseError } from '#shared/error.ts';
import type { ConnectionIdentity } from './credentials.ts';
import type { LeafCalls, LeafService, LeafStreams } from './message.ts';
import { checkLeafCall, checkLeafStream } from './request-check.ts';
import type { ServedService, ServeTo } from './served.ts';

/** The leaf as the network meets it: each request is checked and permitted before it arrives. */
export function serveLeaf(leaf: LeafService): ServeTo {
  return (identity) => serveLeafTo(leaf, identity);
}

function serveLeafTo(leaf: LeafService, identity: ConnectionIdentity): ServedService {
  function permit(name: string, request: unknown): void {
    if (identity.kind === 'node') return;
    if (ticketPermits(identity.claims, name, request)) return;
    throw databaseError('ticketRefused', { reason: `it does not give leave to '${name}'` });
  }
  return {
    async call(name, request, signal) {
      permit(name, request);
      checkLeafCall<keyof LeafCalls>(name, request);
      return leaf.call(name as keyof LeafCalls, request, signal);
    },
    async *stream(name, request, signal) {
      permit(name, request);
      checkLeafStream<keyof LeafStreams>(name, request);
      yield* leaf.stream(name as keyof LeafStreams, request, signal);
    },
  };
}
