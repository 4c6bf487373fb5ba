// Packets to and from one socket: one at a time in, one write an answer out, and never more held
// than the limits below on either side.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '#shared/clock.ts';
import { CompressedFrames } from './compressed-frames.ts';
import { PacketReader, type Packet } from './packet-reader.ts';
import { PacketWriter } from '#shared/mysql/packet-writer.ts';
import type { ServerTls } from './server-tls.ts';

/** While a command runs, this many bytes of pipelined commands are read ahead. */
const READ_AHEAD_BYTES_MAX = 256 * 1024;
/** An answer that waits in the socket beyond this holds its producer back. */
const UNSENT_BYTES_MAX = 256 * 1024;

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
  readonly #onData = (chunk: Buffer) => this.#take(chunk);
  readonly #onClose = () => this.#wake();
  /** Lives with the socket: an error without a listener would end the process. */
  readonly #onError = () => this.#wake();
  #frames: CompressedFrames | null = null;
  #waiting: (() => void) | null = null;
  #ended = false;
  #released = false;

  constructor(
    socket: Socket,
    options: { readonly payloadBytesMax: number; readonly clock: Clock },
  ) {
    this.#socket = socket;
    this.#clock = options.clock;
    this.reader = new PacketReader(options.payloadBytesMax);
    socket.setNoDelay(true);
    this.#listen(socket);
  }

  /** What the client is reached by: its TLS, once it is secured. */
  get socket(): Socket {
    return this.#socket;
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
      const packet = this.reader.next();
      if (packet !== null) return packet;
      const uncompressed = this.#frames?.read() ?? null;
      if (uncompressed !== null) {
        this.reader.push(uncompressed);
        continue;
      }
      if (this.closed) return null;
      if (this.#socket.isPaused()) this.#socket.resume();
      await this.#arrival();
    }
  }

  /** Resolves when something has come, or the client is gone; who owes a packet has to hurry. */
  async #arrival(): Promise<void> {
    const isOwed = this.isOwed || this.pendingBytes > 0;
    const patience = isOwed ? this.#clock.after(this.readTimeoutMs(), () => this.destroy()) : null;
    await new Promise<void>((resolve) => {
      this.#waiting = resolve;
    });
    patience?.cancel();
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
    this.#socket = secured;
    this.#listen(secured);
    return secured;
  }

  /** From the next byte on, both ways. What the login has left unread must be nothing. */
  compress(): void {
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
    socket.on('error', this.#onError);
  }

  /** The listener for errors stays: an error without one would end the process. */
  #unlisten(socket: Socket): void {
    socket.off('data', this.#onData);
    socket.off('close', this.#onClose);
    socket.off('end', this.#onClose);
  }

  #take(chunk: Buffer): void {
    // What comes after the last word is read away, so that the last word arrives.
    if (this.#ended) return;
    if (this.#frames === null) this.reader.push(chunk);
    else this.#frames.push(chunk);
    if (this.#waiting === null && this.pendingBytes > READ_AHEAD_BYTES_MAX) {
      this.#socket.pause();
    }
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
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
