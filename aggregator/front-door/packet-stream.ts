// Packets to and from one socket: one at a time in, one write an answer out, and never more held
// than the limits below on either side.
//
// A connection that goes on is read into a buffer that all connections share: its bytes hold while
// they are being served, and what waits longer is copied.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '#shared/clock.ts';
import { CompressedFrames } from './compressed-frames.ts';
import { readFixed } from '#shared/fixed-read.ts';
import { PacketReader, type Packet } from './packet-reader.ts';
import { PacketWriter } from '#shared/mysql/packet-writer.ts';
import type { ServerTls } from './server-tls.ts';
import type { SharedFlush } from './shared-flush.ts';

/** While a command runs, this many bytes of pipelined commands are read ahead. */
const READ_AHEAD_BYTES_MAX = 256 * 1024;
/** An answer that waits in the socket beyond this holds its producer back. */
const UNSENT_BYTES_MAX = 256 * 1024;
/** An answer of more bytes leaves at once. */
const SHORT_ANSWER_BYTES_MAX = 16 * 1024;
/** A connection that was waited for so often goes on: before, another way of reading costs. */
const SETTLED_TURNS = 8;

export interface PacketStreamOptions {
  readonly payloadBytesMax: number;
  readonly clock: Clock;
  /** What all connections are read into. */
  readonly readBuffer: Buffer;
  /** Where short answers wait for each other. */
  readonly sharedFlush: SharedFlush;
  /** Called when the socket is closed, by whomever. */
  readonly onGone: () => void;
}

/** Answers one packet: whether the next one is wanted. */
export type Serve = (packet: Packet) => boolean | Promise<boolean>;

export class PacketStream {
  readonly reader: PacketReader;
  readonly writer = new PacketWriter();
  /** A client that takes nothing for this long, while an answer waits for it, is let go. */
  writeTimeoutMs: () => number = () => 60_000;
  /** And one that owes the rest of a packet or a file, and sends nothing for this long. */
  readTimeoutMs: () => number = () => 30_000;
  /** True while the client has been asked for a file. */
  isOwed = false;
  #socket: Socket;
  readonly #clock: Clock;
  readonly #readBuffer: Buffer;
  readonly #sharedFlush: SharedFlush;
  /** True while what was written leaves at the end of the turn. */
  #leavesSoon = false;
  readonly #onData = (chunk: Buffer) => this.#take(chunk, chunk.length);
  readonly #onClose = () => this.#wake();
  readonly #onGone: () => void;
  /** Lives with the socket: an error without a listener would end the process. */
  readonly #onError = () => this.#wake();
  #frames: CompressedFrames | null = null;
  #waiting: (() => void) | null = null;
  /** True while whoever waits serves a packet at once. */
  #servesNow = false;
  /** Turns till the connection is read in another way; below 0: it is, or never will be. */
  #unsettled = SETTLED_TURNS;
  #ended = false;
  #released = false;
  /** What has gone through the socket that TLS has taken the place of. */
  #receivedBefore = 0;
  #sentBefore = 0;

