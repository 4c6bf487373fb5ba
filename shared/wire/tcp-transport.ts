// Frames over a TCP socket: small ones leave together, and a full socket holds the producer back.

import type { Socket } from 'node:net';
import { realClock } from '#shared/clock.ts';
import { FrameQueue } from './frame-queue.ts';
import { FrameReader, frameHeader } from './frame-reader.ts';
import {
  frameSizeBytesMax,
  receiveBufferBytesMax,
  sendBufferBytesMax,
  unprovenFrameSizeBytesMax,
  type Transport,
} from './transport.ts';

/** An idle connection is probed by the kernel after this long, in milliseconds. */
const keepAliveDelayMs = 15_000;
/** What is queued at a close has this long to leave, in milliseconds. */
const closeLingerMs = 1000;
/** Payloads up to this size are copied behind their header into one write. */
const copiedPayloadBytesMax = 16 * 1024;

/** Owns the socket from its construction on. Until `proven`, only small frames are taken. */
export class TcpTransport implements Transport {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #reader = new FrameReader(unprovenFrameSizeBytesMax);
  readonly #queue = new FrameQueue();
  #closeReason: string | null = null;
  #corked = false;
  #waitingSenders: (() => void)[] = [];
  readonly #uncork = () => {
    this.#corked = false;
    this.#socket.uncork();
  };

  constructor(socket: Socket, peer?: string) {
    this.#socket = socket;
    this.peer = peer ?? `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveDelayMs);
    socket.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    socket.on('drain', () => this.#releaseSenders());
    socket.on('error', (error) => this.close(error.message));
    socket.on('end', () => this.close('closed by the other end'));
    socket.on('close', () => this.close('connection closed'));
    if (socket.destroyed) this.close('connection closed');
    socket.resume();
  }

  get closeReason(): string | null {
    return this.#closeReason;
  }

  /** The other end has proved who it is: frames of full size are taken from now on. */
  proven(): void {
    this.#reader.sizeBytesMax = frameSizeBytesMax;
  }

  send(frame: Uint8Array, patient = false): void {
    if (this.#closeReason !== null) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      // A tick ends with the callback of one socket: those of others come later in the turn.
      if (patient) setImmediate(this.#uncork);
      else process.nextTick(this.#uncork);
    }
    const header = frameHeader(frame.length);
    if (frame.length <= copiedPayloadBytesMax) {
      this.#socket.write(Buffer.concat([header, frame]));
    } else {
      this.#socket.write(header);
      this.#socket.write(frame);
    }
  }

  writable(): Promise<void> {
    const free = this.#socket.writableLength < sendBufferBytesMax;
    if (this.#closeReason !== null || free) return Promise.resolve();
    return new Promise((resolve) => this.#waitingSenders.push(resolve));
  }

  async next(): Promise<Uint8Array | null> {
    const frame = await this.#queue.take();
    if (this.#queue.bytes < receiveBufferBytesMax && this.#socket.isPaused()) {
      this.#socket.resume();
    }
    return frame;
  }

  close(reason: string): void {
    if (this.#closeReason !== null) return;
    this.#closeReason = reason;
    this.#queue.end();
    this.#releaseSenders();
    this.#socket.destroySoon();
    realClock.after(closeLingerMs, () => this.#socket.destroy());
  }

  #receive(chunk: Uint8Array): void {
    this.#reader.push(chunk);
    try {
      let frame = this.#reader.take();
      while (frame !== null) {
        this.#queue.push(frame);
        frame = this.#reader.take();
      }
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error));
      return;
    }
    if (this.#queue.bytes >= receiveBufferBytesMax) this.#socket.pause();
  }

  #releaseSenders(): void {
    const senders = this.#waitingSenders;
    this.#waitingSenders = [];
    for (const release of senders) release();
  }
}
