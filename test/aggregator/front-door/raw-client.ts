// A client that sends whatever bytes a test likes, and reads packets.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { capability } from '#aggregator/front-door/capabilities.ts';
import { PacketReader } from '#aggregator/front-door/packet-reader.ts';

const MAX = 1024 ** 3;

export const basicCapabilities =
  capability.protocol41 | capability.secureConnection | capability.pluginAuth;

function sha1(...pieces: readonly Uint8Array[]): Buffer {
  return createHash('sha1').update(Buffer.concat(pieces)).digest();
}

/** The packet of the payload, which is less than 16 MB. */
export function packet(sequence: number, payload: Uint8Array | string): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.alloc(4);
  header.writeUIntLE(bytes.length, 0, 3);
  header[3] = sequence;
  return Buffer.concat([header, bytes]);
}

/** A COM_… with its text. */
export function command(code: number, text: Uint8Array | string = ''): Buffer {
  return packet(0, Buffer.concat([Buffer.of(code), Buffer.from(text)]));
}

export class RawClient {
  readonly socket: Socket;
  readonly #reader = new PacketReader(MAX);
  #wake: () => void = () => undefined;
  #ended = false;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    this.socket.on('error', end);
    this.socket.on('close', end);
    this.socket.on('end', end);
  }

  send(...chunks: readonly Uint8Array[]): void {
    this.socket.write(Buffer.concat(chunks));
  }

  /** The next payload, or null at the end of the connection. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const read = this.#reader.next();
      if (read !== null) return read.payload;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The packet of a login by mysql_native_password over the greeting's nonce. */
  login(
    greeting: Buffer,
    options: { readonly user?: string; readonly password?: string; readonly capabilities?: number },
  ): Buffer {
    const { user = 'root', password = 'secret', capabilities = basicCapabilities } = options;
    const version = greeting.indexOf(0, 1);
    const nonce = Buffer.concat([
      greeting.subarray(version + 5, version + 13),
      greeting.subarray(version + 32, version + 44),
    ]);
    const once_ = sha1(Buffer.from(password));
    const mask = sha1(nonce, sha1(once_));
    const token = Buffer.from(once_.map((byte, index) => byte ^ (mask[index] ?? 0)));
    const head = Buffer.alloc(32);
    head.writeUInt32LE(capabilities, 0);
    head[8] = 45;
    return packet(
      1,
      Buffer.concat([
        head,
        Buffer.from(`${user}\0`),
        Buffer.of(token.length),
        token,
        Buffer.from('mysql_native_password\0'),
      ]),
    );
  }

  /** Reads the greeting and logs in. Throws when that is refused. */
  async enter(options: Parameters<RawClient['login']>[1] = {}): Promise<void> {
    const greeting = await this.next();
    if (greeting === null) throw new Error('no greeting');
    this.send(this.login(greeting, options));
    const answer = await this.next();
    if (answer?.[0] !== 0) throw new Error(`refused: ${answer?.subarray(9).toString()}`);
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }
}

/** Error number of an ERR packet, or null for another one. */
export function errorNumber(payload: Buffer | null): number | null {
  return payload !== null && payload[0] === 0xff ? payload.readUInt16LE(1) : null;
}
