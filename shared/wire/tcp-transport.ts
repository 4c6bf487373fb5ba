// Frames over a TCP socket: small ones leave together, and a full socket holds the producer back.

import type { Socket } from 'node:net';
import { realClock } from '#shared/clock.ts';
import { readFixed } from '#shared/fixed-read.ts';
import { FrameQueue } from './frame-queue.ts';
import { FrameReader, frameHeader, frameHeaderBytes } from './frame-reader.ts';
import {
  frameSizeBytesMax,
  receiveBufferBytesMax,
  sendBufferBytesMax,
  unprovenFrameSizeBytesMax,
  type Departure,
  type Transport,
} from './transport.ts';

/** An idle connection is probed by the kernel after this long, in milliseconds. */
const keepAliveDelayMs = 15_000;
/** What is queued at a close has this long to leave, in milliseconds. */
const closeLingerMs = 1000;
/** Payloads up to this size leave together, in one write. */
const joinedPayloadBytesMax = 16 * 1024;
/** What leaves together is collected here: more than that does not wait. */
const joinedBytesMax = 32 * 1024;
const readBufferBytes = 64 * 1024;

/** Owns the socket from its construction on. Until `proven`, only small frames are taken. */
export class TcpTransport implements Transport {
  readonly peer: string;
  #socket: Socket;
  readonly #reader = new FrameReader(unprovenFrameSizeBytesMax);
  readonly #queue = new FrameQueue();
  #take: ((frame: Uint8Array) => void) | null = null;
  /** What the socket is read into, once it can be. */
  #readBuffer: Buffer | null = null;
  #closeReason: string | null = null;
  /** Frames that leave together. */
  #out = Buffer.allocUnsafeSlow(joinedBytesMax);
  #outEnd = 0;
  /** True while somebody will send them. */
  #due = false;
  #waitingSenders: (() => void)[] = [];
  readonly #gone = Promise.withResolvers<void>();
  readonly #flush = () => this.#sendJoined();
  readonly #onData = (chunk: Uint8Array) => this.#receive(chunk, chunk.length);
  readonly #onDrain = () => this.#releaseSenders();
  readonly #onError = (error: Error) => this.close(error.message);
  readonly #onEnd = () => this.close('closed by the other end');
  readonly #onClose = () => this.close('connection closed');

  constructor(socket: Socket, peer?: string) {
    this.#socket = socket;
    this.peer = peer ?? `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveDelayMs);
    socket.on('data', this.#onData);
    this.#listen(socket);
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

  send(frame: Uint8Array, departure: Departure = 'tick'): void {
    if (this.#closeReason !== null) return;
    const { length } = frame;
    if (length > joinedPayloadBytesMax) return this.#sendAlone(frame);
    if (this.#out.length - this.#outEnd < frameHeaderBytes + length) this.#sendJoined();
    this.#outEnd = this.#out.writeUInt32BE(length, this.#outEnd);
    this.#out.set(frame, this.#outEnd);
    this.#outEnd += length;
    if (this.#outEnd > joinedBytesMax / 2) return this.#sendJoined();
    // Those who were woken together by now are in it, too: a microtask is behind theirs.
    if (departure === 'first') return queueMicrotask(this.#flush);
    if (this.#due) return;
    this.#due = true;
    // A tick ends with the callback of one socket: those of others come later in the turn.
    if (departure === 'turn') setImmediate(this.#flush);
    else process.nextTick(this.#flush);
  }

  writable(): Promise<void> {
    const free = this.#socket.writableLength + this.#outEnd < sendBufferBytesMax;
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

  async receive(take: (frame: Uint8Array) => void): Promise<void> {
    while (this.#queue.bytes > 0) {
      const frame = await this.#queue.take();
      if (frame !== null) this.#hand(take, frame);
    }
    this.#take = take;
    if (this.#socket.isPaused()) this.#socket.resume();
    if (this.#closeReason === null) await this.#gone.promise;
  }

  kept(frame: Uint8Array): Uint8Array {
    return frame.buffer === this.#readBuffer?.buffer ? new Uint8Array(frame) : frame;
  }

  close(reason: string): void {
    if (this.#closeReason !== null) return;
    this.#sendJoined();
    this.#closeReason = reason;
    this.#queue.end();
    this.#gone.resolve();
    this.#releaseSenders();
    this.#socket.destroySoon();
    realClock.after(closeLingerMs, () => this.#socket.destroy());
  }

  #listen(socket: Socket): void {
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
  }

  #sendJoined(): void {
    this.#due = false;
    if (this.#outEnd === 0 || this.#closeReason !== null) return;
    this.#socket.write(this.#out.subarray(0, this.#outEnd));
    // What the socket still holds must stay as it is.
    if (this.#socket.writableLength > 0) this.#out = Buffer.allocUnsafeSlow(joinedBytesMax);
    this.#outEnd = 0;
  }

  /** A large frame leaves behind those that wait, as the bytes that the caller has. */
  #sendAlone(frame: Uint8Array): void {
    this.#socket.cork();
    this.#sendJoined();
    this.#socket.write(frameHeader(frame.length));
    this.#socket.write(frame);
    this.#socket.uncork();
  }

  #receive(chunk: Uint8Array, count: number): void {
    this.#reader.push(chunk, count);
    const due = this.#due;
    // Answers to what has come together leave together.
    this.#due = true;
    try {
      let frame = this.#reader.take();
      while (frame !== null && this.#closeReason === null) {
        if (this.#take === null) this.#queue.push(frame);
        else this.#take(frame);
        frame = this.#reader.take();
      }
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error));
      return;
    }
    if (due) this.#due = true;
    else this.#sendJoined();
    if (this.#queue.bytes >= receiveBufferBytesMax) this.#socket.pause();
    if (chunk === this.#readBuffer) this.#reader.own();
    else if (this.#take !== null) setImmediate(() => this.#readFixed());
  }

  #hand(take: (frame: Uint8Array) => void, frame: Uint8Array): void {
    try {
      take(frame);
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error));
    }
  }

  /** From the moment that frames are handed over, the socket is read into a buffer that stays. */
  #readFixed(): void {
    if (this.#readBuffer !== null || this.#closeReason !== null) return;
    const buffer = Buffer.allocUnsafeSlow(readBufferBytes);
    const left = this.#socket;
    const fixed = readFixed(left, buffer, (count) => this.#receive(buffer, count));
    if (fixed === null) return;
    this.#reader.own();
    this.#readBuffer = buffer;
    left.removeListener('data', this.#onData).removeListener('drain', this.#onDrain);
    left.removeListener('end', this.#onEnd).removeListener('close', this.#onClose);
    this.#socket = fixed;
    this.#listen(fixed);
  }

  #releaseSenders(): void {
    const senders = this.#waitingSenders;
    this.#waitingSenders = [];
    for (const release of senders) release();
  }
}
