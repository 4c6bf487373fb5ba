// What a node proves itself with, and what the other end then knows about it.

import type { TicketClaims } from '#shared/cluster/ticket.ts';
import type { Ticket } from './message.ts';

/**
 * - cluster: a node of the same cluster, which holds the cluster's secret (32 bytes).
 * - ticket: a leaf of another cluster, with leave to follow one database.
 */
export type Credentials =
  | { readonly kind: 'cluster'; readonly secret: Uint8Array }
  | { readonly kind: 'ticket'; readonly ticket: Ticket };

/** Who is at the other end of a connection that has proved itself. */
export type ConnectionIdentity =
  { readonly kind: 'node' } | { readonly kind: 'ticket'; readonly claims: TicketClaims };
