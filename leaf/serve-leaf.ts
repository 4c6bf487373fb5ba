// What a connection may ask of this leaf: a node of its cluster everything, a ticket little.

import { ticketPermits } from '#shared/cluster/ticket.ts';
import { databaseError } from '#shared/error.ts';
import type { ConnectionIdentity } from '#shared/wire/credentials.ts';
import type { LeafCalls, LeafService, LeafStreams } from '#shared/wire/message.ts';
import { ConnectionTransactions } from './connection-transactions.ts';
import type { ServeTo } from '#shared/wire/served.ts';

/**
 * The leaf as the network meets it. The leaf itself checks names and requests. A node that goes
 * away leaves no lock behind: its open transactions are rolled back.
 */
export function serveLeaf(leaf: LeafService): ServeTo {
  return (identity) => {
    const transactions = new ConnectionTransactions(leaf);
    return {
      async call(name, request, signal) {
        permit(identity, name, request);
        const answer = leaf.call(name as keyof LeafCalls, request as never, signal);
        transactions.note(name, request);
        return answer;
      },
      async *stream(name, request, signal) {
        permit(identity, name, request);
        const items = leaf.stream(name as keyof LeafStreams, request as never, signal);
        transactions.note(name, request);
        yield* items;
      },
      disconnected: () => void transactions.rollBackAll(),
    };
  };
}

function permit(identity: ConnectionIdentity, name: string, request: unknown): void {
  if (identity.kind === 'node' || ticketPermits(identity.claims, name, request)) return;
  throw databaseError('ticketRefused', { reason: `it does not give leave to '${name}'` });
}