  constructor(socket: Socket, options: PacketStreamOptions) {
    this.#socket = socket;
    this.#clock = options.clock;
    this.#readBuffer = options.readBuffer;
    this.#sharedFlush = options.sharedFlush;
    this.#onGone = options.onGone;
    this.reader = new PacketReader(options.payloadBytesMax);
    this.#listen(socket);
    socket.on('error', this.#onError);
    socket.on('close', this.#onGone);
  }

  /** What the client is reached by: its TLS, once it is secured. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Bytes that have come from the client so far; on TLS, without it. */
  get bytesReceived(): number {
    return this.#receivedBefore + this.#socket.bytesRead;
  }

  /** The same of what was sent, or waits to be. */
  get bytesSent(): number {
    return this.#sentBefore + this.#socket.bytesWritten;
  }

  /** The client is gone, or was sent away. */
  get closed(): boolean {
    return this.#ended || this.#socket.destroyed || this.#socket.readableEnded;
  }

  /** The socket belongs to someone else now. */
  get released(): boolean {
    return this.#released;
  }

  /** The next packet; null when the client is gone. Throws packetTooLarge. One caller at a time. */
  async next(): Promise<Packet | null> {
    for (;;) {
      const packet = this.#read();
      if (packet !== null || this.closed) return packet;
      await this.#arrival();
    }
  }

  /**
   * Hands each packet to `serve` as it comes, until that wants no more or the client is gone. A
   * packet's bytes hold until `serve` returns, unless they are `kept`. Throws what it throws.
   */
  async serveAll(serve: Serve): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const turn = (): void => {
      try {
        for (let packet = this.#read(); packet !== null; packet = this.#read()) {
          const goesOn = serve(packet);
          if (goesOn === false) return resolve();
          if (goesOn !== true) return void this.#after(goesOn, { turn, resolve, reject });
        }
        if (this.closed) return resolve();
        this.#expect(turn);
        this.#servesNow = true;
        this.#settle();
      } catch (cause) {
        reject(cause);
      }
    };
    turn();
    await promise;
  }

  /** The payload, in bytes of its own where it is in those that all connections share. */
  kept(payload: Buffer): Buffer {
    return payload.buffer === this.#readBuffer.buffer ? Buffer.from(payload) : payload;
  }

  async #after(
    answered: Promise<boolean>,
    then: {
      readonly turn: () => void;
      readonly resolve: () => void;
      readonly reject: (cause: unknown) => void;
    },
  ): Promise<void> {
    try {
      if (await answered) then.turn();
      else then.resolve();
    } catch (cause) {
      then.reject(cause);
    }
  }

