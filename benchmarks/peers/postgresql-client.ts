// A small client of PostgreSQL's protocol: simple queries without a password, rows as texts.
//
// https://www.postgresql.org/docs/15/protocol-message-formats.html

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const PROTOCOL_VERSION = 0x0003_0000;
const HEADER_BYTES = 5;

interface Pending {
  readonly rows: (string | null)[][];
  error: string | null;
  readonly resolve: (rows: (string | null)[][]) => void;
  readonly reject: (error: Error) => void;
}

/** One connection; queries are answered in their order. */
export class PostgresqlClient {
  readonly #socket: Socket;
  readonly #pending: Pending[] = [];
  #bytes: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('PostgreSQL has closed the connection')));
  }

  static async connect(port: number, user: string, database: string): Promise<PostgresqlClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.setNoDelay(true);
    const client = new PostgresqlClient(socket);
    const words = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
    const startup = Buffer.alloc(8 + words.length);
    startup.writeInt32BE(startup.length, 0);
    startup.writeInt32BE(PROTOCOL_VERSION, 4);
    words.copy(startup, 8);
    const ready = client.#expect();
    socket.write(startup);
    await ready;
    return client;
  }

  /** The rows of the last statement in `sql`. Throws an Error with the server's message. */
  query(sql: string): Promise<(string | null)[][]> {
    const text = Buffer.from(`${sql}\0`);
    const message = Buffer.alloc(HEADER_BYTES + text.length);
    message.write('Q');
    message.writeInt32BE(4 + text.length, 1);
    text.copy(message, HEADER_BYTES);
    const answer = this.#expect();
    this.#socket.write(message);
    return answer;
  }

  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #expect(): Promise<(string | null)[][]> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ rows: [], error: null, resolve, reject });
    });
  }

  #take(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    let at = 0;
    while (this.#bytes.length - at >= HEADER_BYTES) {
      const end = at + 1 + this.#bytes.readInt32BE(at + 1);
      if (end > this.#bytes.length) break;
      const kind = String.fromCharCode(this.#bytes[at] ?? 0);
      this.#message(kind, this.#bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#bytes = this.#bytes.subarray(at);
  }

  #message(kind: string, body: Buffer): void {
    const [pending] = this.#pending;
    if (pending === undefined) return;
    if (kind === 'D') pending.rows.push(readRow(body));
    else if (kind === 'E') pending.error = readError(body);
    else if (kind === 'Z') {
      this.#pending.shift();
      if (pending.error === null) pending.resolve(pending.rows);
      else pending.reject(new Error(pending.error));
    }
    // An error before the login ends the connection without a word of readiness.
  }

  #fail(error: Error): void {
    for (const pending of this.#pending.splice(0)) {
      pending.reject(pending.error === null ? error : new Error(pending.error));
    }
  }
}

function readRow(body: Buffer): (string | null)[] {
  const row: (string | null)[] = [];
  let at = 2;
  for (let column = 0; column < body.readInt16BE(0); column++) {
    const length = body.readInt32BE(at);
    at += 4;
    row.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return row;
}

/** The fields of an error: a letter, then a text that ends with 0. M is the message. */
function readError(body: Buffer): string {
  const fields = body.toString('utf8').split('\0');
  return fields.find((field) => field.startsWith('M'))?.slice(1) ?? 'an error without a message';
}
