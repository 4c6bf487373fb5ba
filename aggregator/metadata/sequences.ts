// AUTO_INCREMENT numbers and hidden keys: taken from blocks that are reserved durably ahead.

import type { Sequences } from '#aggregator/aggregator-context.ts';
import { updateMetadata, type MetadataStore } from './metadata-store.ts';
import { keyWord } from './store-key.ts';
import { Turns } from '#shared/turns.ts';

/** Numbers reserved at a time, beyond what is asked for. After a crash they are skipped. */
const blockSize = 1000n;
/** Who asks for several numbers at once will ask so often for as many. */
const blockRepeats = 32n;

interface Sequence {
  /** The next number to give. Invariant: next <= limit. */
  next: bigint;
  /** The first number that is not reserved. */
  limit: bigint;
}

/** What the keys of all sequences begin with. */
export const sequencePrefix = 'sequence/';

function keyOf(database: string, tableId: number): string {
  return `${sequencePrefix}${keyWord(database)}/${tableId}`;
}

function hasRoom({ next, limit }: Sequence, count: number): boolean {
  return next + BigInt(count) <= limit;
}

function take(sequence: Sequence, count: number): bigint {
  const first = sequence.next;
  sequence.next = first + BigInt(count);
  return first;
}

/** Numbers of one aggregator rise, and are without gaps while it runs and no other takes any. */
export class StoredSequences implements Sequences {
  readonly #store: MetadataStore;
  readonly #sequences = new Map<string, Sequence>();
  readonly #turns = new Turns();

  constructor(store: MetadataStore) {
    this.#store = store;
  }

  /** At once, where so many are reserved. */
  allocate(database: string, tableId: number, count: number): bigint | Promise<bigint> {
    const key = keyOf(database, tableId);
    const known = this.#sequences.get(key);
    if (known !== undefined && this.#turns.isFree(key) && hasRoom(known, count)) {
      return take(known, count);
    }
    return this.#turns.inTurn(key, async () => {
      const sequence = await this.#open(key);
      if (!hasRoom(sequence, count)) {
        await this.#reserve(key, sequence, { least: 1n, count: BigInt(count) });
      }
      return take(sequence, count);
    });
  }

  giveBack(database: string, tableId: number, first: bigint, count: number): void {
    const key = keyOf(database, tableId);
    const known = this.#sequences.get(key);
    const isLast = known !== undefined && known.next === first + BigInt(count);
    if (isLast && this.#turns.isFree(key)) known.next = first;
  }

  async observe(database: string, tableId: number, value: bigint): Promise<void> {
    const key = keyOf(database, tableId);
    const known = this.#sequences.get(key);
    if (known !== undefined && value < known.next) return;
    await this.#turns.inTurn(key, async () => {
      const sequence = await this.#open(key);
      if (value < sequence.next) return;
      if (value < sequence.limit) sequence.next = value + 1n;
      else await this.#reserve(key, sequence, { least: value + 1n, count: 0n });
    });
  }

  /** The number that comes next, for SHOW CREATE TABLE; null before the first. */
  async next(database: string, tableId: number): Promise<bigint | null> {
    const key = keyOf(database, tableId);
    const known = this.#sequences.get(key);
    if (known !== undefined) return known.next;
    const entry = await this.#store.get(key);
    return entry === null ? null : (entry.value as bigint);
  }

  /** A dropped table's, or a dropped database's (`tableId` null), are gone. */
  async forget(database: string, tableId: number | null): Promise<void> {
    const prefix =
      tableId === null ? `${sequencePrefix}${keyWord(database)}/` : keyOf(database, tableId);
    for (const { key } of await this.#store.list(prefix)) {
      if (tableId !== null && key !== prefix) continue;
      await this.#store.delete(key);
      this.#sequences.delete(key);
    }
  }

  /** The numbers taken ahead are another table's now, or nobody's: this key was deleted. */
  drop(key: string): void {
    this.#sequences.delete(key);
  }

  async #open(key: string): Promise<Sequence> {
    const known = this.#sequences.get(key);
    if (known !== undefined) return known;
    const entry = await this.#store.get(key);
    const next = entry === null ? 1n : (entry.value as bigint);
    const sequence: Sequence = { next, limit: next };
    this.#sequences.set(key, sequence);
    return sequence;
  }

  /**
   * Takes a block of at least `count` numbers, none below `least`. It follows on the one before,
   * unless another aggregator has taken numbers since.
   */
  async #reserve(
    key: string,
    sequence: Sequence,
    { least, count }: { readonly least: bigint; readonly count: bigint },
  ): Promise<void> {
    let next = sequence.next;
    sequence.limit = await updateMetadata(this.#store, key, (value) => {
      const free = value === null ? 1n : (value as bigint);
      next = free === sequence.limit ? sequence.next : free;
      if (next < least) next = least;
      return next + (count > 1n ? count * blockRepeats : count) + blockSize;
    });
    sequence.next = next;
  }
}
