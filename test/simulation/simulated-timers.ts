// Stands in for node:timers/promises in the product's files: a turn of the loop is an event.

import { disk } from './simulated-disk.ts';

/** The next turn. */
export async function setImmediate(): Promise<void> {
  await disk.turn();
}

/** Nobody may wait in real time here. */
export async function setTimeout(): Promise<void> {
  throw new Error('a simulated node waits by its clock');
}
