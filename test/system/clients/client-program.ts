// Speaks with a small program that drives one client library: a line to it, a line of JSON back.
//
// To it, with tabs between the words:
//   connect ON WAY PORT USER PASSWORD DATABASE CA     WAY: text or prepared; CA: file or nothing
//   run ON HOW SQL PARAMETER…                         HOW: rows or digest; SQL in hex
//   begin ON | commit ON | rollback ON | close ON     by the library's own call
// A parameter is `kind:value`: null, integer, double, text (hex), bytes (hex), datetime, and
// repeated (hex, `*`, times). Back: {}, {affected}, {names, rows} with everything in hex,
// {count, bytes, digest}, or {error: [number, SQLSTATE, message in hex]}.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A program that answers nothing for so long is ended. */
const DEADLINE_MS = 120_000;

/** `text`: the library puts the parameters into the statement; `prepared`: the server does. */
export type Way = 'text' | 'prepared';

/** A parameter, as it is handed to the library. */
export type Parameter =
  | { readonly as: 'null' }
  | { readonly as: 'integer' | 'double' | 'datetime' | 'text'; readonly value: string }
  | { readonly as: 'bytes'; readonly value: Buffer }
  | { readonly as: 'repeated'; readonly value: Buffer; readonly times: number };

/** An error as the client shows it. */
class ClientError extends Error {
  readonly errno: number;
  readonly sqlState: string;

  constructor(errno: number, sqlState: string, message: string) {
    super(`${errno} (${sqlState}): ${message}`);
    this.errno = errno;
    this.sqlState = sqlState;
  }
}

/** A result: what the library handed over, as text in UTF-8 or the bytes that it was. */
export interface Rows {
  readonly names: readonly string[];
  readonly rows: readonly (readonly (Buffer | null)[])[];
  readonly affected: number;
}

export interface Digest {
  readonly count: number;
  readonly bytes: number;
  /** SHA-256 of all values one after the other, in hex. */
  readonly digest: string;
}

interface Answer {
  readonly error?: readonly [number, string, string];
  readonly affected?: number;
  readonly names?: readonly string[];
  readonly rows?: readonly (readonly (string | null)[])[];
}

export interface Login {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database?: string;
  /** A file; with it the client speaks TLS and checks the certificate. */
  readonly ca?: string;
  readonly way?: Way;
}

function wordOf(parameter: Parameter): string {
  switch (parameter.as) {
    case 'null':
      return 'null';
    case 'bytes':
      return `bytes:${parameter.value.toString('hex')}`;
    case 'repeated':
      return `repeated:${parameter.value.toString('hex')}*${parameter.times}`;
    case 'text':
      return `text:${Buffer.from(parameter.value).toString('hex')}`;
    default:
      return `${parameter.as}:${parameter.value}`;
  }
}

export class ClientProgram {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #log: string[] = [];
  #connections = 0;

  constructor(command: readonly string[]) {
    const [file = '', ...args] = command;
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    child.on('error', (error) => this.#log.push(error.message));
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stderr }).on('line', (line) => this.#log.push(line));
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#child = child;
  }

  async #ask(...words: readonly string[]): Promise<unknown> {
    this.#child.stdin?.write(`${words.join('\t')}\n`);
    const late = setTimeout(() => this.end(), DEADLINE_MS);
    const { value, done } = await this.#lines.next();
    clearTimeout(late);
    if (done === true) {
      const said = this.#log.join('\n');
      throw new Error(`the client ended at ${words.join(' ').slice(0, 99)}:\n${said}`);
    }
    let answer: Answer;
    try {
      answer = JSON.parse(value) as Answer;
    } catch {
      throw new Error(`not an answer: ${value}\n${this.#log.join('\n')}`);
    }
    if (answer.error === undefined) return answer;
    const [errno, sqlState, message] = answer.error;
    throw new ClientError(errno, sqlState, Buffer.from(message, 'hex').toString());
  }

  /** Logs in; what follows goes over this connection. */
  async connect(login: Login): Promise<ClientConnection> {
    this.#connections += 1;
    const on = String(this.#connections);
    const { way = 'text', port, user, password, database = '', ca = '' } = login;
    await this.#ask('connect', on, way, String(port), user, password, database, ca);
    return new ClientConnection(async (name, ...words) => await this.#ask(name, on, ...words));
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

export class ClientConnection {
  readonly #ask: (name: string, ...words: readonly string[]) => Promise<unknown>;

  constructor(ask: (name: string, ...words: readonly string[]) => Promise<unknown>) {
    this.#ask = ask;
  }

  async #run(how: string, sql: string, parameters: readonly Parameter[]): Promise<unknown> {
    const text = Buffer.from(sql).toString('hex');
    return await this.#ask('run', how, text, ...parameters.map(wordOf));
  }

  /** All rows. Rejects with ClientError. */
  async run(sql: string, parameters: readonly Parameter[] = []): Promise<Rows> {
    const {
      names = [],
      rows = [],
      affected = 0,
    } = (await this.#run('rows', sql, parameters)) as Answer;
    const bytes = (value: string | null) => (value === null ? null : Buffer.from(value, 'hex'));
    return {
      names: names.map((name) => Buffer.from(name, 'hex').toString()),
      rows: rows.map((row) => row.map(bytes)),
      affected,
    };
  }

  /** Rows as texts. */
  async texts(sql: string): Promise<(string | null)[][]> {
    const { rows } = await this.run(sql);
    return rows.map((row) => row.map((value) => value?.toString() ?? null));
  }

  /** Reads all rows in the program, and tells of them only this. */
  async digest(sql: string): Promise<Digest> {
    return (await this.#run('digest', sql, [])) as Digest;
  }

  /** Number and SQLSTATE of the error, or 'ok' where there is none. */
  async failure(sql: string): Promise<string> {
    return await failureOf(this.run(sql));
  }

  /** The same of a COMMIT. */
  async commitFailure(): Promise<string> {
    return await failureOf(this.commit());
  }

  async begin(): Promise<void> {
    await this.#ask('begin');
  }

  async commit(): Promise<void> {
    await this.#ask('commit');
  }

  async rollback(): Promise<void> {
    await this.#ask('rollback');
  }

  async close(): Promise<void> {
    await this.#ask('close');
  }
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    if (error instanceof ClientError) return `${error.errno} ${error.sqlState}`;
    throw error;
  }
}
