// The answering end of a connection: runs what the other end asks for, and stops when told to.

import { AssertionError } from '#shared/assert.ts';
import { databaseError, DatabaseError, type WireError } from '#shared/error.ts';
import { toDatabaseError } from '#shared/to-database-error.ts';
import type { Logger } from '#shared/logger.ts';
import type { StoredValue } from '#shared/sql/column-type.ts';
import { departureOf, outstandingMax, streamWindowItems } from './peer-limits.ts';
import { shapesMax, type ServedRead } from './read-shape.ts';
import type { PeerMessage } from './peer-message.ts';
import type { ServedService } from './served.ts';
import type { Departure } from './transport.ts';

/** A stream that is being served. */
interface ServedStream {
  readonly abort: AbortController;
  readonly departure: Departure;
  /** Items that the consumer has asked for and not got. */
  credit: number;
  /** Wakes the producer, which waits for credit or its end. */
  wake: (() => void) | null;
}

export interface IncomingOptions {
  readonly service: ServedService;
  readonly logger: Logger;
  readonly send: (message: PeerMessage, departure?: Departure) => void;
  /** Resolves when the connection takes more. */
  readonly writable: () => Promise<void>;
}

type Request = PeerMessage & {
  kind: 'call' | 'stream' | 'credit' | 'cancel' | 'shape' | 'read';
};

/** Invariant: an item is asked of the service only when the consumer has asked for it. */
export class Incoming {
  readonly #options: IncomingOptions;
  readonly #closed = new AbortController();
  readonly #streams = new Map<number, ServedStream>();
  /** What each number stands for: a read, or why there is none. */
  readonly #shapes = new Map<number, ServedRead | WireError>();
  #callCount = 0;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  receive(message: Request): void {
    switch (message.kind) {
      case 'shape':
        return this.#defineShape(message);
      case 'read':
        return this.#serveRead(message);
      case 'call':
        void this.#serveCall(message);
        return;
      case 'stream':
        void this.#serveStream(message);
        return;
      case 'credit': {
        const stream = this.#streams.get(message.id);
        if (stream !== undefined) stream.credit += message.count;
        stream?.wake?.();
        return;
      }
      case 'cancel': {
        const stream = this.#streams.get(message.id);
        stream?.abort.abort();
        stream?.wake?.();
      }
    }
  }

  /** The connection is gone: streams end, calls run on for nobody. */
  close(): void {
    this.#closed.abort();
    for (const stream of this.#streams.values()) {
      stream.abort.abort();
      stream.wake?.();
    }
  }

  async #serveCall(message: PeerMessage & { kind: 'call' }): Promise<void> {
    const { id, name, request } = message;
    if (this.#full()) return this.#refuse(id);
    this.#callCount++;
    try {
      const value = await this.#options.service.call(name, request, this.#closed.signal);
      this.#options.send({ kind: 'reply', id, value });
    } catch (error) {
      this.#options.send({ kind: 'error', id, error: this.#toWire(name, error) });
    } finally {
      this.#callCount--;
    }
  }

  #defineShape({ number, shape }: PeerMessage & { kind: 'shape' }): void {
    const { service } = this.#options;
    if (number > shapesMax) return;
    try {
      if (service.prepareRead === undefined) throw databaseError('malformedPacket', {});
      this.#shapes.set(number, service.prepareRead(shape));
    } catch (error) {
      this.#shapes.set(number, this.#toWire('readPackets', error));
    }
  }

  /** A short read is answered at once and by one message; a long one is a stream as any other. */
  #serveRead({ id, number, ordinal, parameters }: PeerMessage & { kind: 'read' }): void {
    const read = this.#shapes.get(number) ?? databaseError('malformedPacket', {}).toWire();
    if ('errno' in read) return this.#options.send({ kind: 'error', id, error: read });
    if (this.#full() || this.#streams.has(id)) return this.#refuse(id);
    try {
      const values = { ordinal, parameters: parameters as readonly StoredValue[] };
      const batch = read.now(values);
      if (batch !== null) {
        const { count, packets } = batch;
        return this.#options.send({ kind: 'last', id, count, packets });
      }
      const request = read.request(values);
      const credit = streamWindowItems;
      void this.#serveStream({ kind: 'stream', id, name: 'readPackets', request, credit });
    } catch (error) {
      this.#options.send({ kind: 'error', id, error: this.#toWire('readPackets', error) });
    }
  }

  async #serveStream(message: PeerMessage & { kind: 'stream' }): Promise<void> {
    const { id, name, request, credit } = message;
    if (this.#full() || this.#streams.has(id)) return this.#refuse(id);
    const departure = departureOf(name);
    const stream: ServedStream = { abort: new AbortController(), departure, credit, wake: null };
    this.#streams.set(id, stream);
    try {
      const items = this.#options.service.stream(name, request, stream.abort.signal);
      await this.#produce(id, stream, items);
      if (!stream.abort.signal.aborted) this.#options.send({ kind: 'end', id });
    } catch (error) {
      if (stream.abort.signal.aborted) return;
      this.#options.send({ kind: 'error', id, error: this.#toWire(name, error) });
    } finally {
      this.#streams.delete(id);
    }
  }

  async #produce(id: number, stream: ServedStream, items: AsyncIterable<unknown>): Promise<void> {
    const iterator = items[Symbol.asyncIterator]();
    let done = false;
    try {
      while (await this.#mayProduce(stream)) {
        const next = await iterator.next();
        done = next.done === true;
        if (done || stream.abort.signal.aborted) return;
        stream.credit--;
        this.#options.send({ kind: 'item', id, item: next.value }, stream.departure);
      }
    } finally {
      if (!done) await iterator.return?.();
    }
  }

  /** Waits for credit and for room; false when the stream is to end. */
  async #mayProduce(stream: ServedStream): Promise<boolean> {
    await this.#options.writable();
    while (stream.credit <= 0 && !stream.abort.signal.aborted) {
      await new Promise<void>((resolve) => (stream.wake = resolve));
    }
    return !stream.abort.signal.aborted;
  }

  #full(): boolean {
    return this.#callCount + this.#streams.size >= outstandingMax;
  }

  #refuse(id: number): void {
    const reason = `more than ${outstandingMax} requests at once on one connection`;
    this.#options.send({
      kind: 'error',
      id,
      error: databaseError('internal', { reason }).toWire(),
    });
  }

  /** What the asking end is told. A failed assertion ends this process, as anywhere. */
  #toWire(name: string, error: unknown): WireError {
    if (error instanceof DatabaseError) return error.toWire();
    this.#options.logger.error('request failed', { request: name }, error);
    if (error instanceof AssertionError) {
      queueMicrotask(() => {
        throw error;
      });
    }
    return toDatabaseError(error).toWire();
  }
}
