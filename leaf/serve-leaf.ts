// What a connection may ask of this leaf: a node of its cluster everything, a ticket little.

import { ticketPermits } from '#shared/cluster/ticket.ts';
import { databaseError } from '#shared/error.ts';
import type { ConnectionIdentity } from '#shared/wire/credentials.ts';
import type { LeafCalls, LeafService, LeafStreams } from '#shared/wire/message.ts';
import { ConnectionTransactions } from './connection-transactions.ts';
import { requestOf, type ReadShape } from '#shared/wire/read-shape.ts';
import type { ServeTo } from '#shared/wire/served.ts';
import { checkStream, checkValues } from './request-check.ts';

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
      prepareRead(shape) {
        if (typeof shape !== 'object' || shape === null) throw databaseError('malformedPacket', {});
        const probe = requestOf(shape as ReadShape, { ordinal: 0, parameters: [] });
        checkStream('readPackets', probe);
        return {
          now(values) {
            checkValues(values.parameters);
            const request = requestOf(shape as ReadShape, values);
            permit(identity, 'readPackets', request);
            return leaf.readPacketsNow?.(request) ?? null;
          },
          request: (values) => requestOf(shape as ReadShape, values),
        };
      },
      disconnected: () => void transactions.rollBackAll(),
    };
  };
}

function permit(identity: ConnectionIdentity, name: string, request: unknown): void {
  if (identity.kind === 'node' || ticketPermits(identity.claims, name, request)) return;
  throw databaseError('ticketRefused', { reason: `it does not give leave to '${name}'` });
}
