// The bounds of one connection between nodes, as both of its ends keep them.

import type { Departure } from './transport.ts';

/** Calls and streams under way on one connection. */
export const outstandingMax = 4096;
/** Items of one stream that may be on their way to a consumer that has not asked for them yet. */
export const streamWindowItems = 4;
/** The same of log records, most of whose items are small ones that come one by one. */
const subscriptionWindowItems = 16;
/** A connection is asked for a sign of life this often, in milliseconds. */
export const keepAliveIntervalMs = 3000;
/** So many intervals without a word from the other end: the connection is dead. */
export const silentIntervalsMax = 4;

/**
 * When the items of a stream leave, by its name. Log records go before the answer to their writer:
 * who has been told of a write and reads at the secondary is to find it there.
 */
export function departureOf(name: string): Departure {
  return name === 'subscribe' ? 'first' : 'tick';
}

/** The window of a stream by its name. */
export function windowOf(name: string): number {
  return name === 'subscribe' ? subscriptionWindowItems : streamWindowItems;
}