  /** The next packet that is here. */
  #read(): Packet | null {
    for (;;) {
      const packet = this.reader.next();
      if (packet !== null) return packet;
      const uncompressed = this.#frames?.read() ?? null;
      if (uncompressed === null) return null;
      this.reader.push(uncompressed, uncompressed.length);
    }
  }

  /** Calls `wake` when something comes, or the client is gone; who owes a packet has to hurry. */
  #expect(wake: () => void): void {
    if (this.#socket.isPaused()) this.#socket.resume();
    if (!this.isOwed && this.pendingBytes === 0) {
      this.#waiting = wake;
      return;
    }
    const patience = this.#clock.after(this.readTimeoutMs(), () => this.destroy());
    this.#waiting = () => {
      patience.cancel();
      wake();
    };
  }

  #arrival(): Promise<void> {
    return new Promise<void>((resolve) => this.#expect(resolve));
  }

  /** Sends what was written; a promise where the socket takes no more, till it does or is gone. */
  flush(): void | Promise<void> {
    const bytes = this.writer.bytes();
    if (bytes.length === 0) return;
    if (this.closed) return this.writer.reuse();
    this.#socket.write(this.#frames === null ? bytes : this.#frames.framed(bytes));
    if (this.#socket.writableLength === 0) return this.writer.reuse();
    this.writer.renew();
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) return this.#room();
  }

  /** As `flush`, where the command is answered; a short answer may leave with those of others. */
  flushAnswer(): void | Promise<void> {
    const isShort = this.writer.length <= SHORT_ANSWER_BYTES_MAX;
    if (!isShort || this.#socket.writableLength > 0) return this.flush();
    if (this.#leavesSoon) return;
    this.#leavesSoon = this.#sharedFlush.joins(this);
    if (!this.#leavesSoon) return this.flush();
  }

  /** The turn ends: what waits for it leaves. */
  endTurn(): void {
    this.#leavesSoon = false;
    // Where the next command is amid a packet, its answer takes this one along. What the socket
    // does not take is little, and holds back the next answer.
    if (!this.writer.isOpen) void this.flush();
  }

  async #room(): Promise<void> {
    while (this.#socket.writableLength > UNSENT_BYTES_MAX && !this.closed) await this.#drained();
  }

  /** Sends what was written and then the end of the stream. What the client still sends is lost. */
  async end(): Promise<void> {
    await this.flush();
    this.#ended = true;
    this.#socket.end();
    this.#socket.resume();
    this.#wake();
  }

  /**
   * The same for a client that has said that it goes: nobody waits for the end of the stream, which
   * is a message and a wake-up more. False where it takes longer than that: `end` does it.
   */
  leave(): boolean {
    if (this.writer.length > 0) void this.flush();
    if (this.#socket.writableLength > 0 || 'encrypted' in this.#socket) return false;
    this.destroy();
    return true;
  }

  /** At once; what was not sent is lost. */
  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
    this.#wake();
  }

  /**
   * Lets go of the socket, which keeps what was not read yet and does not flow. Whoever takes it
   * listens and then resumes it.
   */
  release(): Socket {
    this.#socket.pause();
    this.#unlisten(this.#socket);
    const rest = this.reader.takeRest();
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#ended = true;
    this.#released = true;
    return this.#socket;
  }

  /**
   * From here on through TLS; what has come already is its first bytes. Resolves when both ends
   * agree, null when they cannot. Before that nothing that the client sends is taken for a packet.
   */
  async secure(tls: ServerTls): Promise<TLSSocket | null> {
    const plain = this.#socket;
    plain.pause();
    this.#unlisten(plain);
    const rest = this.reader.takeRest();
    if (rest.length > 0) plain.unshift(rest);
    const secured = await tls.secure(plain);
    if (secured === null) return null;
    this.#receivedBefore += plain.bytesRead;
    this.#sentBefore += plain.bytesWritten;
    this.#socket = secured;
    this.#unsettled = -1;
    this.#listen(secured);
    secured.on('error', this.#onError);
    secured.on('close', this.#onGone);
    return secured;
  }

  /** From the next byte on, both ways. What the login has left unread must be nothing. */
  compress(): void {
    this.#unsettled = -1;
    this.#frames = new CompressedFrames();
  }

  /** True once both ends compress. */
  get isCompressed(): boolean {
    return this.#frames !== null;
  }

  /** Bytes that have come and are not read. */
  get pendingBytes(): number {
    return this.reader.pendingBytes + (this.#frames?.pendingBytes ?? 0);
  }

  #listen(socket: Socket): void {
    socket.on('data', this.#onData);
    socket.on('close', this.#onClose);
    socket.on('end', this.#onClose);
  }

  /** The listener for errors stays: an error without one would end the process. */
  #unlisten(socket: Socket): void {
    socket.off('data', this.#onData);
    socket.off('close', this.#onClose);
    socket.off('end', this.#onClose);
  }

  #take(buffer: Buffer, count: number): void {
    // What comes after the last word is read away, so that the last word arrives.
    if (this.#ended) return;
    const isShared = buffer === this.#readBuffer;
    const isServed = this.#servesNow;
    const bytes = isShared && !isServed ? Buffer.from(buffer.subarray(0, count)) : buffer;
    if (this.#frames === null) this.reader.push(bytes, count);
    else this.#frames.push(bytes);
    if (this.#waiting === null && this.pendingBytes > READ_AHEAD_BYTES_MAX) {
      this.#socket.pause();
    }
    this.#wake();
    if (isShared && isServed) this.reader.own();
  }

  /** A connection that goes on is read into the buffer that all of them share. */
  #settle(): void {
    if (this.#unsettled < 0 || this.#unsettled-- > 0) return;
    // Not amid an event of the socket that is left.
    setImmediate(() => this.#readFixed());
  }

  #readFixed(): void {
    const buffer = this.#readBuffer;
    const isIdle = !this.#ended && this.#servesNow && this.pendingBytes === 0;
    const take = (count: number): void => this.#take(buffer, count);
    const fixed = isIdle ? readFixed(this.#socket, buffer, take) : null;
    if (fixed === null) {
      this.#unsettled = SETTLED_TURNS;
      return;
    }
    this.#unlisten(this.#socket);
    this.#socket.off('close', this.#onGone);
    // Its handle, which counts the bytes, is that of the socket before.
    this.#socket = fixed;
    fixed.on('close', this.#onClose);
    fixed.on('end', this.#onClose);
    fixed.on('error', this.#onError);
    fixed.on('close', this.#onGone);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#servesNow = false;
    waiting?.();
  }

  async #drained(): Promise<void> {
    const patience = this.#clock.after(this.writeTimeoutMs(), () => this.destroy());
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#socket.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.on('drain', done);
      this.#socket.on('close', done);
    });
    patience.cancel();
  }
}
