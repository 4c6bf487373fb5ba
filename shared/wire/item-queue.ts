// The items of one stream between the connection that brings them and the consumer that asks.

import { databaseError } from '#shared/error.ts';
import { streamWindowItems } from './peer-limits.ts';

/** Invariant: at most a window of items waits here; a producer that sends more has failed. */
export class ItemQueue {
  #items: unknown[] = [];
  #error: Error | null = null;
  #ended = false;
  #endedByProducer = false;
  #wake: (() => void) | null = null;
  readonly #windowItems: number;

  constructor(windowItems = streamWindowItems) {
    this.#windowItems = windowItems;
  }

  /** True until the producer has ended, or the stream has failed. */
  get open(): boolean {
    return !this.#ended;
  }

  /** True when the producer knows already that this stream is over. */
  get endedByProducer(): boolean {
    return this.#endedByProducer;
  }

  push(item: unknown): void {
    if (this.#ended) return;
    if (this.#items.length > this.#windowItems) {
      const reason = 'a stream brought more items than were asked for';
      this.fail(databaseError('internal', { reason }));
      return;
    }
    this.#items.push(item);
    this.#wakeUp();
  }

  /** The producer is done; an error comes after the items that are here. */
  end(error: Error | null): void {
    this.#endedByProducer = true;
    this.#ended = true;
    this.#error ??= error;
    this.#wakeUp();
  }

  /** The stream is over at once; items that wait are dropped. */
  fail(error: Error): void {
    if (this.#endedByProducer && this.#items.length > 0) return;
    this.#items = [];
    this.#ended = true;
    this.#error ??= error;
    this.#wakeUp();
  }

  /** The next item, or null at the end. Throws the stream's error. */
  async take(): Promise<{ readonly item: unknown } | null> {
    while (this.#items.length === 0) {
      if (this.#error !== null) throw this.#error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return { item: this.#items.shift() };
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
