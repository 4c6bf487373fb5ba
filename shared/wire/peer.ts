// One connection between two nodes that know each other: many calls and streams over one transport.

import type { Clock } from '#shared/clock.ts';
import type { Logger } from '#shared/logger.ts';
import { Incoming } from './incoming.ts';
import { LaidOutWriter, readLaidOut } from './laid-out.ts';
import { Outgoing } from './outgoing.ts';
import type { LeafStreams } from './message.ts';
import type { PacketAnswer } from './packet-batch.ts';
import { keepAliveIntervalMs, silentIntervalsMax } from './peer-limits.ts';
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from './peer-message.ts';
import type { ServedService } from './served.ts';
import type { Departure, Transport } from './transport.ts';

type ReadRequest = LeafStreams['readPackets']['request'];

export interface PeerOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What this end answers; null: it only asks, and a request from the other end closes. */
  readonly service: ServedService | null;
}

/** Lives as long as its transport. Whatever the other end sends, it never throws. */
export class Peer {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming | null;
  readonly #laidOut = new LaidOutWriter();
  #silentIntervals = 0;
  /** Resolves with the reason when the connection is over. Never rejects. */
  readonly closed: Promise<string>;

  constructor(options: PeerOptions) {
    this.#transport = options.transport;
    this.#clock = options.clock;
    this.#logger = options.logger.with({ peer: options.transport.peer });
    const send = (message: PeerMessage, departure?: Departure) => this.#send(message, departure);
    // A request that waits beside others may wait for further ones of this turn.
    const ask = (message: PeerMessage) =>
      this.#send(message, this.#outgoing.size > 1 ? 'turn' : 'tick');
    this.#outgoing = new Outgoing(options.transport.peer, ask);
    const { service } = options;
    const writable = () => this.#transport.writable();
    this.#incoming =
      service === null ? null : new Incoming({ service, logger: this.#logger, send, writable });
    this.#keepAlive();
    this.closed = this.#receive();
  }

  /** Asks the other end. Rejects with a DatabaseError: its own, or leafUnreachable. */
  call(name: string, request: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.#outgoing.call(name, request, signal);
  }

  /** Items of the other end, brought as they are asked for. */
  stream(name: string, request: unknown, signal?: AbortSignal): AsyncIterable<unknown> {
    return this.#outgoing.stream(name, request, signal);
  }

  /** The short way of the stream `readPackets`. */
  readPackets(request: ReadRequest, signal?: AbortSignal): Promise<PacketAnswer> {
    return this.#outgoing.read(request, signal);
  }

  close(reason = 'closed'): void {
    this.#transport.close(reason);
  }

  #send(message: PeerMessage, departure?: Departure): void {
    const frame = this.#laidOut.write(message) ?? encodePeerMessage(message);
    this.#transport.send(frame, departure);
  }

  async #receive(): Promise<string> {
    const transport = this.#transport;
    await transport.receive((frame) => this.#takeFrame(frame));
    const reason = transport.closeReason ?? 'connection closed';
    this.#outgoing.close(reason);
    this.#incoming?.close();
    return reason;
  }

  #takeFrame(frame: Uint8Array): void {
    this.#silentIntervals = 0;
    try {
      this.#take(readLaidOut(frame) ?? decodePeerMessage(this.#transport.kept(frame)));
    } catch (error) {
      this.#logger.warn('connection closed: malformed message', {}, error);
      this.#transport.close('malformed message');
    }
  }

  #take(message: PeerMessage): void {
    switch (message.kind) {
      case 'call':
      case 'stream':
      case 'credit':
      case 'cancel':
      case 'shape':
      case 'read':
        if (this.#incoming === null) this.#transport.close('a request to an end that only asks');
        else this.#incoming.receive(message);
        return;
      case 'reply':
      case 'error':
      case 'item':
      case 'last':
      case 'end':
        this.#outgoing.receive(message);
        return;
      case 'ping':
        this.#transport.send(encodePeerMessage({ kind: 'pong' }));
        return;
      case 'pong':
        return;
    }
  }

  /**
   * Counts intervals, not time: a stall of our own loop is one interval, not the other's death.
   */
  #keepAlive(): void {
    this.#clock.after(keepAliveIntervalMs, () => {
      if (this.#transport.closeReason !== null) return;
      this.#silentIntervals++;
      if (this.#silentIntervals > silentIntervalsMax) {
        this.#transport.close('no sign of life');
        return;
      }
      if (this.#silentIntervals > 1) this.#transport.send(encodePeerMessage({ kind: 'ping' }));
      this.#keepAlive();
    });
  }
}
