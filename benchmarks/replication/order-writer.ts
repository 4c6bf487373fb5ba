// Writes orders at the primary: at a steady rate, or as fast as its connections can.

import { realClock } from '#shared/clock.ts';
import { insertOrder, type PairClient, type ReplicatedPair } from './replicated-pair.ts';

const CONNECTIONS = 8;
/** How often the writer looks whether it is time, in milliseconds. */
const TICK_MS = 1;

export class OrderWriter {
  readonly #clients: readonly PairClient[];
  readonly #free: PairClient[];
  readonly linesPerOrder: number;
  /** The order that comes next. */
  #next = 1;
  #written = 0;
  #failure: unknown = null;

  private constructor(clients: readonly PairClient[], linesPerOrder: number) {
    this.#clients = clients;
    this.#free = [...clients];
    this.linesPerOrder = linesPerOrder;
  }

  static async open(pair: ReplicatedPair, linesPerOrder: number): Promise<OrderWriter> {
    const clients = Array.from({ length: CONNECTIONS }, () => pair.connectPrimary());
    return new OrderWriter(await Promise.all(clients), linesPerOrder);
  }

  /** Orders that were acknowledged since the beginning. */
  get written(): number {
    return this.#written;
  }

  /**
   * Writes `perSecond` orders a second, or fewer when the server is slower: how many a second it
   * were is answered. `onCommit` is told of each as it is acknowledged.
   */
  async writeAtRate(
    perSecond: number,
    seconds: number,
    onCommit: (orderId: number) => void = () => undefined,
  ): Promise<number> {
    const before = this.#written;
    const started = realClock.monotonicMs();
    const end = started + seconds * 1000;
    let begun = 0;
    for (let now = started; now < end; now = realClock.monotonicMs()) {
      const due = Math.floor(((now - started) / 1000) * perSecond);
      for (; begun < due && this.#free.length > 0; begun++) void this.#write(onCommit);
      // What no connection was free for is not made up for later.
      begun = Math.max(begun, due - CONNECTIONS);
      await realClock.sleep(TICK_MS);
    }
    await this.#idle();
    return ((this.#written - before) * 1000) / (realClock.monotonicMs() - started);
  }

  /** Writes so many orders as fast as it can. */
  async writeMany(count: number): Promise<void> {
    const last = this.#next + count;
    await Promise.all(
      this.#clients.map(async (client) => {
        while (this.#next < last) {
          await client.query(insertOrder(this.#next++, this.linesPerOrder));
          this.#written += 1;
        }
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }

  async #write(onCommit: (orderId: number) => void): Promise<void> {
    const client = this.#free.pop();
    if (client === undefined) return;
    const orderId = this.#next++;
    try {
      await client.query(insertOrder(orderId, this.linesPerOrder));
      this.#written += 1;
      onCommit(orderId);
    } catch (error) {
      this.#failure ??= error;
    }
    this.#free.push(client);
  }

  async #idle(): Promise<void> {
    while (this.#free.length < this.#clients.length) await realClock.sleep(TICK_MS);
    if (this.#failure !== null) throw this.#failure;
  }
}
