// One worker process as its parent holds it: asks it one thing at a time, and can end it at any
// time.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { must } from '#shared/assert.ts';
import { encode } from '#shared/codec.ts';
import { DatabaseError, type WireError } from '#shared/error.ts';
import { FrameReader, frameHeader } from '#shared/wire/frame-reader.ts';

/** The longest reply: the changes of the largest transaction, or one very long row. */
const REPLY_BYTES_MAX = 2 ** 31;

const keepCompiled = new URL('../keep-compiled.js', import.meta.url).href;

/** A worker's process has ended, and with it what it had under way. */
export class WorkerLostError extends Error {
  override readonly name = 'WorkerLostError';
  /** True when it was at this very task: it may be the reason. */
  readonly running: boolean;

  constructor(running: boolean) {
    super('a worker process has ended');
    this.running = running;
  }
}

/** What a worker answers when it cannot do what it was asked. */
export interface WorkerFailure {
  readonly kind: 'failed';
  readonly error: WireError;
}

export interface WorkerProcessOptions<Reply> {
  /** The file that the process runs: it calls serveParent. */
  readonly main: URL;
  /** Flags of the runtime's own. */
  readonly flags?: readonly string[];
  /** The reply in a frame's payload. */
  readonly read: (payload: Uint8Array) => Reply | WorkerFailure;
  /** Called once, whatever ended the process; `how` names its signal or status. */
  readonly onExit: (how: string) => void;
}

interface Task<Request, Reply> {
  readonly owner: object;
  readonly request: Request;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** Invariant: what it was not asked for yet can be taken back; what it is at, by its end only. */
export class WorkerProcess<Request, Reply extends object> {
  #process: ChildProcess;
  #reader = new FrameReader(REPLY_BYTES_MAX);
  #running: Task<Request, Reply> | null = null;
  #queue: Task<Request, Reply>[] = [];
  #ended = false;
  #isKilled = false;
  #counter = 0;
  readonly #read: (payload: Uint8Array) => Reply | WorkerFailure;
  readonly #exited: Promise<unknown>;
  /** Those who have something open in it. */
  readonly owners = new Set<object>();

  /** Starts the process. */
  constructor({ main, flags = [], read, onExit }: WorkerProcessOptions<Reply>) {
    this.#read = read;
    const args = ['--import', keepCompiled, ...flags, fileURLToPath(main)];
    this.#process = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    });
    this.#exited = once(this.#process, 'exit');
    const ended = (how: string): void => {
      if (this.#ended) return;
      this.#ended = true;
      this.#failAll();
      onExit(how);
    };
    this.#process.once('error', (error) => ended(error.message));
    this.#process.once('exit', (code, signal) => ended(signal ?? `status ${code}`));
    const { stdin, stdout } = this.#pipes;
    // A process that has ended breaks its pipes first: 'exit' says it all.
    stdin.on('error', () => undefined);
    stdout.on('error', () => undefined);
    stdout.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    this.#keepAlive('unref');
  }

  /** Requests under way and waiting. */
  get load(): number {
    return this.#queue.length + (this.#running === null ? 0 : 1);
  }

  /** Undefined when it could not be started. */
  get processId(): number | undefined {
    return this.#process.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** True from the moment that it is told to end: what it is asked from then on would be lost. */
  get isEnding(): boolean {
    return this.#ended || this.#isKilled;
  }

  /** A number for a statement or a transaction, unique in this worker. */
  nextNumber(): number {
    this.#counter += 1;
    return this.#counter;
  }

  /** The task that it is at belongs to `owner`. */
  isRunning(owner: object): boolean {
    return this.#running?.owner === owner;
  }

  /** Rejects with the worker's DatabaseError, or with WorkerLostError. */
  ask(owner: object, request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.isEnding) {
        reject(new WorkerLostError(false));
        return;
      }
      this.#queue.push({ owner, request, resolve, reject });
      this.#sendNext();
    });
  }

  /** Takes back what this owner waits for and the process has not begun. */
  takeBack(owner: object): void {
    const gone = this.#queue.filter((task) => task.owner === owner);
    this.#queue = this.#queue.filter((task) => task.owner !== owner);
    for (const task of gone) task.reject(new WorkerLostError(false));
  }

  /** Ends the process at once, whatever it is at; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#ended) return;
    this.#isKilled = true;
    this.#keepAlive('ref');
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  get #pipes() {
    const { stdin, stdout } = this.#process;
    return { stdin: must(stdin, 'stdin is a pipe'), stdout: must(stdout, 'stdout is a pipe') };
  }

  #sendNext(): void {
    if (this.#running !== null) return;
    const task = this.#queue.shift();
    if (task === undefined) {
      this.#keepAlive('unref');
      return;
    }
    this.#keepAlive('ref');
    this.#running = task;
    const bytes = encode(task.request);
    const { stdin } = this.#pipes;
    stdin.cork();
    stdin.write(frameHeader(bytes.length));
    stdin.write(bytes);
    stdin.uncork();
  }

  #receive(chunk: Uint8Array): void {
    this.#reader.push(chunk);
    for (let frame = this.#reader.take(); frame !== null; frame = this.#reader.take()) {
      const task = must(this.#running, 'a worker answers what it was asked');
      this.#running = null;
      this.#sendNext();
      const reply = this.#read(frame);
      if (isFailure(reply)) task.reject(new DatabaseError(reply.error));
      else task.resolve(reply);
    }
  }

  #failAll(): void {
    const running = this.#running;
    this.#running = null;
    running?.reject(new WorkerLostError(true));
    for (const task of this.#queue.splice(0)) task.reject(new WorkerLostError(false));
  }

  /** A worker keeps its parent alive while it is at work. */
  #keepAlive(how: 'ref' | 'unref'): void {
    const [stdin, stdout, , lifeline] = this.#process.stdio;
    for (const stream of [stdin, stdout, lifeline]) {
      if (stream instanceof Socket) stream[how]();
    }
    this.#process[how]();
  }
}

function isFailure(reply: object): reply is WorkerFailure {
  return 'kind' in reply && reply.kind === 'failed';
}
