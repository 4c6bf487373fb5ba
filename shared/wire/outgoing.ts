// The asking end of a connection: calls and streams that wait for the other end.

import { databaseError, DatabaseError } from '#shared/error.ts';
import { outstandingMax, streamWindowItems } from './peer-limits.ts';
import type { PeerMessage } from './peer-message.ts';
import { ItemQueue } from './item-queue.ts';

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Gives every call and stream a number and hands the answers to whoever waits for them. */
export class Outgoing {
  readonly #send: (message: PeerMessage) => void;
  /** Names the other end in errors: `host:port`. */
  readonly #peer: string;
  readonly #calls = new Map<number, PendingCall>();
  readonly #streams = new Map<number, ItemQueue>();
  #nextId = 1;
  #closeReason: string | null = null;

  constructor(peer: string, send: (message: PeerMessage) => void) {
    this.#peer = peer;
    this.#send = send;
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

  async *stream(name: string, request: unknown, signal?: AbortSignal): AsyncGenerator<unknown> {
    this.#checkOpen(signal);
    const id = this.#nextId++;
    const queue = new ItemQueue();
    this.#streams.set(id, queue);
    const abandon = () => queue.fail(interruption(signal));
    signal?.addEventListener('abort', abandon, { once: true });
    try {
      this.#send({ kind: 'stream', id, name, request, credit: streamWindowItems });
      while (true) {
        const next = await queue.take();
        if (next === null) return;
        if (queue.open) this.#send({ kind: 'credit', id, count: 1 });
        yield next.item;
      }
    } finally {
      signal?.removeEventListener('abort', abandon);
      this.#streams.delete(id);
      if (!queue.endedByProducer && this.#closeReason === null) this.#send({ kind: 'cancel', id });
    }
  }

  /** An answer has come. One that nobody waits for any more is dropped. */
  receive(message: PeerMessage & { kind: 'reply' | 'error' | 'item' | 'end' }): void {
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
      case 'end':
        this.#streams.get(message.id)?.end(null);
    }
  }

  /** The connection is gone: whoever waits is told so. */
  close(reason: string): void {
    this.#closeReason = reason;
    const error = this.#unreachable(reason);
    for (const call of this.#calls.values()) call.reject(error);
    for (const queue of this.#streams.values()) queue.fail(error);
  }

  #checkOpen(signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) throw interruption(signal);
    if (this.#closeReason !== null) throw this.#unreachable(this.#closeReason);
    if (this.#calls.size + this.#streams.size >= outstandingMax) {
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
