// When is the first copy of a database one state of it, though each partition came by itself?
//
// A snapshot may hold its part of a transaction that another partition, copied a moment before,
// does not have yet, and the log behind the snapshot cannot take it back. So once all snapshots are
// in, every primary is asked what it has: when that has come, too, each transaction of them has.

import type { LSN } from '#shared/log/lsn.ts';
import type { PartitionStatus } from '#shared/wire/message.ts';

type Masters = ReadonlyMap<number, PartitionStatus>;

/** Asked again and again until it is whole. */
export class FirstCopy {
  /** By ordinal: what the primaries had after the last snapshot; null before. */
  #wanted: ReadonlyMap<number, LSN> | null = null;

  /**
   * `masters`: the status of every partition. `ask`: what a partition's primary has now, or null
   * while it cannot be asked.
   */
  async isWhole(
    masters: Masters,
    ask: (ordinal: number, key: PartitionStatus['key']) => Promise<LSN | null>,
  ): Promise<boolean> {
    const inProgress = [...masters.values()].some(
      ({ state }) => state === 'provisioning' || state === 'recovering',
    );
    if (inProgress) {
      this.#wanted = null;
      return false;
    }
    const wanted = this.#wanted ?? (await askAll(masters, ask));
    this.#wanted = wanted;
    if (wanted === null) return false;
    return [...masters].every(([ordinal, { tail }]) => tail.lsn >= (wanted.get(ordinal) ?? 0n));
  }
}

async function askAll(
  masters: Masters,
  ask: (ordinal: number, key: PartitionStatus['key']) => Promise<LSN | null>,
): Promise<ReadonlyMap<number, LSN> | null> {
  const tails = await Promise.all(
    [...masters].map(async ([ordinal, { key }]) => [ordinal, await ask(ordinal, key)] as const),
  );
  const known = tails.flatMap(([ordinal, lsn]) => (lsn === null ? [] : [[ordinal, lsn] as const]));
  return known.length === tails.length ? new Map(known) : null;
}
