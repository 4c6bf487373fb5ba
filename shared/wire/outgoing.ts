// The asking end of a connection: calls and streams that wait for the other end.

import { databaseError, DatabaseError } from '#shared/error.ts';
import { Abandonments } from './abandonments.ts';
import type { LeafStreams } from './message.ts';
import type { PacketAnswer, PacketBatch } from './packet-batch.ts';
import { ReadShapes } from './read-shape.ts';
import { outstandingMax, streamWindowItems, windowOf } from './peer-limits.ts';
import type { PeerMessage } from './peer-message.ts';
import { ItemQueue } from './item-queue.ts';

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type ReadRequest = LeafStreams['readPackets']['request'];
type Answer = PeerMessage & { kind: 'reply' | 'error' | 'item' | 'end' | 'last' };

/** A stream that the other end was asked for. */
interface AskedStream {
  readonly id: number;
  readonly queue: ItemQueue;
  readonly window: number;
}

/** A read whose first message has not come. */
interface PendingRead {
  readonly signal: AbortSignal | undefined;
  /** Ends the waiting for the signal. */
  readonly leave: (() => void) | null;
  resolve(answer: PacketAnswer): void;
  reject(error: Error): void;
}

/** Gives every call and stream a number and hands the answers to whoever waits for them. */
export class Outgoing {
  readonly #send: (message: PeerMessage) => void;
  /** Names the other end in errors: `host:port`. */
  readonly #peer: string;
  readonly #calls = new Map<number, PendingCall>();
  readonly #streams = new Map<number, ItemQueue>();
  readonly #reads = new Map<number, PendingRead>();
  readonly #shapes = new ReadShapes();
  readonly #abandonments = new Abandonments();
  #nextId = 1;
  #closeReason: string | null = null;

  constructor(peer: string, send: (message: PeerMessage) => void) {
    this.#peer = peer;
    this.#send = send;
  }

  /** Requests that wait for their answers. */
  get size(): number {
    return this.#calls.size + this.#streams.size + this.#reads.size;
  }

  async call(name: string, request: unknown, signal?: AbortSignal): Promise<unknown> {
    this.#checkOpen(signal);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#calls.set(id, { resolve, reject });
    const abandon = () => reject(interruption(signal));
    signal?.addEventListener('abort', abandon, { once: true });
    try {
      this.#send({ kind: 'call', id, name, request });
      return await promise;
    } finally {
      signal?.removeEventListener('abort', abandon);
      this.#calls.delete(id);
    }
  }

  /** Asked for with the first item; its consumer's end cancels it. */
  stream(name: string, request: unknown, signal?: AbortSignal): AsyncGenerator<unknown> {
    const ask = (): AskedStream => {
      this.#checkOpen(signal);
      const id = this.#nextId++;
      const window = windowOf(name);
      const queue = new ItemQueue(window);
      this.#streams.set(id, queue);
      this.#send({ kind: 'stream', id, name, request, credit: window });
      return { id, queue, window };
    };
    return this.#items(ask, signal);
  }

  async *#items(ask: () => AskedStream, signal?: AbortSignal): AsyncGenerator<unknown> {
    const { id, queue, window } = ask();
    const creditItems = window / 2;
    const abandon = () => queue.fail(interruption(signal));
    if (signal?.aborted === true) abandon();
    signal?.addEventListener('abort', abandon, { once: true });
    try {
      for (let taken = 1; ; taken += 1) {
        const next = await queue.take();
        if (next === null) return;
        // Half a window at a time: the other half is under way meanwhile.
        if (queue.open && taken === creditItems) {
          this.#send({ kind: 'credit', id, count: creditItems });
          taken = 0;
        }
        yield next.item;
      }
    } finally {
      signal?.removeEventListener('abort', abandon);
      this.#streams.delete(id);
      if (!queue.endedByProducer && this.#closeReason === null) this.#send({ kind: 'cancel', id });
    }
  }

