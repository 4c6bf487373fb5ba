// Primary side of a check: the snapshots that followers compare themselves with, while they ask.

import type { Clock, Timer } from '#shared/clock.ts';
import { databaseError } from '#shared/error.ts';
import type { CheckItem, ContentAnswer, ContentAsk } from '#shared/wire/content-message.ts';
import type { ContentReader, ContentSnapshot } from '#leaf/partition/content-reader.ts';
import type { Partition } from '#leaf/partition/partition.ts';

/** A snapshot that nobody asks for so long is closed: it keeps SQLite's WAL from being reused. */
const unaskedMsMax = 60_000;

interface ServedCheck {
  readonly id: string;
  readonly snapshot: ContentSnapshot;
  /** Null while a question is being answered. */
  timer: Timer | null;
}

export class ServedChecks {
  readonly #clock: Clock;
  readonly #content: ContentReader;
  /** At most one of each follower. */
  readonly #served = new Map<string, ServedCheck>();

  constructor(clock: Clock, content: ContentReader) {
    this.#clock = clock;
    this.#content = content;
  }

  /** A snapshot of what is visible now; the item to send once all records up to it are sent. */
  async open(partition: Partition, followerId: string): Promise<CheckItem> {
    await this.close(followerId);
    const snapshot = await this.#content.open(partition.filePath);
    const id = Buffer.from(this.#clock.randomBytes(9)).toString('hex');
    const check: ServedCheck = { id, snapshot, timer: null };
    this.#served.set(followerId, check);
    this.#expireLater(followerId, check);
    return { kind: 'check', id, position: snapshot.position };
  }

  /** Throws linkProtocol when that check is over. */
  async answer(followerId: string, checkId: string, ask: ContentAsk): Promise<ContentAnswer> {
    const check = this.#served.get(followerId);
    if (check === undefined || check.id !== checkId) {
      throw databaseError('linkProtocol', { reason: 'the check that is asked for is over' });
    }
    if (ask.kind === 'close') {
      await this.close(followerId);
      return { kind: 'closed' };
    }
    check.timer?.cancel();
    check.timer = null;
    try {
      return await check.snapshot.ask(ask);
    } finally {
      if (this.#served.get(followerId) === check) this.#expireLater(followerId, check);
    }
  }

  async close(followerId: string): Promise<void> {
    const check = this.#served.get(followerId);
    if (check === undefined) return;
    this.#served.delete(followerId);
    check.timer?.cancel();
    await check.snapshot.close();
  }

  #expireLater(followerId: string, check: ServedCheck): void {
    check.timer = this.#clock.after(unaskedMsMax, () => void this.#expire(followerId, check));
  }

  async #expire(followerId: string, check: ServedCheck): Promise<void> {
    if (this.#served.get(followerId) === check) await this.close(followerId);
  }
}
