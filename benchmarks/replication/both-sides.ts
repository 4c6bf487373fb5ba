// Have both sides the same rows? Counted and summed, before a figure is believed.

import type { ReplicatedPair } from './replicated-pair.ts';
import { waitUntil } from './wait-until.ts';

const SUMS = 'SELECT COUNT(*), SUM(order_id), SUM(line), SUM(item), SUM(price) FROM order_lines';

/** Waits until the secondary has this many rows; answers the seconds that it took. */
export async function waitForRows(
  pair: ReplicatedPair,
  rows: number,
  pollMs = 50,
): Promise<number> {
  const started = performance.now();
  const client = await pair.connectSecondary();
  await waitUntil(
    `${rows} rows at the secondary`,
    async () => {
      const counted = await client.query('SELECT COUNT(*) FROM order_lines');
      return Number(counted[0]?.[0]) >= rows;
    },
    pollMs,
  );
  await client.end();
  return (performance.now() - started) / 1000;
}

/** So many of the newest orders are looked for: some in each partition. */
const NEWEST = 64;

/**
 * Waits until the secondary has the newest of the orders from 1 to `last`, by a query that costs
 * the same however many rows there are, and then counts all rows.
 */
export async function waitForOrders(
  pair: ReplicatedPair,
  last: number,
  lines: number,
): Promise<void> {
  const client = await pair.connectSecondary();
  const count = Math.min(NEWEST, last);
  const ids = Array.from({ length: count }, (_, i) => last - i).join();
  const sql = `SELECT COUNT(*) FROM order_lines WHERE order_id IN (${ids})`;
  await waitUntil('the newest orders at the secondary', async () => {
    const counted = await client.query(sql);
    return Number(counted[0]?.[0]) >= count * lines;
  });
  await client.end();
  await waitForRows(pair, last * lines);
}

/** Throws when the sides differ, or have another number of rows. */
export async function verifyBothSides(pair: ReplicatedPair, rows: number): Promise<void> {
  const [primary, secondary] = await Promise.all([pair.connectPrimary(), pair.connectSecondary()]);
  const [ours, theirs] = await Promise.all([primary.query(SUMS), secondary.query(SUMS)]);
  await Promise.all([primary.end(), secondary.end()]);
  const [a, b] = [String(ours[0]), String(theirs[0])];
  if (a !== b) throw new Error(`${pair.name}: the primary has ${a}, the secondary ${b}`);
  if (Number(ours[0]?.[0]) !== rows) throw new Error(`${pair.name}: ${a} are not ${rows} rows`);
}