  /** A read of packets, which is most often answered by one message. */
  read(request: ReadRequest, signal?: AbortSignal): Promise<PacketAnswer> {
    this.#checkOpen(signal);
    const number = this.#shapes.numberOf(request, (defined, shape) => {
      this.#send({ kind: 'shape', number: defined, shape });
    });
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<PacketAnswer>();
    const abandon = () => this.#abandonRead(id, reject, signal);
    const leave = signal === undefined ? null : this.#abandonments.add(signal, abandon);
    this.#reads.set(id, { resolve, reject, leave, signal });
    const { ordinal } = request.key;
    const { parameters } = request.statement;
    this.#send({ kind: 'read', id, number, ordinal, parameters });
    return promise;
  }

  #abandonRead(id: number, reject: (error: Error) => void, signal?: AbortSignal): void {
    if (this.#reads.delete(id)) this.#send({ kind: 'cancel', id });
    reject(interruption(signal));
  }

  /** The first message of a read: its only one, or the first of a stream. */
  #answerRead(read: PendingRead, message: Answer): void {
    const { signal } = read;
    this.#reads.delete(message.id);
    read.leave?.();
    switch (message.kind) {
      case 'error':
        read.reject(new DatabaseError(message.error));
        return;
      case 'item': {
        const queue = new ItemQueue();
        this.#streams.set(message.id, queue);
        const asked = { id: message.id, queue, window: streamWindowItems };
        const rest = this.#items(() => asked, signal) as AsyncGenerator<PacketBatch>;
        this.#send({ kind: 'credit', id: message.id, count: 1 });
        read.resolve({ first: toBatch(message.item), rest });
        return;
      }
      case 'last': {
        const { packets, count } = message;
        read.resolve({ first: { packets, count }, rest: null });
        return;
      }
      case 'end':
      case 'reply':
        read.resolve({ first: { packets: new Uint8Array(), count: 0 }, rest: null });
    }
  }

  /** An answer has come. One that nobody waits for any more is dropped. */
  receive(message: Answer): void {
    const read = this.#reads.get(message.id);
    if (read !== undefined) return this.#answerRead(read, message);
    switch (message.kind) {
      case 'reply':
        this.#calls.get(message.id)?.resolve(message.value);
        return;
      case 'error': {
        const error = new DatabaseError(message.error);
        this.#calls.get(message.id)?.reject(error);
        this.#streams.get(message.id)?.end(error);
        return;
      }
      case 'item':
        this.#streams.get(message.id)?.push(message.item);
        return;
      case 'last':
        // Whoever asked has gone.
        return;
      case 'end':
        this.#streams.get(message.id)?.end(null);
    }
  }

  /** The connection is gone: whoever waits is told so. */
  close(reason: string): void {
    this.#closeReason = reason;
    const error = this.#unreachable(reason);
    for (const call of this.#calls.values()) call.reject(error);
    for (const read of this.#reads.values()) read.reject(error);
    this.#reads.clear();
    for (const queue of this.#streams.values()) queue.fail(error);
  }

  #checkOpen(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw interruption(signal);
    if (this.#closeReason !== null) throw this.#unreachable(this.#closeReason);
    if (this.size >= outstandingMax) {
      throw this.#unreachable(`${outstandingMax} requests are waiting already`);
    }
  }

  #unreachable(reason: string): DatabaseError {
    return databaseError('leafUnreachable', { leaf: this.#peer, reason });
  }
}

function interruption(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof DatabaseError ? reason : databaseError('queryInterrupted', {});
}

/** What comes from the network, checked: whole packets are a matter for who sends them on. */
function toBatch(item: unknown): PacketBatch {
  if (typeof item === 'object' && item !== null && 'packets' in item && 'count' in item) {
    const { packets, count } = item;
    if (packets instanceof Uint8Array && typeof count === 'number') return { packets, count };
  }
  throw databaseError('malformedPacket', {});
}
