// Where two logs part: the newest position that both have.

import type { Position } from '#shared/log/lsn.ts';
import type { Containment } from '#shared/wire/message.ts';
import type { Log } from '#leaf/log/log.ts';

/**
 * Asks the other log by halves. As LSNs rise it answers `dropped`, then `same`, then `different`
 * or `ahead`. Null when no position of this log is `same` there: the place where the histories
 * part is no longer in one of the logs.
 */
export async function findSharedPosition(
  log: Log,
  ask: (position: Position) => Promise<Containment>,
): Promise<Position | null> {
  const asked = async (lsn: bigint): Promise<Containment> => {
    await log.reader.prepare(lsn);
    return ask(log.reader.positionAt(lsn));
  };
  // The log may grow while the other one answers.
  const tail = log.tail;
  let high = tail.lsn;
  if ((await asked(high)) === 'same') return tail;
  let low = log.firstLsn - 1n;
  let found: Position | null = (await asked(low)) === 'same' ? log.reader.positionAt(low) : null;
  while (low + 1n < high) {
    const middle = (low + high) / 2n;
    const answer = await asked(middle);
    if (answer === 'same') found = log.reader.positionAt(middle);
    if (answer === 'same' || answer === 'dropped') low = middle;
    else high = middle;
  }
  return found;
}
