// The network of a world: every message takes its time, connections are cut, nodes fall silent.

import { decode, encode } from '#shared/codec.ts';
import { databaseError } from '#shared/error.ts';
import type { LeafService } from '#shared/wire/message.ts';
import type { ServedService } from '#shared/wire/served.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** One end of connections: a leaf, or an aggregator that only asks. */
export interface NetworkNode {
  readonly name: string;
  readonly isAlive: boolean;
  /** What it answers on one connection; null for one that answers nothing. */
  serve(): ServedService | null;
}

/** What happens to an item of a stream on its way. */
export type Tamper = (item: unknown) => unknown;

/** Items of a stream that are on their way at once. */
const windowItems = 4;

export class SimulatedNetwork {
  readonly #clock: SimulatedClock;
  readonly #nodes = new Map<string, NetworkNode>();
  readonly #connections = new Set<SimulatedConnection>();
  /** The longest that a message takes, in milliseconds. */
  latencyMsMax = 2;
  tamper: Tamper | null = null;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  add(node: NetworkNode): void {
    this.#nodes.set(node.name, node);
  }

  /** True while the two sites hear nothing of each other. */
  isApart = false;

  /** Nothing passes between nodes whose names begin with different letters. */
  partSites(): void {
    this.isApart = true;
    for (const connection of [...this.#connections]) {
      if (connection.crossesSites) connection.cut();
    }
  }

  heal(): void {
    this.isApart = false;
    this.latencyMsMax = 2;
    this.tamper = null;
  }

  /** Every connection of the node ends, or (null) one of all connections, by chance. */
  cut(name: string | null): void {
    const all = [...this.#connections];
    if (name === null) {
      if (all.length > 0) this.#clock.chance.pick(all).cut();
      return;
    }
    for (const connection of all) if (connection.touches(name)) connection.cut();
  }

  /** Rejects with leafUnreachable. */
  async dial(from: NetworkNode, to: string): Promise<SimulatedConnection> {
    await this.travel();
    const node = this.#nodes.get(to);
    const service = node?.isAlive === true ? node.serve() : null;
    if (node === undefined || service === null || this.#isApartFrom(from.name, to)) {
      await this.#clock.sleep(this.#clock.chance.below(200));
      throw databaseError('leafUnreachable', { leaf: to, reason: 'connection refused' });
    }
    const connection = new SimulatedConnection(this, from, { node, service });
    this.#connections.add(connection);
    return connection;
  }

  #isApartFrom(one: string, other: string): boolean {
    return this.isApart && one.charAt(0) !== other.charAt(0);
  }

  /** The time that a message takes. */
  async travel(): Promise<void> {
    await this.#clock.sleep(this.#clock.chance.unit() * this.latencyMsMax);
  }

  forget(connection: SimulatedConnection): void {
    this.#connections.delete(connection);
  }
}

/** As a Peer between two nodes: calls, streams with a window, and an end. */
export class SimulatedConnection implements LeafService {
  readonly #network: SimulatedNetwork;
  readonly #from: NetworkNode;
  readonly #to: NetworkNode;
  readonly #service: ServedService;
  readonly #closed = new AbortController();

  constructor(
    network: SimulatedNetwork,
    from: NetworkNode,
    to: { readonly node: NetworkNode; readonly service: ServedService },
  ) {
    this.#network = network;
    this.#from = from;
    this.#to = to.node;
    this.#service = to.service;
  }

  get isOpen(): boolean {
    return !this.#closed.signal.aborted;
  }

  get crossesSites(): boolean {
    return this.#from.name.charAt(0) !== this.#to.name.charAt(0);
  }

  touches(name: string): boolean {
    return this.#from.name === name || this.#to.name === name;
  }

  /** The connection is lost, for both ends. */
  cut(): void {
    if (!this.isOpen) return;
    this.#network.forget(this);
    this.#closed.abort(
      databaseError('leafUnreachable', { leaf: this.#to.name, reason: 'connection lost' }),
    );
    if (this.#to.isAlive) this.#service.disconnected?.();
  }

  close(): void {
    this.cut();
  }

  async call<K extends keyof LeafCallTable & string>(
    name: K,
    request: LeafCallTable[K],
    signal?: AbortSignal,
  ): Promise<never> {
    const sent = decode(encode(request));
    const answer = await this.#orLost(signal, async () => {
      await this.#network.travel();
      if (!this.isOpen) await never();
      const reply = await this.#settled(async () => this.#service.call(name, sent));
      await this.#network.travel();
      return reply;
    });
    if (answer.kind === 'failed') throw answer.error;
    return decode(encode(answer.value)) as never;
  }

  async *stream(name: string, request: unknown, signal?: AbortSignal): AsyncGenerator<never> {
    if (!this.isOpen) throw this.#closed.signal.reason;
    const sent = decode(encode(request));
    const ended = new AbortController();
    const over = AbortSignal.any([
      this.#closed.signal,
      ended.signal,
      ...(signal === undefined ? [] : [signal]),
    ]);
    const items = this.#service.stream(name, sent, over)[Symbol.asyncIterator]();
    const queue: Promise<Arrival>[] = [];
    let last: Promise<unknown> = this.#network.travel();
    const ask = () => {
      const arrival = this.#arrive(items, last);
      last = arrival;
      queue.push(arrival);
    };
    try {
      for (let count = 0; count < windowItems; count++) ask();
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const arrived = await this.#orLost(signal, () => next as Promise<Arrival>);
        if (arrived.kind === 'failed') throw arrived.error;
        if (arrived.kind === 'end') return;
        yield arrived.item as never;
        ask();
      }
    } finally {
      ended.abort();
      if (this.#to.isAlive) void this.#settled(async () => items.return?.());
    }
  }

  /** The next item, after the one before it. */
  async #arrive(items: AsyncIterator<unknown>, before: Promise<unknown>): Promise<Arrival> {
    await before;
    const next = await this.#settled(async () => items.next());
    await this.#network.travel();
    if (!this.isOpen) return never();
    if (next.kind === 'failed') return next;
    if (next.value.done === true) return { kind: 'end' };
    const item = decode(encode(next.value.value));
    return { kind: 'item', item: this.#network.tamper?.(item) ?? item };
  }

  /** What it comes to; nothing ever, where the other end dies meanwhile. */
  async #settled<T>(work: () => Promise<T>): Promise<Settled<T>> {
    try {
      const value = await work();
      if (!this.#to.isAlive) return await never();
      return { kind: 'value', value };
    } catch (error) {
      if (!this.#to.isAlive) return await never();
      return { kind: 'failed', error };
    }
  }

  /** Rejects when the connection is lost or the signal fires; never settles for a dead asker. */
  async #orLost<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const lost = () => reject(this.#closed.signal.reason);
    const abandoned = () => reject(databaseError('queryInterrupted', {}));
    if (!this.isOpen) throw this.#closed.signal.reason;
    if (signal?.aborted === true) throw databaseError('queryInterrupted', {});
    this.#closed.signal.addEventListener('abort', lost, { once: true });
    signal?.addEventListener('abort', abandoned, { once: true });
    try {
      return await Promise.race([work(), promise]);
    } finally {
      this.#closed.signal.removeEventListener('abort', lost);
      signal?.removeEventListener('abort', abandoned);
      if (!this.#from.isAlive) await never();
    }
  }
}

type LeafCallTable =
  Parameters<LeafService['call']> extends [infer K extends string, ...infer _]
    ? Record<K, never>
    : never;

type Settled<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown };

type Arrival =
  | { readonly kind: 'item'; readonly item: unknown }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'end' };

function never(): Promise<never> {
  return new Promise(() => undefined);
}
