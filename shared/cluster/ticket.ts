// A ticket: leave for the leaves of one cluster to follow one database of another.
//
// The primary's master aggregator signs claims with a key made from its cluster's secret; every
// node of that cluster can make the key again, nobody else can. The secondary gets claims and key
// through its login; its leaves send the claims, and prove the key in the mutual challenge.

import { createHmac, hkdfSync } from 'node:crypto';
import type { Ticket } from '#shared/wire/message.ts';
import { decode, encode } from '#shared/codec.ts';
import { databaseError } from '#shared/error.ts';

/** What a ticket says. */
export interface TicketClaims {
  /** The database at the primary that may be followed, and nothing else. */
  readonly database: string;
  /** The primary's cluster id. */
  readonly clusterId: string;
  /** The secondary's cluster id: every follower id of its links begins with it. */
  readonly follower: string;
  /** Milliseconds since 1970. A link that runs is not cut then; it cannot begin again. */
  readonly expiresAtMs: number;
}

/**
 * How long a ticket opens connections. It is renewed long before; the rest is how long links
 * begin again by themselves while a master aggregator is away.
 */
export const TICKET_LIFETIME_MS = 6 * 60 * 60 * 1000;

/** Claims longer than this are refused unread, in bytes. */
const claimsLengthMax = 4096;

function signingKey(clusterSecret: Uint8Array): Uint8Array {
  const salt = new Uint8Array(0);
  return new Uint8Array(hkdfSync('sha256', clusterSecret, salt, 'twinleaf ticket', 32));
}

/** The ticket's key, 32 bytes, as only the nodes that know the secret can make it. */
function ticketKey(clusterSecret: Uint8Array, claims: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', signingKey(clusterSecret)).update(claims).digest());
}

/** Signs the claims. */
export function issueTicket(clusterSecret: Uint8Array, claims: TicketClaims): Ticket {
  const bytes = encode(claims);
  return { claims: bytes, key: ticketKey(clusterSecret, bytes) };
}

/** The claims, not yet proved. Throws ticketRefused on anything that is not claims. */
function readTicketClaims(bytes: Uint8Array): TicketClaims {
  if (bytes.length > claimsLengthMax) {
    throw databaseError('ticketRefused', { reason: 'its claims are too long' });
  }
  const claims = decodeClaims(bytes);
  if (claims === null) throw databaseError('ticketRefused', { reason: 'it cannot be read' });
  return claims;
}

function decodeClaims(bytes: Uint8Array): TicketClaims | null {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { database, clusterId, follower, expiresAtMs } = value as Record<string, unknown>;
  if (typeof database !== 'string' || typeof clusterId !== 'string') return null;
  if (typeof follower !== 'string' || typeof expiresAtMs !== 'number') return null;
  return { database, clusterId, follower, expiresAtMs };
}

/**
 * What a leaf does with the claims of a connection before it answers the challenge: reads them,
 * refuses what has expired (ticketRefused), and gives the key that the other end must prove.
 */
export function admitTicket(
  clusterSecret: Uint8Array,
  claims: Uint8Array,
  nowMs: number,
): { readonly claims: TicketClaims; readonly key: Uint8Array } {
  const read = readTicketClaims(claims);
  if (read.expiresAtMs <= nowMs) {
    throw databaseError('ticketRefused', { reason: 'it has expired' });
  }
  return { claims: read, key: ticketKey(clusterSecret, claims) };
}

const askedByFollowers: ReadonlySet<string> = new Set([
  'subscribe',
  'acknowledge',
  'comparePosition',
  'askCheck',
  'checkContent',
]);

/**
 * May a connection that was opened with these claims make this call or stream? A ticket opens
 * `ping`, and of its database what its own follower asks the log sender.
 */
export function ticketPermits(claims: TicketClaims, name: string, request: unknown): boolean {
  if (name === 'ping') return true;
  if (!askedByFollowers.has(name)) return false;
  if (typeof request !== 'object' || request === null) return false;
  const { key, followerId } = request as Record<string, unknown>;
  if (typeof key !== 'object' || key === null || typeof followerId !== 'string') return false;
  const { database } = key as Record<string, unknown>;
  return database === claims.database && followerId.startsWith(`${claims.follower}/`);
}
