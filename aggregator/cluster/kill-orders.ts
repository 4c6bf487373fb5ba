// KILL from one aggregator to another: the master passes it on to the one that holds the client.

import { databaseError, type DatabaseError } from '#shared/error.ts';
import type { KillOrder, NumberedKillOrder } from '#shared/wire/message.ts';
import { connectionOwner } from './connection-owner.ts';
import { WaitingQueue } from './waiting-queue.ts';

interface Waiting {
  readonly nodeId: number;
  readonly settle: (refusal: DatabaseError | null) => void;
}

/** Those that are connected take orders; what each answers goes back to who asked. */
export class KillOrders {
  readonly #takers = new Map<number, WaitingQueue<NumberedKillOrder>>();
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  /** Resolves when it is done. Throws killDenied, and noSuchThread where its holder is away too. */
  async send(order: KillOrder): Promise<void> {
    const nodeId = connectionOwner(order.id);
    const taker = this.#takers.get(nodeId);
    if (taker === undefined) throw databaseError('noSuchThread', { id: String(order.id) });
    const number = ++this.#count;
    const { promise, resolve } = Promise.withResolvers<DatabaseError | null>();
    this.#waiting.set(number, { nodeId, settle: resolve });
    taker.push({ ...order, number });
    const refusal = await promise;
    this.#waiting.delete(number);
    if (refusal !== null) throw refusal;
  }

  /** What became of an order, said by the aggregator that took it. */
  answer(number: number, refusal: DatabaseError | null): void {
    this.#waiting.get(number)?.settle(refusal);
  }

  /** The orders for one aggregator, for ever, until `signal` fires. */
  async *take(nodeId: number, signal: AbortSignal): AsyncGenerator<NumberedKillOrder> {
    const queue = new WaitingQueue<NumberedKillOrder>();
    this.#takers.set(nodeId, queue);
    try {
      yield* queue.take(signal);
    } finally {
      if (this.#takers.get(nodeId) === queue) this.#takers.delete(nodeId);
      this.#giveUp(nodeId);
    }
  }

  /** The aggregator is gone, and its connections with it. */
  #giveUp(nodeId: number): void {
    for (const waiting of this.#waiting.values()) {
      if (waiting.nodeId === nodeId) waiting.settle(null);
    }
  }
}
