// What a node proves itself with, and what the other end then knows about it.

import { createHmac } from 'node:crypto';
import { decode, encode } from '#shared/codec.ts';
import type { Ticket } from './message.ts';

/**
 * - cluster: a node of the same cluster; `key` is derived from the cluster's secret.
 * - ticket: a leaf of another cluster, with leave to follow one database.
 */
export type Credentials =
  | { readonly kind: 'cluster'; readonly key: Uint8Array }
  | { readonly kind: 'ticket'; readonly ticket: Ticket };

/** What a ticket says. Only its issuer's cluster can make or check one. */
export interface TicketClaims {
  /** The cluster that issued it. */
  readonly clusterId: string;
  /** The one database it lets its bearer follow. */
  readonly database: string;
  /** Milliseconds since 1970. A connection that began before goes on. */
  readonly expiresAtMs: number;
}

/** Who is at the other end of a connection that has proved itself. */
export type ConnectionIdentity =
  | { readonly kind: 'node' }
  | { readonly kind: 'ticket'; readonly claims: TicketClaims };

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return new Uint8Array(mac.digest());
}

/** The key that nodes of a cluster prove to each other, from the cluster's secret. 32 bytes. */
export function deriveClusterKey(secret: Uint8Array): Uint8Array {
  return hmac(secret, Buffer.from('twinleaf cluster key 1'));
}

/** The key that belongs to these claims: HMAC-SHA256(ticket key of the cluster, claims). */
export function deriveTicketKey(clusterKey: Uint8Array, claims: Uint8Array): Uint8Array {
  return hmac(hmac(clusterKey, Buffer.from('twinleaf ticket key 1')), claims);
}

/** A ticket that every node of the cluster with this key accepts until it expires. */
export function makeTicket(clusterKey: Uint8Array, claims: TicketClaims): Ticket {
  const bytes = encode(claims);
  return { claims: bytes, key: deriveTicketKey(clusterKey, bytes) };
}

/** The claims as data, or null when the bytes are none. They prove nothing by themselves. */
export function readClaims(bytes: Uint8Array): TicketClaims | null {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { clusterId, database, expiresAtMs } = value as Record<string, unknown>;
  if (typeof clusterId !== 'string' || typeof database !== 'string') return null;
  if (typeof expiresAtMs !== 'number') return null;
  return { clusterId, database, expiresAtMs };
}
