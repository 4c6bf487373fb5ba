// A leaf somewhere else, as long as it lives: connects again by itself, and says when it is away.

import { must } from '#shared/assert.ts';
import type { Clock } from '#shared/clock.ts';
import { addressText, type Address } from '#shared/cluster/topology.ts';
import { databaseError, DatabaseError } from '#shared/error.ts';
import type { Logger } from '#shared/logger.ts';
import { keepRunning, type KeptRunning } from '#shared/service.ts';
import type { Credentials } from './credentials.ts';
import { dial, type Connection } from './dial.ts';
import type { LeafCalls, LeafService, LeafStreams } from './message.ts';
import type { PacketAnswer } from './packet-batch.ts';

/** The waits between attempts to connect, in milliseconds. */
const backoffMinMs = 100;
const backoffMaxMs = 3000;

export interface RemoteServiceOptions {
  readonly address: Address;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when the connection is there, and when it is gone. */
  readonly onChange?: (online: boolean) => void;
}

type Attempt = Promise<LeafService & Connection>;

/**
 * Invariant: a call waits for an attempt that is under way, and fails at once while the service
 * waits for its next attempt.
 */
export class RemoteService implements LeafService {
  readonly #options: RemoteServiceOptions;
  readonly #name: string;
  readonly #loop: KeptRunning;
  #attempt: Attempt | null = null;
  /** The connection while it is there. */
  #connected: LeafService | null = null;
  #lastError: DatabaseError | null = null;
  #online = false;
  #closing = false;

  constructor(options: RemoteServiceOptions) {
    this.#options = options;
    this.#name = addressText(options.address);
    this.#loop = keepRunning({
      clock: options.clock,
      backoffMinMs,
      backoffMaxMs,
      run: (signal, healthy) => this.#run(signal, healthy),
    });
  }

  get online(): boolean {
    return this.#online;
  }

  async call<K extends keyof LeafCalls & string>(
    name: K,
    request: LeafCalls[K]['request'],
    signal?: AbortSignal,
  ): Promise<LeafCalls[K]['reply']> {
    const leaf = await this.#leaf();
    return leaf.call(name, request, signal);
  }

  async *stream<K extends keyof LeafStreams & string>(
    name: K,
    request: LeafStreams[K]['request'],
    signal?: AbortSignal,
  ): AsyncGenerator<LeafStreams[K]['item']> {
    const leaf = await this.#leaf();
    yield* leaf.stream(name, request, signal);
  }

  readPackets(
    request: LeafStreams['readPackets']['request'],
    signal?: AbortSignal,
  ): PacketAnswer | Promise<PacketAnswer> {
    const leaf = this.#connected;
    if (leaf?.readPackets !== undefined) return leaf.readPackets(request, signal);
    return this.#readLater(request, signal);
  }

  async #readLater(
    request: LeafStreams['readPackets']['request'],
    signal?: AbortSignal,
  ): Promise<PacketAnswer> {
    const leaf = await this.#leaf();
    return must(leaf.readPackets)(request, signal);
  }

  /** The leaf has been heard of: while it is away, the next attempt is now. */
  hurry(): void {
    this.#loop.hurry();
  }

  /** Closes the connection for good. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#loop.stop();
  }

  #leaf(): Attempt {
    if (this.#attempt !== null) return this.#attempt;
    const away = databaseError('leafUnreachable', { leaf: this.#name, reason: 'not connected' });
    return Promise.reject(this.#lastError ?? away);
  }

  async #run(signal: AbortSignal, healthy: () => void): Promise<void> {
    const { address, credentials, clock, logger } = this.#options;
    const attempt = dial({ address, credentials, clock, logger, signal });
    this.#attempt = attempt;
    try {
      const leaf = await attempt;
      this.#connected = leaf;
      healthy();
      this.#changeTo(true, null);
      const close = () => leaf.close();
      signal.addEventListener('abort', close, { once: true });
      if (signal.aborted) close();
      const reason = await leaf.closed;
      signal.removeEventListener('abort', close);
      this.#changeTo(false, databaseError('leafUnreachable', { leaf: this.#name, reason }));
    } catch (error) {
      this.#changeTo(false, error instanceof DatabaseError ? error : null);
    } finally {
      this.#attempt = null;
      this.#connected = null;
    }
  }

  #changeTo(online: boolean, error: DatabaseError | null): void {
    this.#lastError = error;
    if (this.#online === online) return;
    this.#online = online;
    const { logger, onChange } = this.#options;
    if (online) logger.info('leaf connected', { leaf: this.#name });
    else if (this.#closing) logger.info('leaf disconnected', { leaf: this.#name });
    else logger.warn('leaf connection lost', { leaf: this.#name, reason: error?.message ?? '' });
    onChange?.(online);
  }
}
